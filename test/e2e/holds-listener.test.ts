import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ApiCaller, apiCaller } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

/** Plain paths are answered beside the framework; one with a part encoded goes through it. */
const PLAIN = "/v1/runs/run-1/holds";
const ENCODED = "/v1/runs/%72un-1/holds";

let server: TestServer;
let api: ApiCaller;

before(async () => {
  server = await startTestServer({ store: "sqlite" });
  api = await apiCaller(server);
  const budget = { each: "run", measure: "cost", limit: "5" };
  const body = { budget, reason: "a test", by: "tester" };
  assert.equal((await api.call("PUT", "/v1/budgets/cap", { body })).status, 200);
  const opened = { type: "run.opened", run: "run-1", customer: "acme", agent: "support" };
  const event = { ...opened, id: "opened", occurredAt: "2026-11-10T10:00:00Z" };
  assert.equal((await api.call("POST", "/v1/events", { body: [event] })).status, 200);
});
after(() => server.stop());

const holdOf = (id: string) => ({
  id,
  kind: "model",
  provider: "openai",
  model: "gpt-5",
  cost: "1",
});

/** Sends without a check against the OpenAPI document, which knows no encoded path. */
async function post(path: string, body: string, headers: Readonly<Record<string, string>> = {}) {
  const key = { authorization: `Bearer ${server.adminKey}`, "content-type": "application/json" };
  const all = { ...key, ...headers };
  const answer = await fetch(server.url + path, { method: "POST", body, headers: all });
  const { date: _, ...kept } = Object.fromEntries(answer.headers);
  return { status: answer.status, headers: kept, text: await answer.text() };
}

test("a hold is granted once, whichever way its request took", async () => {
  const body = { holds: [holdOf("a")] };
  const { status, body: granted } = await api.call("POST", PLAIN, { body });
  assert.equal(status, 200);
  assert.equal(granted.decisions?.[0]?.decision, "allow");
  const text = JSON.stringify(body);
  const [plain, encoded] = [await post(PLAIN, text), await post(ENCODED, text)];
  assert.deepEqual(plain, encoded);
  assert.equal(JSON.parse(plain.text).decisions[0].hold, granted.decisions?.[0]?.hold);
});

test("what is refused is refused in the same words on both ways", async () => {
  const hold = JSON.stringify({ holds: [holdOf("b")] });
  const wrong: readonly [string, Readonly<Record<string, string>>][] = [
    [hold, { authorization: "" }],
    [hold, { authorization: `Bearer ${server.readKey}` }],
    [hold, { "content-type": "text/plain" }],
    ["", {}],
    ["{", {}],
    ['{"holds":[{"id":"c","nothing":1}]}', {}],
    ['{"holds":[{"kind":"model"}]}', {}],
  ];
  for (const [body, headers] of wrong) {
    const [plain, encoded] = [await post(PLAIN, body, headers), await post(ENCODED, body, headers)];
    const { requestId: _a, ...told } = JSON.parse(plain.text);
    const { requestId: _b, ...expected } = JSON.parse(encoded.text);
    assert.ok(plain.status >= 400, `${body} was taken`);
    assert.deepEqual([plain.status, told], [encoded.status, expected]);
    assert.equal(plain.headers["content-type"], "application/problem+json");
  }
});

test("an ask that cannot be read refuses its request, and nothing of that is held", async () => {
  const open = { customer: "acme", agent: "support" };
  const wrong = [{ kind: "thought" }, { ttlMs: 86_400_001 }, { cost: "much" }];
  for (const one of wrong) {
    const body = { open, holds: [holdOf("e"), { ...holdOf("f"), ...one }] };
    for (const path of ["/v1/runs/run-2/holds", "/v1/runs/%72un-2/holds"]) {
      assert.equal((await post(path, JSON.stringify(body))).status, 400);
    }
  }
  const { status } = await api.call("GET", "/v1/runs/run-2/holds");
  assert.equal(status, 404, "nor is its run opened");
});

test("a query is refused, and holds of nobody's run are invalid", async () => {
  const body = JSON.stringify({ holds: [holdOf("d")] });
  assert.equal((await post(`${PLAIN}?x=1`, body)).status, 400);
  const { decisions } = JSON.parse((await post("/v1/runs/nobody/holds", body)).text);
  assert.deepEqual([decisions[0].decision, decisions[0].error.code], ["invalid", "run.not_found"]);
});

test("both ways count as the one route", async () => {
  const metrics = await (
    await fetch(`${server.url}/metrics`, {
      headers: { authorization: `Bearer ${server.adminKey}` },
    })
  ).text();
  assert.match(metrics, /route="POST \/v1\/runs\/\{run\}\/holds",status="200"/);
  assert.doesNotMatch(metrics, /%72un|run-1/);
});
