/** What is used in a customer's trial is free, counted apart, and told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { TollgateEvent } from "../../domain/event/event.ts";
import { formatAmount } from "../../domain/money/decimal.ts";
import {
  afterFirst,
  cardOf,
  closed,
  DAY_MS,
  each,
  money,
  newWorld,
  OUTCOMES,
  opened,
  outcome,
  RUNS,
  STEPS,
  toolCall,
  voided,
  type World,
} from "../commit/engine-world.test.ts";

/** The customer starts with November, and its ten days end on the 11th. */
const START_MS = Date.UTC(2026, 10, 1);
const at = (day: number) => ({ occurredAtMs: START_MS + (day - 1) * DAY_MS });
const TRIAL = { trial: { days: 10 } };
const calls = (count: number, day: number) =>
  Array.from({ length: count }, (_, n) => toolCall({ id: `d${day}-${n}`, ...at(day) }));

async function worldOf(charges: object, terms: object = TRIAL): Promise<World> {
  const world = await newWorld(cardOf(charges as never, "card", terms));
  const settings = { startedAtMs: START_MS };
  await world.engine.saveCustomer("w", { id: "acme", settings });
  return world;
}

async function lines(world: World, period: string): Promise<string[]> {
  const { statements } = await world.close(period);
  const { lines: all, total } = JSON.parse(statements[0]?.document ?? "{}");
  const told = all.map(
    (line: Record<string, string>) =>
      `${line.kind} ${line.description}: ${line.quantity ?? "-"} ${line.amountExact}`,
  );
  return [...told, `total ${total}`];
}

test("what is used in a trial tells what it would have cost, and costs nothing", async () => {
  const priced = {
    runs: [RUNS, each("0.5")],
    tools: [STEPS, each("1")],
    done: [OUTCOMES, each("2")],
  };
  const world = await worldOf(priced);
  const [run, call] = [opened({ customer: "acme", ...at(3) }), toolCall(at(3))];
  const [, answer, done] = await world.send(run, call, outcome(at(4)));
  assert.deepEqual([money(answer?.charge), money(done?.charge)], ["0", "0"]);
  const { tree, rating } = world.run("r1");
  assert.deepEqual([money(tree.charge), rating?.inTrial], ["0", true]);
  const [step] = world.steps("r1");
  const shares = step?.shares.map(({ chargeKey, cell, amount }) => `${chargeKey}${cell} ${amount}`);
  assert.deepEqual(shares, [`tools~trial: ${10n ** 33n}`]);
  assert.deepEqual(await lines(world, "2026-11-01"), [
    "charge runs in the trial: 1 0.5",
    "charge tools in the trial: 1 1",
    "charge done in the trial: 1 2",
    "trial runs: trial: - -0.5",
    "trial tools: trial: - -1",
    "trial done: trial: - -2",
    "total 0",
  ]);
  await world.audited();
});

test("what is used in a trial takes nothing of the tiers and allowances that follow", async () => {
  const free = { included: "2" };
  const world = await worldOf({ calls: [STEPS, each("1"), free], tiers: [STEPS, afterFirst("1")] });
  await world.send(...calls(5, 2), ...calls(3, 20));
  assert.deepEqual(world.counters("2026-11-01"), {
    "calls~trial:": "3",
    "tiers~trial:": "4",
    ...{ calls: "1", tiers: "2" },
  });
  const told = await lines(world, "2026-11-01");
  assert.deepEqual(told, [
    "charge calls: 3 1",
    "included calls: included: 2 0",
    "charge calls in the trial: 5 3",
    "included calls in the trial: included: 2 0",
    "charge tiers: 3 2",
    "charge tiers in the trial: 5 4",
    "trial calls: trial: - -3",
    "trial tiers: trial: - -4",
    "total 3",
  ]);
});

test("a trial takes off what volume tiers correct, and no cent is left by rounding", async () => {
  const tiers = [{ upTo: "2", unit: "0.01505" }, { unit: "0.00505" }];
  const world = await worldOf({ calls: [STEPS, { model: "volume", tiers }] });
  await world.send(...calls(3, 2));
  assert.deepEqual(await lines(world, "2026-11-01"), [
    "charge calls in the trial: 3 0.03515",
    "tier_correction calls in the trial: volume tier correction: - -0.02",
    "trial calls: trial: - -0.03515",
    "trial calls: volume tier correction: trial: - 0.02",
    "total 0",
  ]);
});

test("a trial of some charges leaves the others as they are", async () => {
  const priced = { calls: [STEPS, each("1")], runs: [RUNS, each("0.5")] };
  const world = await worldOf(priced, { trial: { days: 10, charges: ["calls"] } });
  await world.send(...calls(2, 2));
  assert.deepEqual(world.counters("2026-11-01"), { "calls~trial:": "2", runs: "0.5" });
  assert.equal(money(world.run("r1").tree.charge), "0.5");
});

test("a run whose opening moves goes out of the trial, and into it again", async () => {
  const world = await worldOf({ runs: [RUNS, each("0.5")] });
  const trial = () => [world.counters("2026-11-01"), money(world.run("r1").tree.charge)];
  await world.send(toolCall({ id: "a", ...at(20) }));
  assert.deepEqual(trial(), [{ runs: "0.5" }, "0.5"]);
  await world.send(toolCall({ id: "b", ...at(5) }));
  assert.deepEqual(trial(), [{ runs: "0", "runs~trial:": "0.5" }, "0"]);
  await world.send(opened({ customer: "acme", ...at(15) }));
  assert.deepEqual(trial(), [{ runs: "0.5", "runs~trial:": "0" }, "0.5"]);
  await world.audited();
});

