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
  readonly charge: string;
}

interface RunText {
  readonly totals: { readonly own: Totals; readonly tree: Totals };
  readonly suspended: number;
}

const AT = "2026-09-01T00:00:00Z";
/** 1.25 and 10 dollars a million: 1,000 and 100 tokens cost 0.00225. */
const GPT_5 = { kind: "model", provider: "openai", model: "gpt-5", occurredAt: AT };
const entry = (subject: string, prices: Readonly<Record<string, string>>, provider = "openai") => {
  const rates = Object.entries(prices).map(([unit, price]) => ({ unit, price }));
  const periods = [{ effectiveFrom: null, rates }];
  return { provider, subject, currency: "USD", periods };
};
/** 3.00, 0.30, 3.75 and 15 dollars a million. */
const SONNET = {
  ...{ input_uncached: "0.000003", cache_read: "0.0000003", cache_write: "0.00000375" },
  output_text: "0.000015",
};
const SOL = { input_uncached: "0.000004", cache_read: "0.0000004", cache_write: "0.000005" };
const PRICES = {
  ...{ format: "tollgate.prices/1", source: "own", effectiveFrom: null },
  entries: [
    entry("gpt-5", { input_uncached: "0.00000125", output_text: "0.00001" }),
    entry("gpt-5.6-sol", { ...SOL, output_text: "0.00002" }),
    entry("claude-3-7-sonnet", SONNET, "anthropic"),
    entry("search", { calls: "0.10" }, "own"),
  ],
};
const usage = (input: number, output: number) => ({
  ...(input > 0 && { input_uncached: input }),
  ...(output > 0 && { output_text: output }),
});

