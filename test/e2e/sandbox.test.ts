/** A sandbox, as one tries a year of billing: over HTTP, with a clock that moves when told. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";
import { type ApiCaller, apiCaller, assertProblem } from "./api-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const CARD = {
  key: "year",
  currency: "EUR",
  charges: [
    { key: "run", meter: { count: "runs" }, price: { model: "per_unit", unit: "0.5" } },
    { key: "calls", meter: { count: "steps" }, price: { model: "per_unit", unit: "0.125" } },
  ],
};

/** Far from the time of the machine, so that whatever asks the machine is seen. */
const START = "2031-01-01T00:00:00Z";
const MONTHS = 12;
const STEPS_A_MONTH = 4;
const YEAR_MAX_MS = 60_000;

for (const kind of ["memory", "sqlite"] as const) {
  describe(`a sandbox (${kind})`, () => {
    let server: TestServer;
    let api: ApiCaller;
    let key = "";
    before(async () => {
      server = await startTestServer({ store: kind });
      api = await apiCaller(server);
      const body = { name: "trial", startAt: START };
      const made = await api.call("POST", "/v1/workspaces", { body });
      assert.equal(made.status, 201, made.text);
      key = String(made.body.secret);
    });
    after(() => server.stop());

    const call = (method: string, path: string, body?: unknown) =>
      api.call(method, path, { key, ...(body === undefined ? {} : { body }) });

    async function liveThroughMonth(): Promise<void> {
      const { body } = await call("GET", "/v1/clock");
      const month = String(body.now).slice(0, 7);
      const events = Array.from({ length: STEPS_A_MONTH }, (_, index) => ({
        id: `e${index}`,
        run: `run of ${month}`,
        customer: "acme",
        kind: "tool",
        tool: "search",
        occurredAt: `${month}-${10 + index}T12:00:00Z`,
      }));
      // Nothing that was yet to come would be dated by its own time.
      assert.equal((await call("POST", "/v1/clock/advance", { by: "P20D" })).status, 200);
      const sent = await call("POST", "/v1/events", events);
      assert.ok(!sent.text.includes("ratedAtReceipt"), sent.text);
      assertProblem(await call("POST", "/v1/periods/close", { period: month }), "period.open");
      const end = Temporal.PlainDate.from(`${month}-01`).add({ months: 1 });
      const moved = await call("POST", "/v1/clock/advance", { to: `${end}T00:00:00Z` });
      assert.equal(String(moved.body.abandonedRuns), "1", "the run of the month fell silent");
      const closed = await call("POST", "/v1/periods/close", { period: month });
      assert.equal(closed.status, 200, closed.text);
    }

    test("bills a whole year in well under a minute, and all of it adds up", async () => {
      const startedAtMs = performance.now();
      assert.equal((await call("POST", "/v1/rate-cards", CARD)).status, 201);
      for (let month = 0; month < MONTHS; month += 1) await liveThroughMonth();
      const { body } = await call("GET", "/v1/statements");
      const statements = body.statements as unknown as { period: string; closedAt: string }[];
      assert.equal(statements.length, MONTHS);
      for (const [index, { period, closedAt, ...rest }] of statements.entries()) {
        const start = Temporal.PlainDate.from("2031-12-01").subtract({ months: index });
        assert.equal(period, start.toString());
        assert.equal(closedAt, `${start.add({ months: 1 })}T00:00:00.000Z`);
        assert.equal((rest as unknown as { total: string }).total, "1");
      }
      assert.ok(performance.now() - startedAtMs < YEAR_MAX_MS);
      if (server.dataDir !== null) {
        await server.store.settle("default/trial");
        assert.deepEqual(verifyDataFolder(server.dataDir).findings, []);
      }
    });

    test("tells that it is one, and its time", async () => {
      const { body } = await call("GET", "/v1/workspace");
      assert.equal(body.kind, "sandbox");
      assert.equal(body.workspace, "default/trial");
      assert.equal((await call("GET", "/v1/clock")).body.now, body.now);
    });

    test("has a clock that never goes back and ends with the year 2199", async () => {
      const back = await call("POST", "/v1/clock/advance", { to: "2031-01-01T00:00:00Z" });
      assertProblem(back, "clock.backward");
      assertProblem(await call("POST", "/v1/clock/advance", { by: "-PT1S" }), "clock.backward");
      const far = await call("POST", "/v1/clock/advance", { by: "P900Y" });
      assertProblem(far, "field.out_of_range", "by");
      const beyond = await call("POST", "/v1/clock/advance", { by: "P999999999Y" });
      assertProblem(beyond, "field.out_of_range", "by");
      for (const body of [{}, { by: "P1D", to: "2033-01-01T00:00:00Z" }, { by: "a month" }]) {
        assertProblem(await call("POST", "/v1/clock/advance", body), "field.invalid");
      }
    });

    test("is made once, below the workspace that makes it", async () => {
      const body = { name: "trial" };
      assertProblem(await api.call("POST", "/v1/workspaces", { body }), "workspace.exists");
      const theirs = await api.call("POST", "/v1/workspaces", { key: server.foreignKey, body });
      assert.equal(theirs.status, 201, "another workspace has its own names");
      const refused = await api.call("POST", "/v1/workspaces", { key: server.readKey, body });
      assertProblem(refused, "auth.forbidden");
      const named = await api.call("POST", "/v1/workspaces", { body: { name: "a/b" } });
      assertProblem(named, "field.invalid", "name");
    });

    test("is the only place where a clock moves: production is refused", async () => {
      const body = { by: "P1D" };
      const moved = await api.call("POST", "/v1/clock/advance", { body });
      assertProblem(moved, "workspace.not_sandbox");
      const { body: clock } = await api.call("GET", "/v1/clock");
      assert.equal(String(clock.isTest), "false");
      const now = Date.parse(String(clock.now));
      assert.ok(Math.abs(now - Date.now()) < YEAR_MAX_MS, "it is that of the machine");
    });
  });
}
