/** The least and the most that a root run comes to, over all its periods and all below it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RUN_ABANDON_AFTER_MS } from "../../domain/limits.ts";
import { type Amount, formatAmount, parseAmount } from "../../domain/money/decimal.ts";
import { counterOf } from "../../domain/rating/counter.ts";
import type { Run } from "../../domain/run/run.ts";
import {
  cardOf,
  closed,
  DAY_MS,
  each,
  money,
  NOW_MS,
  newWorld,
  OUTCOMES,
  opened,
  outcome,
  RUNS,
  reversed,
  STEPS,
  toolCall,
  voided,
  type World,
} from "../commit/engine-world.test.ts";
import { budget, budgetsOf } from "../limits/holds-world.test.ts";

const charges = {
  runs: [RUNS, each("0.5")],
  tools: [STEPS, each("1")],
  done: [OUTCOMES, each("2")],
};
const BOUNDED = cardOf(charges as never, "card", { runCap: "5", runMinimum: "2" });
const named = { customer: "acme" };
const OCTOBER_MS = NOW_MS - 30 * DAY_MS;
const october = { occurredAtMs: OCTOBER_MS };

const calls = (count: number, some = {}) =>
  Array.from({ length: count }, (_, at) => toolCall({ id: `t${at}`, ...some }));

function corrected(world: World, id = "r1"): string[] {
  return world
    .run(id)
    .corrections.map(
      ({ period, cap, minimum }) => `${period} ${money(cap)} ${formatAmount(minimum)}`,
    );
}

async function lines(world: World, period: string, kinds: readonly string[]): Promise<string[]> {
  const { statements } = await world.close(period);
  const { lines: all } = JSON.parse(statements[0]?.document ?? "{}");
  return all
    .filter(({ kind }: { kind: string }) => kinds.includes(kind))
    .map(
      (line: Record<string, string>) => `${line.description} ${line.quantity} ${line.amountExact}`,
    );
}

const BOUND_LINES = ["run_cap", "run_minimum"];

test("a run costs no more than its cap, with everything below it", async () => {
  const world = await newWorld(BOUNDED);
  const below = { run: "r2", parentRun: "r1" };
  await world.send(opened(named), ...calls(3), opened(below), ...calls(4, { run: "r2" }));
  assert.deepEqual(corrected(world), ["2026-11-01 -2.5 0"]);
  assert.deepEqual(corrected(world, "r2"), []);
  await world.audited();
  assert.deepEqual(await lines(world, "2026-11", BOUND_LINES), ["Run cap 1 -2.5"]);
});

test("a run costs no less than its minimum once it has ended", async () => {
  const world = await newWorld(BOUNDED);
  await world.send(opened(named), ...calls(1));
  assert.deepEqual(corrected(world), []);
  await world.send(closed());
  assert.deepEqual(corrected(world), ["2026-11-01 0 0.5"]);
  await world.send(toolCall({ id: "late" }));
  assert.deepEqual(corrected(world), [], "what comes after the end fills it up too");
  await world.audited();
});

test("an abandoned run has ended, until it goes on", async () => {
  const world = await newWorld(BOUNDED);
  await world.send(opened(named));
  world.clock.now += RUN_ABANDON_AFTER_MS + 1;
  await world.engine.abandonSilentRuns("w");
  assert.deepEqual(corrected(world), ["2026-11-01 0 1.5"]);
  await world.audited();
  await world.send(toolCall());
  assert.deepEqual(corrected(world), []);
  await world.audited();
});

test("the cap of a run over two periods is taken off the later one", async () => {
  const world = await newWorld(BOUNDED);
  await world.send(opened({ ...named, ...october }), ...calls(3, october));
  await world.send(...calls(4, { source: "proxy" }));
  assert.deepEqual(corrected(world), ["2026-11-01 -2.5 0"]);
  await world.send(...calls(2, { ...october, source: "other" }));
  assert.deepEqual(corrected(world), ["2026-10-01 -0.5 0", "2026-11-01 -4 0"]);
  await world.audited();
});

test("an end in another period than all charges fills up to the minimum there", async () => {
  const world = await newWorld(BOUNDED);
  await world.send(opened({ ...named, ...october }), closed());
  assert.deepEqual(corrected(world), ["2026-11-01 0 1.5"]);
  await world.audited();
  assert.deepEqual(await lines(world, "2026-11", BOUND_LINES), ["Run minimum 1 1.5"]);
});

test("late steps of a closed period move its cap by an adjustment", async () => {
  const world = await newWorld(BOUNDED);
  await world.send(opened({ ...named, ...october }), ...calls(4, october));
  await world.close("2026-10");
  await world.send(...calls(3, { ...october, source: "late" }));
  const rows = await world.adjustments("2026-11-01");
  const told = rows.map(({ chargeKey, cell, amount }) => `${chargeKey}${cell} ${money(amount)}`);
  assert.deepEqual(told, ["tools 1", "tools 1", "tools 1", "run_cap -2.5"]);
  await world.audited();
  assert.deepEqual(await lines(world, "2026-11", ["adjustment"]), [
    "tools: adjustment of the period 2026-10-01 null 3",
    "Run cap: adjustment of the period 2026-10-01 null -2.5",
  ]);
});

test("what is taken back gives back what the cap took", async () => {
  const world = await newWorld(BOUNDED);
  await world.send(opened(named), ...calls(5), outcome());
  assert.deepEqual(corrected(world), ["2026-11-01 -2.5 0"]);
  await world.send(reversed(), voided({ target: { source: "sdk", id: "t0" } }));
  assert.deepEqual(corrected(world), []);
  assert.deepEqual(
    (await world.audited()).counters.filter(({ cell }) => cell === "run_cap"),
    [
      {
        ...{ customer: "acme", period: "2026-11-01", cardKey: "card", chargeKey: "" },
        ...{ cell: "run_cap", counter: counterOf([], 0n as Amount) },
      },
    ],
  );
});

test("a late parent link moves the bounds to the run above", async () => {
  const world = await newWorld(BOUNDED);
  await world.send(opened(named), ...calls(3));
  const apart = { run: "r2", customer: "acme" };
  await world.send(opened(apart), ...calls(6, { run: "r2" }));
  assert.deepEqual(corrected(world, "r2"), ["2026-11-01 -1.5 0"]);
  await world.send(toolCall({ run: "r2", parentRun: "r1", id: "link" }));
  assert.deepEqual(corrected(world, "r2"), []);
  assert.deepEqual(corrected(world), ["2026-11-01 -5.5 0"]);
  await world.audited();
});

test("usage without a run has no bounds", async () => {
  const world = await newWorld(BOUNDED);
  const standing = '~standing:["acme"]';
  await world.send(...calls(9, { run: standing }));
  assert.deepEqual(corrected(world, standing), []);
  await world.audited();
});

test("whatever the order of arrival, each period and run is corrected the same", async () => {
  const days = fc.constantFrom(0, 1, 30, 31);
  const call = fc.record({ run: fc.constantFrom("r1", "r2", "r3"), days, below: fc.boolean() });
  const anyEvents = fc.array(call, { minLength: 1, maxLength: 12 }).map((all) =>
    all.flatMap(({ run, days: ago, below }, at) => {
      const occurredAtMs = NOW_MS - ago * DAY_MS;
      const parentRun = below && run !== "r1" ? "r1" : null;
      const step = toolCall({ id: `t${at}`, run, occurredAtMs, parentRun });
      return at % 5 === 4 ? [step, closed({ id: `end ${at}`, run, occurredAtMs })] : [step];
    }),
  );
  const property = fc.asyncProperty(
    anyEvents.chain((all) => fc.tuple(fc.constant(all), shuffled(all))),
    async ([one, other]) => {
      const [a, b] = [await newWorld(BOUNDED), await newWorld(BOUNDED)];
      await a.send(...one);
      for (const event of other) await b.send(event);
      const [first, second] = [await a.audited(), await b.audited()];
      assert.deepEqual(second.runs.map(stated), first.runs.map(stated));
      assert.deepEqual(countersOf(second), countersOf(first));
      for (const run of first.runs.filter(({ parent }) => parent === null)) {
        const owed = run.corrections.reduce(
          (sum, { cap, minimum }) => sum + cap + minimum,
          run.tree.charge as bigint,
        );
        const [least, most] = ["2", "5"].map((text) => parseAmount(text) as Amount);
        assert.ok(owed <= (most ?? 0n), "no run above its cap");
        assert.ok(run.status === "open" || owed >= (least ?? 0n), "no ended run below its minimum");
      }
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

function shuffled<T>(all: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...all], { minLength: all.length, maxLength: all.length });
}

/** A run without the seq since which it is so, which is that of an arrival. */
function stated({ sinceSeq: _, ...run }: Run): object {
  return run;
}