/** What becomes of holds of which the first alone has a price, by what their budget says. */
const UNPRICED: Readonly<Record<string, readonly string[]>> = {
  block: ["allow", "block unpriced", "allow", "block budget"],
  strict: ["allow", "block unpriced", "block unpriced", "block unpriced"],
  allow: ["allow", "allow", "allow", "block budget"],
};

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

  /** Each order of three. */
  const orders = [0, 1, 2].flatMap((a) => [
    [a, (a + 1) % 3, (a + 2) % 3],
    [a, (a + 2) % 3, (a + 1) % 3],
  ]);

  test("5: a span without an id of a call that its SDK tells is one step, always", async () => {
    const call = { kind: "model", provider: "anthropic", model: "claude-3-7-sonnet" };
    for (const [nth, order] of orders.entries()) {
      const seen = { ...call, run: `t5-${nth}`, customer: "acme", occurredAt: AT };
      const written = { cache_creation_input_tokens: 12_304, cache_read_input_tokens: 77 };
      const block = { id: "msg_5", input_tokens: 3, ...written, output_tokens: 550 };
      const own = { usageFormat: "anthropic.messages", providerUsage: block };
      const witnesses = [
        { ...seen, ...own, source: "anthropic-sdk", id: "span", callId: `anthropic:5-${nth}` },
        // OpenInference has no id of the call, and the prompt as one sum.
        { ...seen, source: "openinference", id: "llm", usage: usage(12_384, 550) },
        { ...seen, ...own, source: "api", id: "server", callId: `anthropic:5-${nth}` },
      ];
      const opening = { type: "run.opened", id: "open", source: "app", authority: "anthropic-sdk" };
      const { run, customer } = seen;
      await send({ ...opening, run, customer, occurredAt: AT });
      for (const at of order) await send({ ...witnesses[at] });
      const { own: totals } = (await read(run)).totals;
      // 3 x 3 + 77 x 0.30 + 12,304 x 3.75 + 550 x 15, a million; as input alone 0.045402.
      assert.deepEqual([totals.steps, totals.cost], [1, "0.0544221"], order.join());
    }
  });

  test("6: a span, the log of its call and the metric over it are one step", async () => {
    const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
    const point = (type: string, sum: number) => ({
      attributes: [attribute("gen_ai.token.type", type)],
      ...{ startTimeUnixNano: "1788220800000000000", timeUnixNano: "1788220860000000000" },
      ...{ count: "1", sum },
    });
    const dataPoints = [point("input", 1_000), point("output", 100)];
    const histogram = { aggregationTemporality: 1, dataPoints };
    const metric = { name: "gen_ai.client.token.usage", unit: "{token}", histogram };
    const ways: Readonly<
      Record<string, readonly [opening: object, ofMetric: object, ofLog: string]>
    > = {
      "t6-role": [{}, { role: "shadow" }, "duplicate_call"],
      "t6-authority": [{ authority: "spans" }, {}, "shadow"],
    };
    for (const [run, [opening, ofMetric, ofLog]] of Object.entries(ways)) {
      const about = { run, customer: "acme", occurredAt: AT };
      const call = { ...GPT_5, ...about, callId: `openai:${run}`, usage: usage(1_000, 100) };
      const said = await send(
        { ...about, type: "run.opened", id: "open", source: "app", ...opening },
        { ...call, source: "spans", id: "span" },
        { ...call, source: "logs", id: "log" },
      );
      assert.deepEqual(said, ["accepted", "accepted", ofLog], run);
      const { occurredAt: _none, ...place } = about;
      const counted = { type: "metric", source: "metrics", id: "exporter", kind: "model" };
      const points = { ...counted, ...place, provider: "openai", model: "gpt-5", metric };
      assert.deepEqual(new Set(await send({ ...points, ...ofMetric })), new Set(["shadow"]), run);
      const { own } = (await read(run)).totals;
      assert.deepEqual([own.steps, own.cost], [1, "0.00225"], run);
    }
  });

  test("18: a tool call that agent, client and server of MCP tell has one fee", async () => {
    const charge = { meter: { count: "steps", where: { kind: "tool" } } };
    const price = { model: "per_unit", unit: "0.02" };
    const card = { key: "tools", currency: "USD", charges: [{ key: "tool", ...charge, price }] };
    const applied = await api.call("POST", "/v1/rate-cards", { body: card });
    assert.ok(applied.status < 300, applied.text);
    const put = { body: { cardKey: "tools" } };
    const customer = await api.call("PUT", "/v1/customers/mcp", put);
    assert.ok(customer.status < 300, customer.text);
    const occurredAt = new Date().toISOString();
    const tool = { kind: "tool", tool: "search", provider: "own", usage: { calls: 1 } };
    for (const [nth, order] of orders.entries()) {
      const seen = { ...tool, run: `t18-${nth}`, customer: "mcp", occurredAt };
      const witnesses = [
        { ...seen, source: "agent", id: "execute_tool", callId: `tool:call_${nth}` },
        // The spans of MCP name a request of JSON-RPC, and no tool call.
        { ...seen, source: "mcp-client", id: "tools/call" },
        { ...seen, source: "mcp-server", id: "tools/call" },
      ];
      const opening = { type: "run.opened", id: "open", source: "app", authority: "agent" };
      await send({ ...opening, run: seen.run, customer: "mcp", occurredAt });
      for (const at of order) await send({ ...witnesses[at] });
      const { own } = (await read(seen.run)).totals;
      assert.deepEqual([own.steps, own.cost, own.charge], [1, "0.1", "0.02"], order.join());
    }
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

  test("37: a model of unknown price is blocked by a budget, and is never 0", async () => {
    const by = { reason: "test", by: "test" };
    const known = { ...GPT_5, usage: { input_uncached: 1_000 }, maxOutputTokens: 100 };
    const { occurredAt: _none, ...ask } = known;
    for (const unpriced of ["block", "strict", "allow"]) {
      const customer = `t37-${unpriced}`;
      const budget = { each: "customer", per: "lifetime", measure: "cost", limit: "1", unpriced };
      const only = { ...budget, where: { customer: [customer] } };
      const set = await api.call("PUT", `/v1/budgets/${customer}`, {
        body: { budget: only, ...by },
      });
      assert.ok(set.status < 300, set.text);
      const path = `/v1/runs/${customer}/holds`;
      const holds = [
        { ...ask, id: "known" },
        { ...ask, id: "unknown", model: "gpt-none" },
        { ...ask, id: "stated", model: "gpt-none", cost: "0.50" },
        { ...ask, id: "too-much", model: "gpt-none", cost: "1.50" },
      ];
      const { body } = await api.call("POST", path, { body: { open: { customer }, holds } });
      const decisions = body.decisions as unknown as readonly Record<string, unknown>[];
      const said = decisions.map(({ decision, reason }) => [decision, reason].join(" ").trim());
      assert.deepEqual(said, UNPRICED[unpriced], unpriced);
      const reserved = decisions[0]?.reserved as Record<string, string>;
      assert.equal(reserved.cost, "0.00225");
      // Without a hold nothing is refused: what it costs is not known, and said so.
      const step = { ...GPT_5, run: customer, customer, id: "step", model: "gpt-none" };
      const sent = { body: [{ ...step, usage: usage(1_000, 100) }] };
      const { results } = (await api.call("POST", "/v1/events", sent)).body;
      assert.equal(results?.[0]?.costStatus, "unpriced");
    }
  });

  test("46: three runs of 2.00 spend a customer's 5.00, and go on once it is raised", async () => {
    const by = { reason: "test", by: "test" };
    const ok = async (method: string, path: string, body: object) => {
      const answer = await api.call(method, path, { body });
      assert.ok(answer.status < 300, answer.text);
      return answer.body;
    };
    const stages = [{ at: "100%", do: "pause" }];
    const where = { customer: ["t46"] };
    const limits = { each: "customer", per: "lifetime", measure: "cost", limit: "5.00" };
    await ok("PUT", "/v1/budgets/t46", { budget: { ...limits, stages, where }, ...by });
    const own = { each: "run", measure: "cost", stages, where };
    await ok("PUT", "/v1/budgets/t46.run", { budget: own, ...by });
    const call = { kind: "tool", tool: "search", provider: "own", usage: { calls: 1 } };
    const open = { customer: "t46", caps: [{ measure: "cost", limit: "2.00" }] };
    const runs = ["t46-a", "t46-b", "t46-c"];
    for (const run of runs) await ok("POST", `/v1/runs/${run}/holds`, { open, holds: [] });
    const asks = async (run: string, from: number, count: number) => {
      const each = Array.from({ length: count }, async (_, at) => {
        const holds = [{ ...call, id: `s${from + at}` }];
        const { decisions } = await ok("POST", `/v1/runs/${run}/holds`, { holds });
        return [`s${from + at}`, String(decisions?.[0]?.decision)] as const;
      });
      return Promise.all(each);
    };
    const spend = async (run: string, said: readonly (readonly [string, string])[]) => {
      const allowed = said.filter(([, decision]) => decision === "allow").map(([id]) => id);
      const occurredAt = new Date().toISOString();
      // A hold without a source is of this one.
      const step = { ...call, run, source: "api", occurredAt };
      if (allowed.length > 0) await send(...allowed.map((id) => ({ ...step, id })));
      return allowed.length;
    };
    // 25 calls of 0.10 each want 7.50: the runs' own caps let 6.00 through, the customer's 5.00.
    const said = await Promise.all(runs.map((run) => asks(run, 0, 25)));
    const counts = await Promise.all(runs.map((run, at) => spend(run, said[at] ?? [])));
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      50,
      counts.join(),
    );
    assert.ok(
      counts.every((count) => count <= 20),
      counts.join(),
    );
    const last = runs[counts.findIndex((count) => count < 20)] ?? "";
    const state = async () =>
      (await api.call("GET", `/v1/runs/${last}/wait?timeoutMs=0`)).body.state;
    const [again] = await asks(last, 100, 1);
    assert.equal(again?.[1], "pause");
    assert.equal(await state(), "paused");
    await ok("PUT", "/v1/budgets/t46/limits", { scope: "t46", limit: "6.00", ...by });
    assert.equal(await state(), "running");
    const more = await Promise.all(runs.map((run) => asks(run, 200, 25)));
    for (const [at, run] of runs.entries())
      counts[at] = (counts[at] ?? 0) + (await spend(run, more[at] ?? []));
    assert.deepEqual(counts, [20, 20, 20]);
    for (const run of runs) {
      const { own: totals } = (await read(run)).totals;
      assert.deepEqual([totals.steps, totals.cost], [20, "2"]);
    }
  });

  test("a count of a usage block that no rule reads is named in the answer", async () => {
    const counts = { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 };
    const step = (id: string, own: object) => ({
      ...{ id, run: "unread", customer: "acme", kind: "model", occurredAt: AT },
      ...{ usageFormat: "openai.chat", providerUsage: { model: "gpt-5", usage: own } },
    });
    const details = { new_tokens: 3, none: 0 };
    const body = [step("u1", { ...counts, details }), step("u2", counts)];
    for (const status of ["accepted", "duplicate"]) {
      const answer = await api.call("POST", "/v1/events", { body });
      const results = answer.body.results as unknown as Record<string, unknown>[];
      const unread = ["providerUsage.usage.details.new_tokens"];
      const told = results.map((result) => [result.status, result.unreadUsage]);
      assert.deepEqual(told, [
        [status, unread],
        [status, undefined],
      ]);
    }
  });
});
