/** What a budget counts is what was committed after it, whatever the clocks say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, budget, budgetsOf, holdOn } from "../limits/holds-world.test.ts";
import {
  amended,
  cardOf,
  closed,
  each,
  FACTS,
  HOUR_MS,
  NOW_MS,
  newWorld,
  OUTCOMES,
  opened,
  outcome,
  RUNS,
  reversed,
  toolCall,
  usage,
  voided,
  type World,
} from "./engine-world.test.ts";

const OF_CUSTOMER = { each: "customer", per: "lifetime" };
const read = (n: number) => ({ ...FACTS, usage: usage({ input_uncached: n }) });

async function setBudgets({ engine }: World): Promise<void> {
  await budget(engine, "charge", { ...OF_CUSTOMER, measure: "charge" });
  await budget(engine, "open", { ...OF_CUSTOMER, measure: "parallel_runs" });
  await budget(engine, "runs", { ...OF_CUSTOMER, measure: "runs" });
  await budget(engine, "steps", { ...OF_CUSTOMER, measure: "steps" });
  await budget(engine, "tokens", { ...OF_CUSTOMER, measure: "tokens" });
}

/** What each of the budgets has come to, in the order in which they were set. */
async function settledOf({ engine }: World, run: string): Promise<string[]> {
  return (await budgetsOf(engine, run)).map((one) => one.replace(/\(acme\) (\S+) .*/, " $1"));
}

const NOTHING = ["charge 0", "open 0", "runs 0", "steps 0", "tokens 0"];

test("a step just before a budget is not in it, nor is any correction of it", async () => {
  const world = await newWorld(null);
  await world.send(toolCall({ id: "e1", ...read(5) }));
  await setBudgets(world);
  await world.send(amended({ facts: read(7) }));
  assert.deepEqual(await settledOf(world, "r1"), NOTHING);
  await world.send(amended({ id: "again", facts: read(9), occurredAtMs: NOW_MS + 1 }));
  await world.send(voided());
  assert.deepEqual(await settledOf(world, "r1"), NOTHING);
});

test("a step just behind a budget is in it, and so is every correction of it", async () => {
  const world = await newWorld(null);
  await world.send(opened({ customer: "acme" }));
  await setBudgets(world);
  await world.send(toolCall({ id: "e1", ...read(5) }));
  await world.send(amended({ facts: read(7) }));
  await world.send(amended({ id: "again", facts: read(9), occurredAtMs: NOW_MS + 1 }));
  const counted = ["charge 0", "open 0", "runs 0", "steps 1", "tokens 9"];
  assert.deepEqual(await settledOf(world, "r1"), counted);
  await world.send(voided());
  assert.deepEqual(await settledOf(world, "r1"), NOTHING);
});

test("a step counts by its place and not by its time where a clock is set back", async () => {
  const world = await newWorld(null);
  await world.send(toolCall({ id: "e1", ...read(5) }));
  world.clock.now -= HOUR_MS;
  await setBudgets(world);
  await world.send(amended({ facts: read(7) }));
  assert.deepEqual(await settledOf(world, "r1"), NOTHING);
  world.clock.now -= HOUR_MS;
  await holdOn(world.engine, "r1", ask("e2", { step: toolCall({ id: "e2" }) }));
  await world.send(toolCall({ id: "e2", ...read(3) }));
  const counted = ["charge 0", "open 0", "runs 0", "steps 1", "tokens 3"];
  assert.deepEqual(await settledOf(world, "r1"), counted);
});

test("a run and an outcome before a budget are not in it, if dated behind it", async () => {
  const card = cardOf({ runs: [RUNS, each("3")], done: [OUTCOMES, each("2")] });
  const world = await newWorld(card);
  const ahead = { occurredAtMs: NOW_MS + 60_000 };
  await world.send(opened({ customer: "acme", ...ahead }), outcome(ahead));
  await setBudgets(world);
  await world.send(closed(ahead), reversed(ahead));
  await world.send(opened({ id: "other", occurredAtMs: NOW_MS + 60_001 }));
  assert.deepEqual(await settledOf(world, "r1"), NOTHING);
  await world.send(opened({ run: "r2", customer: "acme", occurredAtMs: NOW_MS - HOUR_MS }));
  await world.send(outcome({ run: "r2", key: "second" }));
  const counted = ["charge 5", "open 1", "runs 1", "steps 0", "tokens 0"];
  assert.deepEqual(await settledOf(world, "r2"), counted);
  await world.send(reversed({ run: "r2", key: "second" }), closed({ run: "r2" }));
  const ended = ["charge 3", "open 0", "runs 1", "steps 0", "tokens 0"];
  assert.deepEqual(await settledOf(world, "r2"), ended);
});
