/** Over HTTP: holds that expire while their step arrives, in both orders; steps above theirs. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DEFAULT_WORKSPACE } from "../../src/compose.ts";
import { type ApiCaller, apiCaller, type Json } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const WHO = { reason: "test", by: "test" };
const TTL_MS = 1_000;
let nowMs = Date.parse("2026-11-23T10:00:00Z");
let server: TestServer;
let api: ApiCaller;

before(async () => {
  const clock = { nowMs: () => nowMs };
  server = await startTestServer({ store: "sqlite", clock });
  api = await apiCaller(server);
  const budget = { each: "run", measure: "searches", limit: "1000" };
  await post("PUT", "/v1/budgets/searches", { budget, ...WHO });
});
after(() => server.stop());

async function post(method: string, path: string, body: unknown): Promise<Json> {
  const answer = await api.call(method, path, { body });
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
  return answer.body;
}

const tool = (id: string) => ({ source: "sdk", id, kind: "tool", tool: "search" });

/** Opens a run and holds so many searches for its step. */
async function hold(run: string, searches: number, more: object = {}): Promise<Json> {
  const asked = { ...tool("s1"), usage: { searches }, cost: "0", ttlMs: TTL_MS, ...more };
  const open = { id: "open", source: "sdk", customer: "acme" };
  const body = { open, holds: [asked] };
  const { decisions } = await post("POST", `/v1/runs/${run}/holds`, body);
  return decisions?.[0] ?? assert.fail("no decision");
}

async function record(run: string, searches: number): Promise<string> {
  const usage = { searches };
  const step = { ...tool("s1"), run, usage, occurredAt: new Date(nowMs).toISOString() };
  const { results } = await post("POST", "/v1/events", [step]);
  return String(results?.[0]?.status);
}

const endQuarantine = () => server.engine.limits.endQuarantine(DEFAULT_WORKSPACE, 0);

/** Steps, settled and held searches, and the state of its hold. */
async function standing(run: string): Promise<string> {
  const { body } = await api.call("GET", `/v1/runs/${run}/holds`);
  const state = String(body.holds?.[0]?.state);
  const now = (await api.call("GET", `/v1/runs/${run}/wait?timeoutMs=1`)).body;
  const { settled, held } = now.budgets?.[0] ?? assert.fail("no balance");
  const steps = (await api.call("GET", `/v1/runs/${run}`)).body.totals?.tree?.steps;
  return `${steps} steps, ${settled} + ${held}, ${state}`;
}

test("a step that comes after its hold expired, and within quarantine, counts alone", async () => {
  assert.equal((await hold("late", 400)).decision, "allow");
  nowMs += 2 * TTL_MS;
  assert.equal(await standing("late"), "0 steps, 0 + 400, quarantined");
  assert.equal(await record("late", 90), "accepted");
  assert.equal(await endQuarantine(), 0);
  assert.equal(await standing("late"), "1 steps, 90 + 0, settled");
});

test("a step that comes after the quarantine takes the place of its estimate", async () => {
  await hold("later", 400);
  nowMs += 2 * TTL_MS;
  assert.equal(await endQuarantine(), 1);
  assert.equal(await standing("later"), "1 steps, 400 + 0, settled");
  assert.equal(await record("later", 90), "superseded");
  assert.equal(await standing("later"), "1 steps, 90 + 0, settled");
  assert.equal(await record("later", 90), "duplicate");
});

test("a hold that was let go when it expired leaves its late step to count alone", async () => {
  await hold("let-go", 400, { onExpiry: "release" });
  nowMs += 2 * TTL_MS;
  assert.equal(await endQuarantine(), 1);
  assert.equal(await standing("let-go"), "0 steps, 0 + 0, released");
  assert.equal(await record("let-go", 90), "accepted");
  assert.equal(await standing("let-go"), "1 steps, 90 + 0, released");
});

test("where both come at once, the step counts once, as it was", async () => {
  const runs = Array.from({ length: 30 }, (_, at) => `race-${at}`);
  for (const [at, run] of runs.entries()) {
    await hold(run, 400, at % 2 === 0 ? {} : { onExpiry: "release" });
  }
  nowMs += 2 * TTL_MS;
  const steps = runs.map((run, at) => record(run, 90 + at));
  const ends = runs.map(() => endQuarantine());
  await Promise.all([...steps, ...ends]);
  for (const [at, run] of runs.entries()) {
    assert.match(await standing(run), new RegExp(`^1 steps, ${90 + at} \\+ 0, `), run);
  }
});

test("a renewal after the hold expired keeps it, and one after its end does not", async () => {
  await hold("renewed", 400);
  nowMs += 2 * TTL_MS;
  const holds = [{ source: "sdk", id: "s1", ttlMs: 60_000 }];
  await post("POST", "/v1/runs/renewed/holds/renew", { holds });
  assert.equal(await endQuarantine(), 0);
  assert.equal(await standing("renewed"), "0 steps, 0 + 400, open");
  nowMs += 120_000;
  assert.equal(await endQuarantine(), 1);
  await post("POST", "/v1/runs/renewed/holds/renew", { holds });
  assert.equal(await standing("renewed"), "1 steps, 400 + 0, settled");
});

test("a release that names a step without a hold says which one it is", async () => {
  await hold("named", 1);
  const holds = [tool("s1"), tool("s9")].map(({ source, id }) => ({ source, id }));
  const { status, body } = await api.call("POST", "/v1/runs/named/holds/release", {
    body: { holds },
  });
  assert.deepEqual([status, body.code, body.field], [404, "hold.not_found", "holds[1]"]);
});

test("three times what was held is recorded in full, and the next hold is refused", async () => {
  assert.equal((await hold("thrice", 400)).decision, "allow");
  assert.equal(await record("thrice", 1_200), "accepted");
  assert.equal(await standing("thrice"), "1 steps, 1200 + 0, settled");
  const asked = { ...tool("s2"), usage: { searches: 1 }, cost: "0" };
  const { decisions } = await post("POST", "/v1/runs/thrice/holds", { holds: [asked] });
  const { decision, reason, decidedBy } = decisions?.[0] ?? assert.fail("no decision");
  assert.deepEqual([decision, reason], ["block", "budget"]);
  assert.deepEqual([decidedBy?.budget, decidedBy?.remaining], ["searches", "-200"]);
});
