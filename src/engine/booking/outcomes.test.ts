/** A named result of a run is recorded once a key, and may be reversed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  afterFirst,
  cardOf,
  each,
  money,
  NOW_MS,
  newWorld,
  OUTCOMES,
  opened,
  outcome,
  reversed,
  statuses,
  step,
  treeOf,
} from "../commit/engine-world.test.ts";

const named = { customer: "acme" };

test("an outcome is charged once, by whichever event it is told", async () => {
  const world = await newWorld();
  await world.send(opened(named));
  const first = await world.sendOne(outcome());
  assert.deepEqual([first.status, money(first.charge)], ["accepted", "2"]);
  const again = await world.send(outcome(), outcome({ id: "another event" }));
  assert.deepEqual(statuses(again), ["duplicate", "duplicate"]);
  assert.equal(treeOf(world.run("r1")), "0 steps, cost 0, charge 2.5");
  await world.audited();
});

test("a run may have several outcomes, told apart by their keys", async () => {
  const world = await newWorld();
  await world.send(opened(named), outcome(), outcome({ outcome: "sold" }));
  await world.send(outcome({ outcome: "sold", id: "x", key: "sold again" }));
  assert.equal(money(world.run("r1").own.charge), "6.5");
  await world.audited();
});

test("another outcome under a taken key is refused", async () => {
  const world = await newWorld();
  await world.send(opened(named), outcome());
  const other = outcome({ outcome: "sold", key: "resolved" });
  assert.deepEqual(statuses(await world.send(other)), ["rejected outcome.conflict"]);
});

test("a reversed outcome is charged nothing and its key stays taken", async () => {
  const world = await newWorld();
  await world.send(opened(named), outcome());
  const off = await world.sendOne(reversed());
  assert.deepEqual([off.status, money(off.charge)], ["accepted", "0"]);
  const again = await world.send(reversed(), reversed({ id: "reverse2" }), outcome({ id: "x" }));
  assert.deepEqual(statuses(again), ["duplicate", "duplicate", "rejected outcome.conflict"]);
  assert.equal(again[0]?.seq, off.seq, "a repetition tells the same seq");
  assert.equal(treeOf(world.run("r1")), "0 steps, cost 0, charge 0.5");
  await world.audited();
});

test("what was never recorded cannot be reversed", async () => {
  const world = await newWorld();
  await world.send(opened(named));
  assert.deepEqual(statuses(await world.send(reversed())), ["rejected outcome.not_found"]);
});

test("the reversal of a first outcome shifts no charge between the others", async () => {
  const world = await newWorld(cardOf({ done: [OUTCOMES, afterFirst("2")] }));
  await world.send(opened(named), outcome(), outcome({ outcome: "sold" }), reversed());
  assert.deepEqual(world.counters("2026-11-01"), { done: "0" });
  assert.equal(money(world.run("r1").own.charge), "0", "sums do not depend on the order");
  await world.audited();
});

test("an outcome takes over the agent that a late opening states", async () => {
  const where = { agent: "support" };
  const world = await newWorld(cardOf({ done: [{ ...OUTCOMES, where }, each("2")] }));
  await world.send(step(), outcome());
  assert.equal(money(world.run("r1").own.charge), "0");
  await world.send(opened({ agent: "support" }));
  assert.equal(money(world.run("r1").own.charge), "2");
  await world.audited();
});

test("a late opening takes along what tiers have shifted onto an outcome", async () => {
  const world = await newWorld(cardOf({ done: [OUTCOMES, afterFirst("2")] }));
  await world.send(step(), outcome(), step({ run: "r2" }), outcome({ run: "r2" }));
  await world.send(opened({ agent: "support" }));
  assert.deepEqual(world.counters("2026-11-01"), { done: "2" });
  await world.audited();
});

test("an outcome opens a run that nobody has heard of, at its own time", async () => {
  const world = await newWorld();
  await world.send(outcome({ occurredAtMs: NOW_MS - 1000 }), opened({ ...named, run: "r2" }));
  assert.equal(world.run("r1").openedAtMs, NOW_MS - 1000);
});
