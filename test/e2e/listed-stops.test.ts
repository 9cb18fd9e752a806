/** Everything that is stopped is listed: over HTTP page by page, by the commands whole. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { dispatch } from "../../src/cli/dispatch.ts";
import { PLAIN_STYLES } from "../../src/cli/render/styles.ts";
import { openProduct } from "../../src/product.ts";
import { type ApiCaller, apiCaller, assertProblem, type Json } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const WHO = { reason: "test", by: "ops" };
/** More than one page of the largest size. */
const MANY = 1_003;

describe("what is stopped", () => {
  let server: TestServer;
  let api: ApiCaller;
  before(async () => {
    server = await startTestServer({ store: "memory" });
    api = await apiCaller(server);
  });
  after(() => server.stop());

  const post = (path: string, body: object) => api.call("POST", path, { body });
  const stop = (of: string, id: string) =>
    post("/v1/stops", { of, ...(id === "" ? {} : { id }), mode: "block", ...WHO });

  async function tollgate(...words: string[]): Promise<string> {
    let out = "";
    const code = await dispatch(words, {
      product: openProduct(),
      out: { write: (text) => (out += text) },
      err: { write: () => undefined },
      styles: PLAIN_STYLES,
      environment: { TOLLGATE_URL: server.url, TOLLGATE_KEY: server.adminKey },
    });
    assert.equal(code, 0);
    return out;
  }

  async function listed(query: string): Promise<string[]> {
    const all: string[] = [];
    for (let cursor = ""; ; ) {
      const { body } = await api.call("GET", `/v1/stops?${query}${cursor}`);
      const stops = body.stops as unknown as Json[];
      all.push(...stops.map(({ of, id }) => `${of} ${id}`.trim()));
      if (body.next === null) return all;
      cursor = `&cursor=${encodeURIComponent(String(body.next))}`;
    }
  }

  test("is told page by page, whatever ids hold, and each stop once", async () => {
    const all = ["agent a|b", "customer acme", "customer beta", "customer x&y=z", "workspace"];
    for (const one of all) await stop(one.split(" ")[0] ?? "", one.split(" ")[1] ?? "");
    assert.deepEqual(await listed(""), all);
    for (const limit of [1, 2, 5, 6]) assert.deepEqual(await listed(`limit=${limit}`), all);
    for (const cursor of ["acme", "team|acme"]) {
      assertProblem(await api.call("GET", `/v1/stops?cursor=${cursor}`), "field.invalid");
    }
  });

  test("is no run that is not there, though customers and agents may be so before", async () => {
    assertProblem(await stop("run", "nobody's"), "run.not_found");
    assert.equal((await listed("")).includes("run nobody's"), false);
    assert.equal((await api.call("GET", "/v1/customers/beta")).status, 404);
  });

  test("is told whole by the command, the stop of everything among the rest", async () => {
    for (let at = 0; at < MANY; at += 1) await stop("customer", `c${at}`);
    const lines = (await tollgate("stop", "list")).trim().split("\n");
    assert.equal(lines.length, 1 + MANY + 5);
    assert.match(lines.at(-1) ?? "", /^workspace/);
  });

  test("the balances of a budget are told whole by the command, too", async () => {
    await post("/v1/stops/resume", { of: "workspace", ...WHO });
    const budget = { each: "run", measure: "steps", limit: "5" };
    await api.call("PUT", "/v1/budgets/turns", { body: { budget, ...WHO } });
    const occurredAt = new Date().toISOString();
    const steps = Array.from({ length: MANY }, (_, at) => {
      return { id: "s", run: `r${at}`, customer: "x", kind: "tool", tool: "t", occurredAt };
    });
    await post("/v1/events", steps.slice(0, 500));
    await post("/v1/events", steps.slice(500));
    assert.equal((await tollgate("budget", "show", "turns")).trim().split("\n").length, 1 + MANY);
  });

  test("of a budget of credit the command says where its balances are", async () => {
    const budget = { each: "customer", measure: "prepaid" };
    await api.call("PUT", "/v1/budgets/credit", { body: { budget, ...WHO } });
    assert.equal(
      await tollgate("budget", "show", "credit"),
      'The balances of "credit" are credit: tollgate budget of customer ID shows one.\n',
    );
  });
});
