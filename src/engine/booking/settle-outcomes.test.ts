/** Outcomes that are final when a window has passed: nothing before, and once after. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  afterFirst,
  cardOf,
  closed,
  DAY_MS,
  each,
  HOUR_MS,
  money,
  NOW_MS,
  newWorld,
  OUTCOMES,
  opened,
  outcome,
  reversed,
  statuses,
  type World,
} from "../commit/engine-world.test.ts";

/** Monday 23 November, 10:00, is NOW_MS: final on the 30th, or in December. */
const window = (afterDays: number) => ({ settles: { afterDays } });
const WEEK = cardOf({ done: [OUTCOMES, each("2"), window(7)] });
const FORTNIGHT = cardOf({ done: [OUTCOMES, each("2"), window(14)] });
const named = { customer: "acme" };
const TAKEN_BACK = { reason: "customer came back" };

const outcomesOf = (world: World, run = "r1") => world.store.outcomesOfRun("w", run);
const statusOf = (world: World) => outcomesOf(world).map(({ status }) => status);
const charge = (world: World) => money(world.run("r1").own.charge);
const accrued = async (world: World) => {
  const { accrued: amount } = await world.engine.runTree("w", "r1");
  const projected = await world.engine.projection("w", "acme");
  return [money(amount), money(projected.accruedExact)];
};
const settle = (world: World) => world.engine.settleOutcomes("w");
const lines = async (world: World) => {
  const all = await world.store.listStatements("w", "acme");
  return all.map(({ period, total }) => `${period} ${total}`).sort();
};

