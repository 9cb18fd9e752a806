/**
 * Budgets by billing periods that customers with different calendars would share, on every store:
 * new ones are refused, those on record stay in force. Each step costs nothing and counts as one.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { composeEngine, nodeDigest } from "../compose.ts";
import { parseBudget } from "../domain/budget/parse-budget.ts";
import { opened, step } from "../engine/commit/engine-world.test.ts";
import { ask } from "../engine/limits/holds-world.test.ts";
import { write } from "./round-trip-contract.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";
import { threeStores } from "./three-stores-contract.ts";

const WHO = { reason: "test", by: "test" };
const SHARED = { each: "agent", measure: "steps", limit: "5", per: "billing_period" };
const NO_REQUEST = { releases: [], renewals: [], caps: [] };
const NOW_MS = Date.parse("2026-11-20T12:00:00Z");

const stores = threeStores();
const open = {
  memory: () => stores.memory,
  postgres: () => stores.postgres,
  sqlite: () => openSqliteStore({ dataDir: join(stores.dataDir, "sqlite"), digest: nodeDigest }),
};

for (const [name, opens] of Object.entries(open)) {
  test(`customers do not share a budget by billing periods (${name})`, async (t) => {
    const store = opens();
    if (name === "sqlite") t.after(() => store.close());
    const ws = "shared periods";
    await store.createWorkspace(ws);
    const parsed = parseBudget(SHARED, "before");
    assert.ok("budget" in parsed);
    const record = { id: -1, budget: parsed.budget, countsFromMs: 0, retiredAtMs: null };
    await write(store, ws, { budgets: [record] });
    const engine = composeEngine(store, { clock: { nowMs: () => NOW_MS } });
    const save = (key: string, document: object) =>
      engine.limits.saveBudget(ws, { key, document, ...WHO });
    for (const [id, anchorDay] of [
      ["first", 1],
      ["middle", 15],
    ] as const) {
      await engine.saveCustomer(ws, { id, settings: { anchorDay } });
    }

    for (const each of ["agent", "workspace", "label:team"]) {
      const saved = await save("new", { ...SHARED, each });
      assert.ok("problems" in saved, each);
      const [problem, ...more] = saved.problems;
      assert.deepEqual([problem?.code, problem?.field, more], ["budget.invalid", "per", []]);
      assert.match(problem?.detail ?? "", /take month, with a timeZone/);
    }
    const where = { customer: ["first", "middle"] };
    assert.ok("problems" in (await save("new", { ...SHARED, where })));
    assert.ok("problems" in (await save("before", { ...SHARED, each: "workspace" })));
    for (const document of [
      { ...SHARED, each: "customer" },
      { ...SHARED, each: "customer_agent" },
      { ...SHARED, per: "month", timeZone: "Europe/Berlin" },
      { ...SHARED, where: { customer: ["middle"] } },
    ]) {
      assert.ok("record" in (await save("new", document)), JSON.stringify(document));
    }

    // What was set before stays, and may be limited otherwise: each calendar has the limit.
    assert.ok("record" in (await save("before", SHARED)));
    assert.ok("record" in (await save("before", { ...SHARED, limit: "2" })));
    const allowed: Record<string, number> = {};
    for (const customer of ["first", "middle"]) {
      const opening = opened({ run: customer, id: customer, customer, agent: "support" });
      const asks = ["a", "b", "c"].map((id) => {
        return ask(id, { step: step({ id, run: customer, customer }) });
      });
      const { answer } = await engine.hold(ws, [opening], { ...NO_REQUEST, run: customer, asks });
      allowed[customer] = answer.decisions.filter(({ decision }) => decision === "allow").length;
    }
    assert.deepEqual(allowed, { first: 2, middle: 2 });
    // Of one customer, the balance is told by that one's calendar.
    const told = await engine.limits.balancesOf(ws, "new", { limit: 10 });
    const [{ window } = assert.fail("a balance")] = told.balances;
    assert.equal(new Date(window.startMs).toISOString(), "2026-11-15T00:00:00.000Z");
  });
}
