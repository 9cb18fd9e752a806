/** Charges that wait for how a run ends: nothing before, and what the ending says after. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RUN_ABANDON_AFTER_MS } from "../../domain/limits.ts";
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
  step,
} from "../commit/engine-world.test.ts";

const when = (...ending: string[]) => ({ when: { ending } });
/** "No charge if failed": 0.50 a completed run, 2 for an outcome of one. */
const NO_CHARGE_IF_FAILED = cardOf({
  runs: [RUNS, each("0.5"), when("completed")],
  done: [OUTCOMES, each("2"), when("completed", "abandoned")],
});
const named = { customer: "acme" };
const OCTOBER_MS = NOW_MS - 30 * DAY_MS;

test("what waits for the end counts nothing before it, and all of it after", async () => {
  const world = await newWorld(NO_CHARGE_IF_FAILED);
  const answer = await world.send(opened(named), step(), outcome());
  assert.equal(money(answer[2]?.charge), "0");
  assert.equal(money(world.run("r1").own.charge), "0");
  assert.equal(money((await world.engine.runTree("w", "r1")).accrued), "2.5");
  assert.equal(money((await world.engine.projection("w", "acme")).accruedExact), "2.5");
  await world.send(closed());
  assert.equal(money((await world.engine.runTree("w", "r1")).accrued), "0");
  assert.equal(money((await world.engine.projection("w", "acme")).accruedExact), "0");
  assert.equal(money(world.run("r1").own.charge), "2.5");
  await world.audited();
});

test("a failed run is charged nothing, whenever its outcome comes", async () => {
  const world = await newWorld(NO_CHARGE_IF_FAILED);
  await world.send(opened(named), closed({ ending: "failed" }), outcome());
  assert.equal(money(world.run("r1").own.charge), "0");
  await world.audited();
});

test("an ending that comes before everything else holds for all that follows", async () => {
  const world = await newWorld(NO_CHARGE_IF_FAILED);
  await world.send(closed(), outcome(), step(), opened());
  assert.equal(money(world.run("r1").own.charge), "2.5");
  await world.audited();
});

test("of several endings the latest decides what is charged", async () => {
  const world = await newWorld(NO_CHARGE_IF_FAILED);
  await world.send(opened(named), outcome(), closed());
  const later = { id: "close again", occurredAtMs: NOW_MS + 1 };
  await world.send(closed({ ...later, ending: "failed" }));
  assert.equal(money(world.run("r1").own.charge), "0");
  await world.send(closed({ id: "close too early", occurredAtMs: NOW_MS - 1 }));
  assert.equal(money(world.run("r1").own.charge), "0");
  await world.audited();
});

test("an abandoned run is charged as abandoned, and no more once it goes on", async () => {
  const world = await newWorld(NO_CHARGE_IF_FAILED);
  await world.send(opened(named), outcome());
  world.clock.now += RUN_ABANDON_AFTER_MS + 1;
  await world.engine.abandonSilentRuns("w");
  assert.equal(money(world.run("r1").own.charge), "2");
  await world.audited();
  await world.send(step());
  assert.equal(world.run("r1").status, "open");
  assert.equal(money(world.run("r1").own.charge), "0");
  await world.audited();
});

test("an outcome that revives an abandoned run waits for its end again", async () => {
  const world = await newWorld(NO_CHARGE_IF_FAILED);
  await world.send(opened(named));
  world.clock.now += RUN_ABANDON_AFTER_MS + 1;
  await world.engine.abandonSilentRuns("w");
  await world.send(outcome());
  assert.equal(money(world.run("r1").own.charge), "0");
  await world.audited();
});

test("an outcome waits for the end of its own run, not of the one above", async () => {
  const world = await newWorld(NO_CHARGE_IF_FAILED);
  const below = { run: "r2", parentRun: "r1" };
  await world.send(opened(named), opened(below), outcome({ run: "r2" }));
  await world.send(closed({ run: "r2" }));
  assert.equal(money(world.run("r2").own.charge), "2");
  await world.send(closed({ ending: "failed" }));
  assert.equal(money(world.run("r1").tree.charge), "2");
  await world.audited();
});

test("a reversed outcome stays off whatever its run's end", async () => {
  const world = await newWorld(NO_CHARGE_IF_FAILED);
  await world.send(opened(named), outcome(), reversed(), closed());
  assert.equal(money(world.run("r1").own.charge), "0.5");
  await world.audited();
});

test("a run of a closed period that ends late is an adjustment that names its end", async () => {
  const world = await newWorld(NO_CHARGE_IF_FAILED);
  const late = { occurredAtMs: OCTOBER_MS };
  await world.send(opened({ ...named, ...late }), outcome(late), step(late));
  await world.close("2026-10");
  await world.send(closed());
  const rows = await world.adjustments("2026-11-01");
  const told = rows.map(({ chargeKey, amount, reason, id }) => [
    ...[chargeKey, money(amount), reason, id],
  ]);
  assert.deepEqual(told.sort(), [
    ["done", "2", "run_ended", "close"],
    ["runs", "0.5", "run_ended", "close"],
  ]);
  await world.audited();
});

test("what does not wait is not moved by the end", async () => {
  const both = { runs: [RUNS, each("0.5")], ended: [RUNS, each("1"), when("failed")] } as const;
  const world = await newWorld(cardOf(both));
  await world.send(opened({ ...named, occurredAtMs: OCTOBER_MS }));
  assert.equal(money(world.run("r1").own.charge), "0.5");
  await world.close("2026-10");
  await world.send(closed());
  assert.deepEqual(await world.adjustments("2026-11-01"), []);
});