describe("an outcome with a window", () => {
  test("is accrued until it has passed, and charged from that instant on", async () => {
    const world = await newWorld(WEEK);
    const answer = await world.send(opened(named), outcome());
    assert.equal(money(answer[1]?.charge), "0");
    assert.deepEqual([statusOf(world), charge(world)], [["provisional"], "0"]);
    assert.equal(outcomesOf(world)[0]?.finalAtMs, NOW_MS + 7 * DAY_MS);
    assert.deepEqual(await accrued(world), ["2", "2"]);
    world.clock.now = NOW_MS + 7 * DAY_MS - 1;
    assert.equal(await settle(world), 0);
    world.clock.now += 1;
    assert.equal(await settle(world), 1);
    assert.equal(await settle(world), 0, "settling twice is settling once");
    assert.deepEqual([statusOf(world), charge(world)], [["recorded"], "2"]);
    assert.deepEqual(await accrued(world), ["0", "0"]);
    assert.deepEqual(world.counters("2026-11-01"), { done: "2" });
    await world.audited();
  });

  test("is billed in the period in which it becomes final", async () => {
    const world = await newWorld(FORTNIGHT);
    await world.send(opened(named), outcome());
    const { accruedExact } = await world.engine.projection("w", "acme");
    assert.equal(money(accruedExact), "0", "the period under way will not bill it");
    world.clock.now = NOW_MS + 60 * DAY_MS;
    await assert.rejects(world.close("2026-11", false), /nothing to bill/);
    await world.close("2026-12", false);
    assert.deepEqual(await lines(world), ["2026-12-01 2"]);
    assert.deepEqual(statusOf(world), ["recorded"]);
    await world.audited();
  });

  test("is settled by the close of its period, whenever the timer runs", async () => {
    const bill = async (isTimely: boolean) => {
      const world = await newWorld(WEEK);
      await world.send(opened(named), outcome());
      for (let day = 1; day <= 10; day += 1) {
        world.clock.now += DAY_MS;
        if (isTimely) await settle(world);
      }
      await world.close("2026-11", false);
      await settle(world);
      await world.audited();
      return [await lines(world), await world.adjustments("2026-12-01")];
    };
    assert.deepEqual(await bill(true), [["2026-11-01 2"], []]);
    assert.deepEqual(await bill(false), await bill(true));
  });

  test("that is taken back in its window is on no statement", async () => {
    const world = await newWorld(WEEK);
    await world.send(opened(named), outcome());
    world.clock.now += 3 * DAY_MS;
    await world.send(reversed({ ...TAKEN_BACK, occurredAtMs: world.clock.now }));
    assert.deepEqual([statusOf(world), await accrued(world)], [["reversed"], ["0", "0"]]);
    world.clock.now += 30 * DAY_MS;
    assert.equal(await settle(world), 0);
    await assert.rejects(world.close("2026-11", false), /nothing to bill/);
    assert.deepEqual(await world.adjustments("2026-12-01"), []);
    await world.audited();
  });

  test("that is taken back after it was billed is an adjustment that names it", async () => {
    const world = await newWorld(WEEK);
    await world.send(opened(named), outcome());
    world.clock.now += 10 * DAY_MS;
    await world.close("2026-11", false);
    await world.send(reversed(TAKEN_BACK));
    assert.deepEqual(
      (await world.adjustments("2026-12-01")).map((row) => [
        ...[row.originPeriod, row.chargeKey, money(row.amount), row.reason, row.run],
      ]),
      [["2026-11-01", "done", "-2", "outcome_reversed", "r1"]],
    );
    await world.audited();
  });

  test("that arrives when its window is over is final at once, or an adjustment", async () => {
    const late = { occurredAtMs: NOW_MS - 30 * DAY_MS };
    const open = await newWorld(WEEK);
    await open.send(opened({ ...named, ...late }), outcome(late));
    assert.deepEqual([statusOf(open), open.counters("2026-10-01")], [["recorded"], { done: "2" }]);
    await open.audited();
    const world = await newWorld(WEEK);
    await world.send(opened({ ...named, ...late }), outcome({ ...late, outcome: "sold" }));
    await world.close("2026-10");
    await world.send(outcome(late));
    const rows = await world.adjustments("2026-11-01");
    assert.deepEqual(
      rows.map((row) => [row.originPeriod, money(row.amount), row.reason]),
      [["2026-10-01", "2", "late_event"]],
    );
    await world.audited();
  });

  test("that becomes final in a period that was closed early is an adjustment", async () => {
    const world = await newWorld(WEEK);
    await world.send(opened(named), outcome(), outcome({ outcome: "sold", final: true }));
    await world.close("2026-11");
    world.clock.now += 8 * DAY_MS;
    await settle(world);
    assert.deepEqual(await lines(world), ["2026-11-01 2"]);
    const rows = await world.adjustments("2026-12-01");
    assert.deepEqual(
      rows.map((row) => [row.originPeriod, money(row.amount), row.reason, row.id]),
      [["2026-11-01", "2", "outcome_settled", "resolved"]],
    );
    await world.audited();
  });

  test("is final at the end of a period in the customer's own time", async () => {
    const world = await newWorld(WEEK);
    await world.engine.saveCustomer("w", {
      id: "acme",
      settings: { timeZone: "America/New_York", anchorDay: 30 },
    });
    // Final on the 30th at 04:00 UTC: the 29th at 23:00 in New York, the last hour of a period.
    const edge = { occurredAtMs: Date.UTC(2026, 10, 23, 4) };
    await world.send(opened(named), outcome(edge), outcome({ outcome: "sold" }));
    const hourLater = { occurredAtMs: edge.occurredAtMs + HOUR_MS };
    await world.send(outcome({ ...hourLater, outcome: "kept" }));
    world.clock.now += 8 * DAY_MS;
    await settle(world);
    assert.deepEqual(
      outcomesOf(world).map(({ key, period }) => `${key} ${period}`),
      ["resolved 2026-10-30", "sold 2026-11-30", "kept 2026-11-30"],
    );
    await world.audited();
  });
});

