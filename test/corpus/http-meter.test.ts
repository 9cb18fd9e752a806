import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { HttpMeter } from "./http-meter.ts";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly key: string;
  readonly body: unknown;
}

/** A server that remembers what it was asked and answers by a function. */
async function served(t: TestContext, answer: (asked: Asked) => [number, unknown]) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const { method = "", url = "", headers } = request;
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    const one = { method, path: url, key: headers.authorization ?? "", body };
    asked.push(one);
    const [status, content] = answer(one);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(content));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { asked, meter: new HttpMeter({ url: `http://127.0.0.1:${port}`, key: "tg_k" }) };
}

test("events go in requests below the limit, results come back in order", async (t) => {
  const { asked, meter } = await served(t, ({ body }) => [
    200,
    { results: (body as { id: string }[]).map(({ id }) => ({ id, status: "accepted" })) },
  ]);
  const events = [...Array(2_500).keys()].map((n) => ({ id: String(n) }));
  const results = await meter.feed(events);
  assert.deepEqual(
    asked.map(({ body }) => (body as object[]).length),
    [1_000, 1_000, 500],
  );
  assert.ok(asked.every(({ key, path }) => key === "Bearer tg_k" && path === "/v1/events"));
  assert.deepEqual(
    results.map(({ id }) => id),
    events.map(({ id }) => id),
  );
});

test("a run's steps include those of the runs below it, not what only witnesses", async (t) => {
  const step = (id: string, role = "bill", voided = false) => ({ id, role, voided });
  const tree = (cost: string, steps: readonly object[], children: readonly object[]): object => ({
    totals: { own: { cost: "0" }, tree: { cost } },
    steps,
    children,
  });
  const steps = [step("a"), step("s", "shadow"), step("v", "bill", true)];
  const whole = tree("3", steps, [tree("1", [step("b")], [])]);
  const { asked, meter } = await served(t, () => [200, whole]);
  const run = await meter.run("a run/1");
  assert.equal(asked[0]?.path, "/v1/runs/a%20run%2F1");
  assert.equal(run.cost, "3");
  assert.deepEqual(
    run.steps.map(({ id }) => id),
    ["a", "b"],
  );
});

test("a run that nothing was fed for is empty", async (t) => {
  const { meter } = await served(t, () => [404, { code: "run.not_found" }]);
  const { cost, steps } = await meter.run("r");
  assert.deepEqual({ cost, steps }, { cost: "0", steps: [] });
});

test("prices are imported and looked up; a refusal is an error that says why", async (t) => {
  const { meter } = await served(t, ({ path }) =>
    path === "/v1/prices" ? [201, {}] : [503, { code: "store.unknown" }],
  );
  const rates = [{ unit: "input_uncached", price: "0.000007", tiers: [] }];
  const periods = [{ effectiveFrom: null, daily: null, rates }];
  const entry = { provider: "acme", subject: "m", currency: "USD", periods };
  const document = { format: "tollgate.prices/1", source: "s", effectiveFrom: null };
  await meter.importPrices({ ...document, entries: [entry] });
  await assert.rejects(meter.run("r"), /503.*store\.unknown/);
});
