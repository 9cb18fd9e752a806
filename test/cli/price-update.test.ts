/** Prices of a newer version: what whoever upgrades gets by one command. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DEFAULT_WORKSPACE, prepareWorkspace } from "../../src/compose.ts";
import { startTestServer, type TestServer } from "../e2e/test-server.ts";
import { atTerminal } from "./terminal.ts";

/** 1,000 tokens in at 0.00000125 each, by the list of this version. */
const STEP = {
  ...{ run: "r", customer: "acme", kind: "model", provider: "openai" },
  usage: { input_uncached: 1000 },
};

describe("at the terminal, prices of a newer version", () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ store: "memory" });
    await prepareWorkspace(server.engine, DEFAULT_WORKSPACE);
  });
  after(() => server.stop());

  async function post<T>(path: string, body: object): Promise<T> {
    const authorization = `Bearer ${server.adminKey}`;
    const headers = { "content-type": "application/json", authorization };
    const sent = { method: "POST", headers, body: JSON.stringify(body) };
    const answer = await fetch(server.url + path, sent);
    assert.ok(answer.ok, await answer.clone().text());
    return (await answer.json()) as T;
  }

  /** Records prices of reading as a list of that name. */
  const list = (source: string, subjects: Readonly<Record<string, string>>) =>
    post("/v1/prices", {
      ...{ format: "tollgate.prices/1", source, effectiveFrom: null },
      entries: Object.entries(subjects).map(([subject, price]) => {
        const rates = [{ unit: "input_uncached", price }];
        return { provider: "openai", subject, currency: "USD", periods: [{ rates }] };
      }),
    });

  /** What 1,000 tokens cost now. */
  async function costOf(model: string, id: string): Promise<string | undefined> {
    const body = [{ ...STEP, id, model, occurredAt: new Date().toISOString() }];
    const { results } = await post<{ results: { cost: string }[] }>("/v1/events", body);
    return results[0]?.cost;
  }

  const tollgate = (...words: string[]) =>
    atTerminal({ TOLLGATE_URL: server.url, TOLLGATE_KEY: server.adminKey }, words);

  test("are none where the price book began with them", async () => {
    const { code, out } = await tollgate("prices", "update");
    const told = "There is nothing newer than what the price book has; nothing changed.\n";
    assert.deepEqual([code, out], [0, told]);
  });

  test("take the place of an older edition's, from now on, and of nobody's own", async () => {
    await list("genai-prices 0.1.7 and own", { "gpt-5.1": "0.001", "gpt-5": "0.001" });
    await list("what we agreed", { "gpt-5": "0.000001" });
    assert.equal(await costOf("gpt-5.1", "a"), "1");
    const { code, out } = await tollgate("prices", "update");
    assert.equal(code, 0, out);
    assert.match(
      out,
      /^Price list 3, "genai-prices .+ and own", is recorded: 1 price, in force from /,
    );
    assert.match(out, /^openai gpt-5: your own price stands \(kept\)$/m);
    assert.equal(await costOf("gpt-5.1", "b"), "0.00125");
    assert.equal(await costOf("gpt-5", "c"), "0.001");
    const again = await tollgate("prices", "update", "--json");
    assert.equal(JSON.parse(again.out).isNew, false);
  });
});