describe("a bill", () => {
  const who = { id: null, reason: "no", by: "anna", amount: null };
  const target = { kind: "outcome", run: "r1", outcome: "resolved" } as const;

  test("holds out an outcome that is disputed, once there is something to dispute", async () => {
    const world = await newWorld(WEEK);
    await world.send(opened(named), outcome());
    const early = world.engine.openDispute("w", { ...who, target });
    await assert.rejects(early, { code: "credit.exceeded", message: /^Nothing is charged for it/ });
    world.clock.now += 8 * DAY_MS;
    await world.close("2026-11", false);
    const { amount } = await world.engine.openDispute("w", { ...who, target });
    assert.equal(amount, "2");
    await world.close("2026-12");
    assert.deepEqual(await lines(world), ["2026-11-01 2", "2026-12-01 -2"]);
  });

  test("leads to the outcomes that it counted, not to those that were final later", async () => {
    const world = await newWorld(WEEK);
    await world.send(opened(named), outcome(), outcome({ outcome: "sold", final: true }));
    const { statements } = await world.close("2026-11");
    world.clock.now += 8 * DAY_MS;
    await settle(world);
    const query = { statement: statements[0]?.id ?? "", line: 1, limit: 10, cursor: null };
    const { items } = await world.engine.readLine("w", query);
    assert.deepEqual(
      items.map(({ id }) => id),
      ["sold"],
    );
  });
});

describe("a confirmation", () => {
  test("makes an outcome final before its window has passed", async () => {
    const world = await newWorld(FORTNIGHT);
    await world.send(opened(named), outcome());
    world.clock.now += DAY_MS;
    const confirming = { id: "confirm", occurredAtMs: world.clock.now, final: true } as const;
    const [answer] = await world.send(outcome(confirming));
    assert.deepEqual([answer?.status, money(answer?.charge)], ["accepted", "2"]);
    assert.deepEqual(statuses(await world.send(outcome(confirming))), ["duplicate"]);
    assert.deepEqual(world.counters("2026-11-01"), { done: "2" });
    world.clock.now += 30 * DAY_MS;
    assert.equal(await settle(world), 0);
    await world.audited();
  });

  test("comes with the outcome itself, too late, or not after a reversal", async () => {
    const world = await newWorld(WEEK);
    await world.send(opened(named), outcome({ final: true }));
    assert.deepEqual([statusOf(world), outcomesOf(world)[0]?.finalAtMs], [["recorded"], null]);
    const again = await world.send(outcome({ id: "again", final: true }));
    assert.deepEqual(statuses(again), ["duplicate"]);
    await world.send(outcome({ outcome: "sold" }), reversed({ key: "sold" }));
    const after = await world.send(outcome({ outcome: "sold", id: "confirm", final: true }));
    assert.deepEqual(statuses(after), ["rejected outcome.conflict"]);
    await world.audited();
  });

  test("is never of before the outcome", async () => {
    const world = await newWorld(FORTNIGHT);
    await world.send(opened(named), outcome());
    const early = { id: "confirm", occurredAtMs: NOW_MS - 40 * DAY_MS, final: true } as const;
    await world.send(outcome(early));
    assert.deepEqual(world.counters("2026-11-01"), { done: "2" });
    assert.equal(outcomesOf(world)[0]?.finalAtMs, NOW_MS);
    await world.audited();
  });
});

