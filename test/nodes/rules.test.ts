/** What one node is told holds on every other one from its next unit of work on. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { postgresServer } from "../postgres-server.ts";
import { BY, call, type Json, opening, toolStep } from "./calls.ts";
import { serveNode } from "./nodes.ts";

type Served = Awaited<ReturnType<typeof serveNode>>;
let here: Served;
let there: Served;

before(async () => {
  const url = await (await postgresServer()).createDatabase();
  here = await serveNode(url);
  there = await serveNode(url);
});

after(async () => {
  await here.close();
  await there.close();
});

const AT_ONCE = "/v1/rate-cards?effective=now";

const charging = (unit: string) => ({
  key: "card",
  currency: "USD",
  charges: [{ key: "steps", meter: { count: "steps" }, price: { model: "per_unit", unit } }],
});

async function chargeOf(run: string): Promise<string> {
  const { totals } = await call(there.client, `GET /v1/runs/${run}`);
  return String(totals?.own?.charge);
}

test("a card that was applied on one node prices the next step on another", async () => {
  await call(there.client, "POST /v1/events", [toolStep("r1", "s1", "acme")]);
  await call(here.client, "POST /v1/rate-cards", charging("0.01"));
  await call(there.client, "POST /v1/events", [toolStep("r2", "s1", "acme")]);
  assert.equal(await chargeOf("r2"), "0.01");
  await call(here.client, `POST ${AT_ONCE}`, charging("0.03"));
  await call(there.client, "POST /v1/events", [toolStep("r3", "s1", "acme")]);
  assert.equal(await chargeOf("r3"), "0.03");
});

async function askFor(node: Served, run: string, id: string): Promise<Json | undefined> {
  const holds = [{ source: "t", id, kind: "tool", tool: "search" }];
  const { decisions } = await call(node.client, `POST /v1/runs/${run}/holds`, { holds });
  return decisions?.[0];
}

const steps = (limit: string) => ({
  budget: { each: "run", measure: "steps", limit, stages: [{ at: "100%", do: "pause" }] },
  ...BY,
});

test("a budget, a new limit and a resumed run are known at once, also to who waits", async () => {
  await call(here.client, "POST /v1/events", [opening("held", "acme")]);
  assert.equal((await askFor(there, "held", "s0"))?.decision, "allow");
  await call(here.client, "POST /v1/events", [toolStep("held", "s0")]);
  await call(here.client, "PUT /v1/budgets/steps", steps("1"));
  assert.equal((await askFor(there, "held", "s1"))?.decision, "pause");
  const waiting = call(there.client, "GET /v1/runs/held/wait?timeoutMs=20000");
  await new Promise((resolve) => setTimeout(resolve, 50));
  const raisedMs = performance.now();
  await call(here.client, "PUT /v1/budgets/steps", steps("5"));
  assert.equal((await waiting).state, "running");
  const waitedMs = performance.now() - raisedMs;
  assert.ok(waitedMs < 10_000, `it was told after ${waitedMs} ms, long before its own timeout`);
  assert.equal((await askFor(there, "held", "s1"))?.decision, "allow");
});

test("what a customer may not use any more is refused on every node", async () => {
  assert.equal((await askFor(there, "held", "s2"))?.decision, "allow");
  const entitlements = { tools: ["other"] };
  await call(here.client, "PUT /v1/customers/acme/entitlements", { entitlements, ...BY });
  const refused = await askFor(there, "held", "s3");
  assert.equal(refused?.reason, "not_entitled", JSON.stringify(refused));
});

test("a call that is repeated on several nodes is counted on all of them", async () => {
  const rules = [{ rule: "repeated_call", moreThan: 3, within: 30, do: "pause" }];
  const policy = { where: { customer: "looping" }, rules };
  await call(here.client, "PUT /v1/policies/loops", { policy, ...BY });
  for (let time = 1; time <= 4; time += 1) {
    const node = time % 2 === 0 ? here : there;
    const step = { ...toolStep("loop", `again-${time}`, "looping"), arguments: { q: "order 17" } };
    await call(node.client, "POST /v1/events", [step]);
    if (time < 3) continue;
    const asked = await askFor(node, "loop", `other-${time}`);
    assert.equal(asked?.decision, time === 3 ? "allow" : "pause", `after ${time} calls`);
  }
});

test("a key that was revoked on one node opens another one for a second at most", async () => {
  const made = await call(here.client, "POST /v1/keys", { scopes: ["read"], label: "gone" });
  const key = { url: there.client.url, key: String(made.secret) };
  await call(key, "GET /v1/runs");
  await call(here.client, `DELETE /v1/keys/${made.key?.id}`);
  await new Promise((resolve) => setTimeout(resolve, 1_050));
  await assert.rejects(call(key, "GET /v1/runs"), /auth.invalid/);
});

test("the clock of a sandbox is the same on every node", async () => {
  const { engine } = here;
  const sandbox = await engine.createSandbox("default", {
    name: "clock",
    startMs: Date.UTC(2030, 0),
  });
  assert.equal(await there.engine.nowMs(sandbox), Date.UTC(2030, 0));
  await engine.advanceClock(sandbox, { toMs: Date.UTC(2031, 0) });
  assert.equal(await there.engine.nowMs(sandbox), Date.UTC(2031, 0));
});

test("a customer on first sight changes no rules: the next unit begins once", async () => {
  const before = await here.store.rules("default");
  await call(here.client, "POST /v1/events", [toolStep("first", "s1", "seen-first")]);
  await call(there.client, "POST /v1/events", [opening("second", "seen-second")]);
  assert.deepEqual(await here.store.rules("default"), before);
  await call(there.client, "PUT /v1/customers/seen-first", { name: "Known" });
  assert.notDeepEqual(await here.store.rules("default"), before);
});

test("nodes that take turns at changing rules and working by them never mix them up", async () => {
  // Each price is used by the steps that follow its card, whichever node they are sent to.
  let expected = 0;
  for (let round = 1; round <= 6; round += 1) {
    const [one, other] = round % 2 === 0 ? [here, there] : [there, here];
    await call(one.client, `POST ${AT_ONCE}`, charging(`0.${round}`));
    const sent = [one, other].map((node, at) =>
      call(node.client, "POST /v1/events", [toolStep("mixed", `${round}-${at}`, "globex")]),
    );
    await Promise.all(sent);
    expected += 2 * round;
  }
  assert.equal(Number(await chargeOf("mixed")) * 10, expected);
});
