/** The labels of a run that is opened late are those of its fee and its outcomes, too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLevel } from "../../domain/budget/parse-budget.ts";
import {
  cardOf,
  each,
  newWorld,
  OUTCOMES,
  opened,
  outcome,
  RUNS,
  reversed,
  step,
  type World,
} from "../commit/engine-world.test.ts";
import { budget } from "./holds-world.test.ts";

const TEAMS = { each: "label:team", measure: "charge", limit: "9", per: "lifetime" };
const EARLIER = { id: "open again", occurredAtMs: 1_000_000_000_000 };

/** 0.5 a run, 2 an outcome that is final after three days or at once. */
async function worldOf(terms = {}): Promise<World> {
  const done = [OUTCOMES, each("2"), terms] as const;
  const world = await newWorld(cardOf({ runs: [RUNS, each("0.5")], done: [...done] }));
  await budget(world.engine, "teams", TEAMS);
  return world;
}

async function teams({ engine }: World): Promise<Record<string, string>> {
  const { balances } = await engine.limits.balancesOf("w", "teams", { limit: 9 });
  return Object.fromEntries(
    balances.map(({ scope, settled }) => [scope, formatLevel(settled, "charge")]),
  );
}

for (const [what, terms] of [
  ["final", {}],
  ["provisional", { settles: { afterDays: 3 } }],
] as const) {
  test(`a ${what} outcome counts by the labels of an opening that comes after it`, async () => {
    const world = await worldOf(terms);
    await world.send(step({ customer: "acme" }), outcome());
    assert.deepEqual(await teams(world), {});
    await world.send(opened({ labels: { team: "a" } }));
    assert.deepEqual(await teams(world), { a: "2.5" });
    await world.send(reversed());
    assert.deepEqual(await teams(world), { a: "0.5" });
  });
}

test("an opening that occurred before moves fee and outcomes to its own labels", async () => {
  const world = await worldOf();
  await world.send(opened({ customer: "acme", labels: { team: "a" } }), outcome());
  assert.deepEqual(await teams(world), { a: "2.5" });
  await world.send(opened({ ...EARLIER, labels: { team: "b" }, agent: "support" }));
  assert.deepEqual(await teams(world), { a: "0", b: "2.5" });
});
