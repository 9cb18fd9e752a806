/** What is not owed yet is held of budgets: provisional outcomes, and charges that wait. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cardOf,
  closed,
  DAY_MS,
  each,
  newWorld,
  OUTCOMES,
  opened,
  outcome,
  RUNS,
  reversed,
  type World,
} from "../commit/engine-world.test.ts";
import { budget, budgetsOf } from "./holds-world.test.ts";

const COMPLETED = { ending: "completed" };
const SETTLES = { settles: { afterDays: 3 } };
/** The third outcome is dearer: 1, 1, 4. */
const RISING = { model: "graduated", tiers: [{ upTo: "2", unit: "1" }, { unit: "4" }] };

const MONTH = { each: "customer", measure: "charge", limit: "100", per: "month" };

async function worldOf(card: ReturnType<typeof cardOf>): Promise<World> {
  const world = await newWorld(card);
  await budget(world.engine, "month", MONTH);
  await world.send(opened({ customer: "acme" }));
  return world;
}

const settledOf = async ({ engine }: World) => (await budgetsOf(engine, "r1")).join();

test("a provisional outcome holds the most that it may come to, until it is charged", async () => {
  const world = await worldOf(cardOf({ done: [OUTCOMES, RISING, SETTLES] }));
  await world.send(outcome());
  assert.equal(await settledOf(world), "month(acme) 4 + 0 of 100");
  world.clock.now += 4 * DAY_MS;
  await world.engine.settleOutcomes("w");
  assert.equal(await settledOf(world), "month(acme) 1 + 0 of 100");
});

test("an outcome that is taken back before it is final holds nothing", async () => {
  const world = await worldOf(cardOf({ done: [OUTCOMES, each("2"), SETTLES] }));
  await world.send(outcome());
  assert.equal(await settledOf(world), "month(acme) 2 + 0 of 100");
  await world.send(reversed());
  assert.equal(await settledOf(world), "month(acme) 0 + 0 of 100");
});

test("what waits for the end of a run is held while it is open", async () => {
  const card = cardOf({
    runs: [RUNS, each("3"), { when: COMPLETED }],
    done: [OUTCOMES, each("2"), { when: COMPLETED }],
    now: [OUTCOMES, each("0.5")],
  });
  for (const [ending, left] of [
    ["completed", "5.5"],
    ["failed", "0.5"],
  ] as const) {
    const world = await worldOf(card);
    assert.equal(await settledOf(world), "month(acme) 3 + 0 of 100");
    await world.send(outcome());
    assert.equal(await settledOf(world), "month(acme) 5.5 + 0 of 100");
    await world.send(closed({ ending }));
    assert.equal(await settledOf(world), `month(acme) ${left} + 0 of 100`);
  }
});

test("what a trial makes free is held of nothing", async () => {
  const card = cardOf({ done: [OUTCOMES, each("2"), SETTLES] }, "card", { trial: { days: 30 } });
  const world = await worldOf(card);
  await world.send(outcome());
  assert.equal(await settledOf(world), "month(acme) 0 + 0 of 100");
});