function countersOf({ counters }: Awaited<ReturnType<World["audited"]>>) {
  return counters.filter(({ counter }) => counter.cardVersionId !== null);
}

test("a budget of charges counts a run at its cap, and an ended one at its minimum", async () => {
  const world = await newWorld(BOUNDED);
  const { engine } = world;
  const charge = { measure: "charge", limit: "100" };
  await budget(engine, "customer", { each: "customer", ...charge, per: "month" });
  await budget(engine, "run", { each: "run", ...charge });
  await world.send(opened(named), ...calls(7));
  // A fee of 0.5 and seven calls are 7.5, of which the customer is charged 5.
  assert.deepEqual(await budgetsOf(engine, "r1"), [
    "customer(acme) 5 + 0 of 100",
    "run(r1) 5 + 0 of 100",
  ]);
  // One call in a second run is 1.5, and 2 once it has ended.
  await world.send(opened({ run: "r2", id: "open2", ...named }), toolCall({ run: "r2", id: "x" }));
  assert.deepEqual(await budgetsOf(engine, "r2"), [
    "customer(acme) 6.5 + 0 of 100",
    "run(r2) 1.5 + 0 of 100",
  ]);
  await world.send(closed({ run: "r2", id: "end2" }));
  assert.deepEqual(await budgetsOf(engine, "r2"), [
    "customer(acme) 7 + 0 of 100",
    "run(r2) 2 + 0 of 100",
  ]);
});