describe("what waits", () => {
  test("counts in tiers when it is final", async () => {
    const world = await newWorld(cardOf({ done: [OUTCOMES, afterFirst("2"), window(7)] }));
    await world.send(opened(named), outcome(), outcome({ outcome: "sold" }));
    assert.deepEqual(await accrued(world), ["2", "2"]);
    await world.send(reversed({ key: "sold" }));
    world.clock.now += 8 * DAY_MS;
    await settle(world);
    assert.equal(charge(world), "0", "the one that is left is free");
    await world.audited();
  });

  test("for a run that failed is never charged, for one that goes on once it ends", async () => {
    const card = cardOf({
      done: [OUTCOMES, each("2"), { ...window(7), when: { ending: "completed" } }],
    });
    const failed = await newWorld(card);
    await failed.send(opened(named), outcome(), closed({ ending: "failed" }));
    assert.deepEqual(await accrued(failed), ["0", "0"]);
    failed.clock.now += 8 * DAY_MS;
    await settle(failed);
    assert.equal(charge(failed), "0");
    await failed.audited();
    const world = await newWorld(card);
    await world.send(opened(named), outcome());
    assert.deepEqual(await accrued(world), ["2", "2"]);
    world.clock.now += 7 * DAY_MS + HOUR_MS;
    await settle(world);
    assert.deepEqual([charge(world), (await accrued(world))[0]], ["0", "2"]);
    await world.send(closed({ occurredAtMs: world.clock.now }));
    assert.equal(charge(world), "2");
    await world.audited();
  });

  test("is capped with its run when it is final", async () => {
    const world = await newWorld(
      cardOf({ done: [OUTCOMES, each("2"), window(7)] }, "card", { runCap: "3" }),
    );
    const two = outcome({ outcome: "sold" });
    await world.send(opened(named), outcome(), two, closed());
    assert.deepEqual(world.run("r1").corrections, []);
    world.clock.now += 8 * DAY_MS;
    await settle(world);
    assert.deepEqual(
      world.run("r1").corrections.map(({ cap }) => money(cap)),
      ["-1"],
    );
    await world.close("2026-11", false);
    assert.deepEqual(await lines(world), ["2026-11-01 3"]);
    await world.audited();
  });

  test("is priced by the card of its own time, whatever is in force when it is final", async () => {
    const world = await newWorld(FORTNIGHT);
    await world.send(opened(named), outcome());
    const dearer = cardOf({ done: [OUTCOMES, each("5"), window(1)] });
    const soon = { effectiveFromMs: NOW_MS + DAY_MS };
    await world.engine.applyRateCard("w", { ...dearer, ...soon });
    world.clock.now += 20 * DAY_MS;
    await settle(world);
    assert.deepEqual([charge(world), world.counters("2026-12-01")], ["2", { done: "2" }]);
    await world.audited();
  });

  test("is rated again before it is final, and final when it was to be", async () => {
    const world = await newWorld(WEEK);
    await world.send(opened(named), outcome());
    world.clock.now += HOUR_MS;
    const dearer = cardOf({ done: [OUTCOMES, each("5"), window(60)] });
    const late = { effectiveFromMs: NOW_MS - DAY_MS, isRerating: true };
    await world.engine.applyRateCard("w", { ...dearer, ...late });
    const limit = Number.MAX_SAFE_INTEGER;
    const since = { sinceMs: NOW_MS - DAY_MS, limit };
    await world.engine.rerate("w", { ...since, cursor: null });
    const again = await world.engine.rerate("w", { ...since, cursor: "runs:" });
    assert.equal(again.outcomes, 0);
    assert.deepEqual(await accrued(world), ["5", "5"]);
    world.clock.now += 7 * DAY_MS;
    await settle(world);
    assert.equal(charge(world), "5");
    await world.audited();
  });

  test("fixes the calendar by which it will be billed", async () => {
    const world = await newWorld(WEEK);
    await world.send(opened(named), outcome());
    const change = { id: "acme", settings: { anchorDay: 15 } };
    await assert.rejects(world.engine.saveCustomer("w", change), /cannot change now/);
  });

  test("is in usage as accrued, by what it would be billed by", async () => {
    const world = await newWorld(WEEK);
    await world.send(opened({ ...named, agent: "support" }), outcome());
    const rows = await world.engine.usage("w", { groupBy: ["agent", "kind"], filter: named });
    assert.deepEqual(
      rows.map(({ group, charge: owed, accrued: waits }) => [group, money(owed), money(waits)]),
      [[{ agent: "support", kind: "outcome" }, "0", "2"]],
    );
  });
});
