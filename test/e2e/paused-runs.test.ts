/** What pauses when a budget is used up, and what lets it go on: in trees, and as windows begin. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { DEFAULT_WORKSPACE } from "../../src/compose.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { type ApiCaller, apiCaller, type Json } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const BY = { reason: "test", by: "ops" };
const PAUSES = [{ at: "100%", do: "pause" }];

describe("a paused run", () => {
  let server: TestServer;
  let api: ApiCaller;
  let key: string | undefined;

  beforeEach(async () => {
    server = await startTestServer({ store: "sqlite" });
    api = await apiCaller(server);
    key = undefined;
  });
  afterEach(() => server.stop());

  async function ok(method: string, path: string, body?: object): Promise<Json> {
    const sending = {
      ...(body === undefined ? {} : { body }),
      ...(key === undefined ? {} : { key }),
    };
    const answer = await api.call(method, path, sending);
    assert.ok(answer.status < 300, answer.text);
    return answer.body;
  }

  const budget = (name: string, document: object) =>
    ok("PUT", `/v1/budgets/${name}`, { budget: { measure: "steps", ...document }, ...BY });

  async function ask(run: string, id: string, open?: object): Promise<Json> {
    const holds = [{ id, kind: "tool", tool: "t" }];
    const body = open === undefined ? { holds } : { open, holds };
    const decision = (await ok("POST", `/v1/runs/${run}/holds`, body)).decisions?.[0];
    assert.ok(decision !== undefined);
    return decision;
  }

  async function use(run: string, id: string, open?: object): Promise<void> {
    assert.equal((await ask(run, id, open)).decision, "allow");
    const occurredAt = String((await ok("GET", "/v1/clock")).now);
    await ok("POST", "/v1/events", [{ id, run, kind: "tool", tool: "t", occurredAt }]);
  }

  const stateOf = async (run: string) =>
    (await ok("GET", `/v1/runs/${run}/wait?timeoutMs=10`)).state;

  const stopped = async () => {
    const { stops } = await ok("GET", "/v1/stops");
    return (stops as unknown as Json[]).map(({ of, id }) => `${of} ${id}`);
  };

  test("by a sub-agent's own cap leaves the runs above it at work", async () => {
    await budget("run.steps", { each: "run", stages: PAUSES });
    await use("root", "1", { customer: "acme", agent: "lead" });
    const caps = [{ measure: "steps", limit: "1" }];
    await use("sub", "1", { parentRun: "root", agent: "search", caps });
    const refused = await ask("sub", "2");
    assert.deepEqual([refused.decision, refused.resume], ["pause", "tollgate resume sub"]);
    assert.deepEqual(await stopped(), ["run sub"]);
    assert.deepEqual([await stateOf("root"), await stateOf("sub")], ["running", "paused"]);
    await use("root", "2");
    assert.deepEqual(await stopped(), ["run sub"], "the work above says nothing of its cap");
    const raise = { budget: "run.steps", limit: "5" };
    await ok("POST", "/v1/stops/resume", { of: "run", id: "sub", raise, ...BY });
    await use("sub", "2");
  });

  test("by the budget of a sub-agent's name leaves the runs above it at work", async () => {
    const where = { agent: ["search"] };
    await budget("searches", { each: "agent", where, limit: "1", per: "day", stages: PAUSES });
    await use("root", "1", { customer: "acme", agent: "lead" });
    await use("sub", "1", { parentRun: "root", agent: "search" });
    assert.equal((await ask("sub", "2")).decision, "pause");
    assert.deepEqual([await stateOf("root"), await stateOf("sub")], ["running", "paused"]);
    // A step may name another agent than its run does.
    const holds = [{ id: "3", kind: "tool", tool: "t", agent: "search" }];
    const { decisions } = await ok("POST", "/v1/runs/root/holds", { holds });
    assert.equal(decisions?.[0]?.decision, "pause");
    assert.equal(await stateOf("root"), "paused");
    assert.deepEqual(await stopped(), ["run root", "run sub"]);
  });

  test("goes on with all of its customer's, whose limit is what a raise raises", async () => {
    await budget("day", { each: "customer", limit: "1", per: "day", stages: PAUSES });
    await use("r1", "1", { customer: "acme" });
    assert.equal((await ask("r1", "2")).decision, "pause");
    const raise = { budget: "day", limit: "2" };
    await ok("POST", "/v1/stops/resume", { of: "run", id: "r1", raise, ...BY });
    const { budgets } = await ok("GET", "/v1/customers/acme/budgets");
    assert.equal(budgets?.[0]?.limit, "2");
    await use("r1", "2");
    // A run that its budget has not paused finds it, too.
    await ok("POST", "/v1/stops/resume", {
      ...{ of: "run", id: "r1", raise: { budget: "day", limit: "3" } },
      ...BY,
    });
    await use("r1", "3");
    const { short } = await ok("POST", "/v1/stops/resume", {
      ...{ of: "run", id: "r1", raise: { budget: "day", limit: "3" } },
      ...BY,
    });
    assert.deepEqual([short?.budget, short?.scope, short?.remaining], ["day", "acme", "0"]);
    const wrong = { of: "workspace", raise: { budget: "day", limit: "9" }, ...BY };
    const answer = await api.call("POST", "/v1/stops/resume", { body: wrong });
    assert.match(answer.text, /\\"day\\" has a limit for each customer: say which\./);
  });

  test("by a person's stop names the command that lets it go on, ready to paste", async () => {
    await ask("r1", "1", { customer: "acme; rm it's" });
    const stop = { of: "customer", id: "acme; rm it's" };
    await ok("POST", "/v1/stops", { ...stop, mode: "pause", ...BY });
    const { decision, resume } = await ask("r1", "2");
    assert.equal(decision, "pause");
    assert.equal(resume, `tollgate resume customer 'acme; rm it'\\''s'`);
    await ok("POST", "/v1/stops/resume", { ...stop, ...BY });
    assert.equal((await ask("r1", "2")).decision, "allow");
    await ok("POST", "/v1/stops", { of: "workspace", mode: "pause", ...BY });
    assert.equal((await ask("r1", "3")).resume, "tollgate resume workspace");
    const again = await api.call("POST", "/v1/stops/resume", {
      body: { of: "agent", id: "x", ...BY },
    });
    assert.match(again.text, /The agent \\"x\\" is not stopped\./);
  });

  test("that ends is stopped no more by its budget, and nobody hears that it goes on", async () => {
    await budget("turns", { each: "run", limit: "1", stages: PAUSES });
    await use("r1", "1", { customer: "acme" });
    assert.equal((await ask("r1", "2")).decision, "pause");
    const occurredAt = new Date().toISOString();
    await ok("POST", "/v1/events", [{ type: "run.closed", id: "end", run: "r1", occurredAt }]);
    assert.deepEqual(
      await server.engine.store.spending.listStops(DEFAULT_WORKSPACE, { limit: 10 }),
      [],
    );
    assert.equal(await stateOf("r1"), "ended");
    const { alerts } = await ok("GET", "/v1/alerts");
    const types = (alerts as unknown as Json[]).map(({ type }) => type);
    assert.ok(types.includes("run.paused" as never), JSON.stringify(types));
    assert.ok(!types.includes("run.resumed" as never), JSON.stringify(types));
  });

  test("is one that goes on, below a root that has ended", async () => {
    await budget("day", { each: "customer", limit: "1", per: "day", stages: PAUSES });
    await use("root", "1", { customer: "acme" });
    await ok("POST", "/v1/runs/sub/holds", { open: { parentRun: "root" }, holds: [] });
    const occurredAt = String((await ok("GET", "/v1/clock")).now);
    await ok("POST", "/v1/events", [{ type: "run.closed", id: "end", run: "root", occurredAt }]);
    const refused = await ask("sub", "1");
    assert.deepEqual([refused.decision, refused.resume], ["pause", "tollgate resume sub"]);
    assert.deepEqual(await stopped(), ["run sub"]);
    assert.deepEqual([await stateOf("root"), await stateOf("sub")], ["ended", "paused"]);
    const raise = { budget: "day", limit: "2" };
    await ok("POST", "/v1/stops/resume", { of: "run", id: "sub", raise, ...BY });
    await use("sub", "1");
    assert.deepEqual(await stopped(), []);
  });

  test("by a rule of its ended root goes on with the command it is told", async () => {
    const rules = [{ rule: "fan_out", moreThan: 1, do: "pause" }];
    const policy = { where: { agent: ["lead"] }, mode: "enforce", rules };
    await ok("PUT", "/v1/policies/fan", { policy, ...BY });
    await use("root", "1", { customer: "acme", agent: "lead" });
    const occurredAt = String((await ok("GET", "/v1/clock")).now);
    await ok("POST", "/v1/events", [{ type: "run.closed", id: "end", run: "root", occurredAt }]);
    const below = { type: "run.opened", occurredAt, parentRun: "root", agent: "search" };
    for (const run of ["one", "two", "three"]) {
      await ok("POST", "/v1/events", [{ ...below, id: `open ${run}`, run }]);
    }
    assert.deepEqual(await stopped(), [], "who has ended is not stopped by itself");
    const refused = await ask("two", "1");
    assert.deepEqual([refused.decision, refused.reason], ["pause", "policy"]);
    assert.equal(refused.resume, "tollgate resume root");
    assert.deepEqual([await stateOf("root"), await stateOf("two")], ["ended", "paused"]);
    await ok("POST", "/v1/stops/resume", { of: "run", id: "root", ...BY });
    await use("two", "1");
    assert.ok(server.dataDir !== null);
    await server.store.settle(DEFAULT_WORKSPACE);
    assert.deepEqual(verifyDataFolder(server.dataDir).findings, []);
  });

  test("is told when the next window of its budget begins, by whatever clock", async () => {
    const body = { name: "trial", startAt: "2031-01-01T10:30:00Z" };
    key = String((await ok("POST", "/v1/workspaces", body)).secret);
    await budget("hour", { each: "customer", limit: "1", per: "hour", stages: PAUSES });
    await use("r1", "1", { customer: "acme" });
    assert.equal((await ask("r1", "2")).decision, "pause");
    const waiting = ok("GET", "/v1/runs/r1/wait?timeoutMs=20000");
    const startMs = performance.now();
    await ok("POST", "/v1/clock/advance", { by: "PT30M" });
    assert.equal((await waiting).state, "running");
    assert.ok(performance.now() - startMs < 15_000, "not at the end of the wait");
    assert.equal((await ask("r1", "2")).decision, "allow");
  });
});
