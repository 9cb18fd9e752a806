/** A step's facts are amended, or the step is voided for good. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  amended,
  FACTS,
  HOUR_MS,
  money,
  NOW_MS,
  newWorld,
  opened,
  statuses,
  step,
  toolCall,
  treeOf,
  usage,
  voided,
} from "../commit/engine-world.test.ts";

const output = (tokens: number) => ({ ...FACTS, usage: usage({ output_text: tokens }) });
const early = amended({ id: "a1", facts: output(10), occurredAtMs: NOW_MS + HOUR_MS });
const late = amended({ id: "a2", facts: output(50), occurredAtMs: NOW_MS + 2 * HOUR_MS });
const NOTHING_BUT_THE_RUN = "0 steps, cost 0, charge 0.5";

test("an amendment replaces what a step states, keeping its identity and time", async () => {
  const world = await newWorld();
  await world.send(step());
  const answer = await world.sendOne(late);
  assert.deepEqual(
    [answer.status, money(answer.cost), money(answer.charge)],
    ["accepted", "1", "1.2"],
  );
  assert.equal(treeOf(world.run("r1")), "1 steps, cost 1, charge 1.7");
  const [kept] = world.steps("r1");
  assert.deepEqual([kept?.revision, kept?.occurredAtMs, kept?.id], [2, NOW_MS, "e1"]);
  await world.audited();
});

test("of several amendments the latest by its own time stands, whatever arrives last", async () => {
  for (const order of [
    [early, late],
    [late, early],
  ]) {
    const world = await newWorld();
    await world.send(step());
    for (const amendment of order) await world.send(amendment);
    assert.equal(treeOf(world.run("r1")), "1 steps, cost 1, charge 1.7");
    await world.audited();
  }
});

test("of amendments of one time the one with the larger id stands", async () => {
  for (const order of [
    ["a1", "a2"],
    ["a2", "a1"],
  ]) {
    const world = await newWorld();
    await world.send(step());
    for (const id of order) {
      await world.send(amended({ id, facts: output(id === "a2" ? 50 : 10) }));
    }
    assert.equal(money(world.run("r1").own.cost), "1");
  }
});

test("an amendment is counted once and a late one is told to be stale", async () => {
  const world = await newWorld();
  await world.send(step(), late);
  assert.deepEqual(statuses(await world.send(late, early, early)), [
    "duplicate",
    "stale",
    "duplicate",
  ]);
  assert.equal(world.steps("r1")[0]?.revision, 2);
});

test("an amendment may change what is charged, not who bills", async () => {
  const world = await newWorld();
  await world.send(opened({ authority: "sdk", customer: "acme" }), step({ source: "proxy" }));
  const target = { source: "proxy", id: "e1" };
  const facts = { ...FACTS, kind: "tool", tool: "search", role: "bill" } as const;
  await world.send(amended({ target, facts }));
  assert.equal(treeOf(world.run("r1")), NOTHING_BUT_THE_RUN);
  await world.audited();
});

test("records that arrive after an amendment change nothing", async () => {
  const world = await newWorld();
  await world.send(step({ completeness: "partial" }), late);
  assert.deepEqual(statuses(await world.send(step(), step({ ...output(99) }))), ["stale", "stale"]);
  assert.equal(money(world.run("r1").own.cost), "1");
});

test("a void takes a step off every total for good", async () => {
  const world = await newWorld();
  await world.send(step(), toolCall({ id: "e2" }));
  const answer = await world.sendOne(voided());
  assert.deepEqual([answer.status, money(answer.charge)], ["accepted", "0"]);
  assert.equal(treeOf(world.run("r1")), "1 steps, cost 0, charge 0.6");
  assert.deepEqual(world.counters("2026-11-01"), { runs: "0.5", tools: "0.1", models: "0" });
  assert.deepEqual(statuses(await world.send(step(), late)), ["duplicate", "rejected step.voided"]);
  assert.equal(treeOf(world.run("r1")), "1 steps, cost 0, charge 0.6");
  await world.audited();
});

test("a step is voided once, also by another void", async () => {
  const world = await newWorld();
  await world.send(step());
  const again = await world.send(voided(), voided(), voided({ id: "void2" }));
  assert.deepEqual(statuses(again), ["accepted", "duplicate", "duplicate"]);
});

test("an amendment before or after a void ends the same", async () => {
  for (const order of [
    [late, voided()],
    [voided(), late],
  ]) {
    const world = await newWorld();
    await world.send(step());
    for (const correction of order) await world.send(correction);
    assert.equal(treeOf(world.run("r1")), NOTHING_BUT_THE_RUN);
    await world.audited();
  }
});

test("a correction of an unknown step is refused and leaves nothing", async () => {
  const world = await newWorld();
  const refused = "rejected step.not_found";
  assert.deepEqual(statuses(await world.send(late, voided())), [refused, refused]);
  assert.deepEqual(world.runs(), []);
  await world.send(step());
  const elsewhere = amended({ id: "a3", facts: output(1), target: { source: "x", id: "e1" } });
  assert.deepEqual(statuses(await world.send(elsewhere)), [refused]);
});

test("corrections of one request follow the order of the request", async () => {
  const world = await newWorld();
  const answers = await world.send(step(), early, late, voided());
  assert.deepEqual(statuses(answers), ["accepted", "accepted", "accepted", "accepted"]);
  assert.equal(world.steps("r1")[0]?.revision, 4);
  await world.audited();
});
