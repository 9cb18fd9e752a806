/**
 * Traps of capturing (double and under counts), over HTTP. What provider
 * blocks alone can tell is in src/ingest/provider-response/traps.test.ts, prices of models in
 * src/ingest/price-list/seed-costs.test.ts, points of metrics in metric-points.test.ts.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type ApiCaller, apiCaller } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

interface Totals {
  readonly steps: number;
  readonly cost: string;
}

interface RunText {
  readonly totals: { readonly own: Totals; readonly tree: Totals };
  readonly suspended: number;
}

const AT = "2026-09-01T00:00:00Z";
/** 1.25 and 10 dollars a million: 1,000 and 100 tokens cost 0.00225. */
const GPT_5 = { kind: "model", provider: "openai", model: "gpt-5", occurredAt: AT };
const entry = (subject: string, prices: Readonly<Record<string, string>>) => {
  const rates = Object.entries(prices).map(([unit, price]) => ({ unit, price }));
  const periods = [{ effectiveFrom: null, rates }];
  return { provider: "openai", subject, currency: "USD", periods };
};
const SOL = { input_uncached: "0.000004", cache_read: "0.0000004", cache_write: "0.000005" };
const PRICES = {
  ...{ format: "tollgate.prices/1", source: "own", effectiveFrom: null },
  entries: [
    entry("gpt-5", { input_uncached: "0.00000125", output_text: "0.00001" }),
    entry("gpt-5.6-sol", { ...SOL, output_text: "0.00002" }),
  ],
};
const usage = (input: number, output: number) => ({
  ...(input > 0 && { input_uncached: input }),
  ...(output > 0 && { output_text: output }),
});

describe("traps of capturing", () => {
  let server: TestServer;
  let api: ApiCaller;
  before(async () => {
    server = await startTestServer();
    api = await apiCaller(server);
    await api.call("POST", "/v1/prices", { body: PRICES });
  });
  after(() => server.stop());

  async function send(...events: readonly object[]): Promise<string[]> {
    const { status, text, body } = await api.call("POST", "/v1/events", { body: events });
    assert.equal(status, 200, text);
    return (body.results as unknown as { status: string }[]).map((one) => one.status);
  }

  async function read(run: string): Promise<RunText> {
    return (await api.call("GET", `/v1/runs/${run}`)).body as unknown as RunText;
  }

  test("16: a batch that is delivered again adds none of its 100 steps", async () => {
    const batch = Array.from({ length: 100 }, (_, at) => {
      return { ...GPT_5, run: "t16", customer: "acme", id: `span-${at}`, usage: usage(1_000, 100) };
    });
    assert.deepEqual(new Set(await send(...batch)), new Set(["accepted"]));
    const once = await read("t16");
    assert.deepEqual(once.totals.own, { ...once.totals.own, steps: 100, cost: "0.225" });
    assert.deepEqual(new Set(await send(...batch)), new Set(["duplicate"]));
    assert.deepEqual((await read("t16")).totals, once.totals);
  });

  test("16: a record that says more takes the place of the former, total unchanged", async () => {
    const step = { ...GPT_5, run: "t16b", customer: "acme", id: "s", usage: usage(1_000, 100) };
    await send({ ...step, completeness: "partial" });
    const more = { ...step, completeness: "exact", labels: { region: "eu" } };
    assert.deepEqual(await send(more), ["superseded"]);
    const { own } = (await read("t16b")).totals;
    assert.deepEqual([own.steps, own.cost], [1, "0.00225"]);
  });

  test("17: children, their parent and a late child add up alike in all 6 orders", async () => {
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    for (const [nth, order] of orders.entries()) {
      const root = `t17-${nth}`;
      const child = { run: `${root}-child`, customer: "acme", parentRun: root };
      const step = { ...GPT_5, usage: usage(1_000, 100) };
      const batches = [
        [
          { ...step, ...child, id: "a" },
          { ...step, ...child, id: "b" },
        ],
        [{ ...step, run: root, customer: "acme", id: "p" }],
        [{ ...step, ...child, id: "late" }],
      ];
      for (const at of order) await send(...(batches[at] ?? []));
      const { own, tree } = (await read(root)).totals;
      const found = [own.steps, own.cost, tree.steps, tree.cost];
      assert.deepEqual(found, [1, "0.00225", 4, "0.009"], order.join());
    }
  });

  test("5, 6, 18, 20: what several emitters saw of one call is one step", async () => {
    const seen = { ...GPT_5, run: "t20", customer: "acme", callId: "openai:resp_20" };
    const events = ["in-process", "gateway", "span", "log"].map((source) => {
      return { ...seen, source, id: `${source}-1`, usage: usage(1_000, 100) };
    });
    const [first, ...others] = await send(...events);
    assert.deepEqual([first, new Set(others)], ["accepted", new Set(["duplicate_call"])]);
    const { own } = (await read("t20")).totals;
    assert.deepEqual([own.steps, own.cost], [1, "0.00225"]);
  });

  test("21: a failed attempt costs nothing unless it used tokens", async () => {
    const attempt = (run: string, nth: number, more: object) => {
      return { ...GPT_5, run, customer: "acme", id: `a${nth}`, attempt: nth, ...more };
    };
    const answered = { usage: usage(1_000, 100) };
    await send(attempt("t21", 1, { status: "error" }), attempt("t21", 2, answered));
    const { own } = (await read("t21")).totals;
    assert.deepEqual([own.steps, own.cost], [2, "0.00225"]);
    const failed = { status: "error", ...answered };
    await send(attempt("t21b", 1, failed), attempt("t21b", 2, answered));
    assert.equal((await read("t21b")).totals.own.cost, "0.0045");
  });

  test("22: a node that is played again is charged by a new response alone", async () => {
    const node = (id: string, response: string) => {
      const callId = `openai:${response}`;
      return { ...GPT_5, run: "t22", customer: "acme", id, callId, usage: usage(1_000, 100) };
    };
    await send(node("first", "resp_1"));
    assert.deepEqual(await send(node("resumed", "resp_1")), ["duplicate_call"]);
    assert.equal((await read("t22")).totals.own.cost, "0.00225");
    assert.deepEqual(await send(node("resumed-anew", "resp_2")), ["accepted"]);
    assert.equal((await read("t22")).totals.own.cost, "0.0045");
  });

  test("39: a leaf without a customer has its root's, and an orphan waits, seen", async () => {
    const step = { ...GPT_5, usage: usage(1_000, 100) };
    await send({ ...step, run: "t39-leaf", parentRun: "t39-root", id: "leaf" });
    assert.equal((await read("t39-leaf")).suspended, 1);
    await send({ ...step, run: "t39-root", customer: "late", id: "root" });
    const leaf = await read("t39-leaf");
    assert.deepEqual([leaf.suspended, leaf.totals.own.cost], [0, "0.00225"]);
    await send({ ...step, run: "t39-orphan", id: "orphan" });
    assert.equal((await read("t39-orphan")).suspended, 1);
    const { text } = await api.call("GET", "/v1/suspense");
    assert.match(text, /t39-orphan/);
  });

  test("40: tokens that only the raw block says were written are counted", async () => {
    const details = { cached_tokens: 400, cache_write_tokens: 100 };
    const block = { prompt_tokens: 1_000, completion_tokens: 50, prompt_tokens_details: details };
    const call = { ...GPT_5, model: "gpt-5.6-sol", run: "t40", customer: "acme", id: "c" };
    await send({ ...call, usageFormat: "openai.chat", providerUsage: block });
    assert.equal((await read("t40")).totals.own.cost, "0.00366");
  });
});
