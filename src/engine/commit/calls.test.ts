/** One call, several witnesses: only one of them counts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { money, newWorld, opened, statuses, step, treeOf, voided } from "./engine-world.test.ts";

const callId = "openai:resp_1";
const ONCE = "1 steps, cost 1.2, charge 1.94";

test("a call that two sources saw counts once; the second is linked to the first", async () => {
  const world = await newWorld();
  await world.send(step({ callId }));
  const second = await world.sendOne(step({ callId, source: "proxy", id: "p1" }));
  assert.equal(second.status, "duplicate_call");
  assert.deepEqual(second.linkedTo, { run: "r1", source: "sdk", id: "e1" });
  assert.equal(treeOf(world.run("r1")), ONCE);
  const { witnesses } = await world.audited();
  assert.deepEqual(witnesses, [], "this clause reads other call ids");
});

test("a run that only witnesses a call is neither opened nor charged", async () => {
  const world = await newWorld();
  await world.send(step({ callId }), step({ callId, run: "r2" }), step({ callId, run: "r2" }));
  assert.deepEqual(world.runs(), ["r1"]);
  assert.deepEqual(world.counters("2026-11-01"), { runs: "0.5", models: "1.44" });
});

test("a call id is unique within its customer only", async () => {
  const world = await newWorld();
  const other = step({ callId, run: "r2", customer: "beta" });
  assert.deepEqual(statuses(await world.send(step({ callId }), other)), ["accepted", "accepted"]);
});

test("a voided step lets its call go: another record of the call may count", async () => {
  const world = await newWorld();
  await world.send(step({ callId }), voided());
  const second = await world.sendOne(step({ callId, id: "e2" }));
  assert.equal(second.status, "accepted");
  assert.equal(treeOf(world.run("r1")), ONCE);
  await world.audited();
});

test("steps of a source without authority are shadows, and hold no call", async () => {
  const world = await newWorld();
  await world.send(opened({ authority: "sdk" }));
  const shadow = step({ callId, source: "proxy", id: "p1" });
  assert.deepEqual(statuses(await world.send(shadow, shadow)), ["shadow", "duplicate"]);
  assert.equal(treeOf(world.run("r1")), "0 steps, cost 0, charge 0.5", "the run is opened");
  assert.deepEqual(statuses(await world.send(step({ callId }))), ["accepted"]);
  assert.equal(treeOf(world.run("r1")), ONCE);
  await world.audited();
});

test("a step that is sent as a shadow is kept and never counted", async () => {
  const world = await newWorld();
  await world.send(step());
  const [kept] = await world.send(step({ id: "e2", role: "shadow", source: "proxy" }));
  assert.deepEqual([kept?.status, money(kept?.cost), money(kept?.charge)], ["shadow", "1.2", "0"]);
  assert.equal(world.steps("r1").length, 2);
  assert.equal(treeOf(world.run("r1")), ONCE);
});

test("an authority that is declared late makes other sources' steps shadows", async () => {
  const world = await newWorld();
  await world.send(step({ source: "proxy" }), step({ id: "e2" }), opened({ authority: "sdk" }));
  assert.equal(treeOf(world.run("r1")), ONCE);
  assert.deepEqual(
    world
      .steps("r1")
      .map(({ source, role }) => `${source} ${role}`)
      .sort(),
    ["proxy shadow", "sdk bill"],
  );
  await world.audited();
});

test("a step that became a shadow hands its call to the next witness", async () => {
  const world = await newWorld();
  await world.send(step({ source: "proxy", callId }), step({ callId }));
  assert.equal(world.steps("r1").length, 1);
  await world.send(opened({ authority: "sdk" }));
  assert.equal(treeOf(world.run("r1")), ONCE);
  const third = await world.sendOne(step({ callId, run: "r2" }));
  assert.deepEqual(third.linkedTo, { run: "r1", source: "sdk", id: "e1" });
  await world.audited();
});

test("a call is handed on past a witness that is a shadow by now", async () => {
  const world = await newWorld();
  await world.send(step({ source: "proxy", callId }));
  await world.send(step({ run: "r2", source: "proxy", callId }), step({ run: "r3", callId }));
  await world.send(opened({ run: "r2", authority: "sdk" }));
  await world.send(opened({ run: "r1", authority: "sdk" }));
  assert.equal(world.run("r3").own.steps, 1, "the call is counted");
  const counted = ["r1", "r2", "r3"].map((run) => world.run(run).own.steps);
  assert.deepEqual(counted, [0, 0, 1]);
  await world.audited();
});

test("a call is handed on past a witness whose run is another customer's by now", async () => {
  const world = await newWorld();
  await world.send(step({ source: "proxy", callId }));
  await world.send(step({ run: "r2", callId }), step({ run: "r3", callId }));
  await world.send(step({ run: "r2", id: "e9", customer: "beta" }));
  await world.send(opened({ run: "r1", authority: "sdk" }));
  assert.equal(world.run("r2").own.steps, 1, "its own step alone");
  assert.equal(world.run("r3").own.steps, 1, "the call is counted");
  await world.audited();
});