test("late usage of a trial adjusts nothing; what leaves the trial late does", async () => {
  const world = await worldOf({ runs: [RUNS, each("0.5")], calls: [STEPS, each("1")] });
  await world.send(toolCall({ id: "a", ...at(5) }));
  await world.close("2026-11-01");
  await world.send(toolCall({ id: "late", ...at(6) }));
  assert.deepEqual(await world.adjustments("2026-12-01"), []);
  await world.send(opened({ customer: "acme", ...at(15) }));
  const booked = await world.adjustments("2026-12-01");
  const told = booked.map(({ chargeKey, cell, amount }) => [chargeKey, cell, formatAmount(amount)]);
  assert.deepEqual(told, [["runs", "", "0.5"]]);
  await world.audited();
});

test("a run that opened in a trial of the whole card owes no minimum; its cap holds", async () => {
  const bounds = { runCap: "3", runMinimum: "2" };
  const world = await worldOf({ calls: [STEPS, each("1")] }, { ...TRIAL, ...bounds });
  await world.send(...calls(9, 2), closed(at(3)));
  assert.deepEqual(world.run("r1").corrections, []);
  await world.send(...calls(5, 20));
  const [capped] = world.run("r1").corrections;
  assert.deepEqual([money(capped?.cap), money(capped?.minimum)], ["-2", "0"]);
  const some = { trial: { days: 10, charges: ["calls"] }, ...bounds };
  const other = await worldOf({ calls: [STEPS, each("1")] }, some);
  await other.send(...calls(9, 2), closed(at(3)));
  assert.equal(money(other.run("r1").corrections[0]?.minimum), "2");
});

test("discounts and bounds see a trial as nothing", async () => {
  const least = { minimum: "6" };
  const discounts = [{ key: "d", percent: "50" }];
  const priced = { calls: [STEPS, each("1"), least] };
  const world = await worldOf(priced, { trial: { days: 15 }, discounts });
  await world.send(...calls(9, 2), ...calls(1, 20));
  assert.deepEqual(await lines(world, "2026-11-01"), [
    "charge calls: 1 1",
    "charge calls in the trial: 9 9",
    "trial calls: trial: - -9",
    "charge_minimum calls: minimum of 3.00 for 2026-11-16 00:00 to 2026-12-01 00:00 UTC: - 2",
    "discount d (50 %): - -1.5",
    "total 1.5",
  ]);
});

test("a projection counts what is paid from the end of the trial on", async () => {
  const world = await worldOf({ calls: [STEPS, each("1")] });
  await world.send(...calls(20, 2));
  world.clock.now = START_MS + 5 * DAY_MS;
  const during = await world.engine.projection("w", "acme");
  // 4 a day for the 20 days that are paid.
  assert.deepEqual([money(during.currentExact), money(during.total ?? undefined)], ["0", "80"]);
  world.clock.now = START_MS + 15 * DAY_MS;
  await world.send(...calls(10, 15));
  const after = await world.engine.projection("w", "acme");
  assert.deepEqual([money(after.currentExact), money(after.total ?? undefined)], ["10", "40"]);
  assert.equal(money(after.chargesExact ?? undefined), "40");
});

test("nothing of a trial is accrued, credited or disputed", async () => {
  const waits = { when: { ending: "completed" } };
  const world = await worldOf({ runs: [RUNS, each("5"), waits], calls: [STEPS, each("1")] });
  await world.send(toolCall(at(5)));
  assert.equal(money((await world.engine.runTree("w", "r1")).accrued), "0");
  const { statements } = await world.close("2026-11-01");
  const statement = statements[0]?.id ?? assert.fail("no statement");
  const who = { id: null, reason: "x", by: "anna" };
  const lineOne = [{ line: 1, amount: null }];
  const credit = world.engine.issueCreditNote("w", { ...who, statement, lines: lineOne });
  await assert.rejects(credit, { code: "credit.exceeded" });
  const target = { kind: "line", statement, line: 1 } as const;
  const dispute = world.engine.openDispute("w", { ...who, target, amount: null });
  await assert.rejects(dispute, { code: "credit.exceeded" });
});

test("a customer's start stays once anything is rated by it, free or not", async () => {
  const world = await worldOf({ runs: [RUNS, each("0.5")] });
  await world.send(opened({ customer: "acme", ...at(5) }));
  const save = world.engine.saveCustomer("w", { id: "acme", settings: { startedAtMs: 5 } });
  await assert.rejects(save, { code: "customer.card_fixed", field: "startedAt" });
});

test("no total depends on the order in which free and paid usage arrive", async () => {
  const priced = { runs: [RUNS, afterFirst("0.5")], calls: [STEPS, afterFirst("1")] };
  const events: TollgateEvent[] = [
    ...[2, 9, 12, 25].flatMap((day) => calls(2, day)),
    toolCall({ run: "r2", id: "x", ...at(4) }),
    opened({ run: "r2", customer: "acme", ...at(14) }),
    opened({ customer: "acme", ...at(3) }),
    voided({ target: { source: "sdk", id: "d9-1" } }),
  ];
  const same = { minLength: events.length, maxLength: events.length };
  const totals = async (sent: readonly TollgateEvent[]) => {
    const world = await worldOf(priced);
    for (let left = sent; left.length > 0; ) {
      const results = await world.send(...left);
      const refused = left.filter((_, index) => results[index]?.status === "rejected");
      left = refused.length < left.length ? refused : [];
    }
    await world.audited();
    return world.counters("2026-11-01");
  };
  const wanted = await totals(events);
  assert.deepEqual(wanted, { runs: "0", "runs~trial:": "0", calls: "3", "calls~trial:": "3" });
  const property = fc.asyncProperty(fc.shuffledSubarray(events, same), async (sent) => {
    assert.deepEqual(await totals(sent), wanted);
  });
  await fc.assert(property, { numRuns: 30 });
});
