import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StepEvent } from "../../domain/event/event.ts";
import {
  amended,
  cardOf,
  each,
  FACTS,
  newWorld,
  opened,
  step,
  usage,
  voided,
  type World,
} from "../commit/engine-world.test.ts";
import { ask, budget, holdOn, release, words } from "./holds-world.test.ts";

/** Each team may cost us 0.25; a step of ten tokens costs 0.10. */
const TEAM_CAP = { each: "label:team", measure: "cost", limit: "0.25", per: "lifetime" };
const TEN = usage({ input_uncached: 10 });
const TWO_OF_FOUR = ["allow", "allow", "block: budget", "block: budget"];
const TEAM_A = { team: "a" };

async function cappedWorld(): Promise<World> {
  const world = await newWorld();
  await budget(world.engine, "teams", TEAM_CAP);
  await world.send(opened({ customer: "acme", agent: "support" }));
  return world;
}

type Some = Partial<StepEvent>;

const asked = (id: string, some: Some = {}) =>
  ask(id, { step: step({ id, labels: TEAM_A, usage: TEN, ...some }) });

/** Asks four times for team a, and records each step that may be made. */
async function runAway({ engine, send }: World, recorded: Some): Promise<string[]> {
  const said: string[] = [];
  for (const id of ["a", "b", "c", "d"]) {
    const [word = ""] = words(await holdOn(engine, "r1", asked(id)));
    said.push(word);
    if (word === "allow") await send(step({ id, usage: TEN, ...recorded }));
  }
  return said;
}

const labelsOf = ({ steps }: World, run = "r1") => steps(run).map(({ labels }) => labels);

describe("A step that states no labels", () => {
  it("has those of its hold, so that a budget by labels is not passed for ever", async () => {
    const world = await cappedWorld();
    assert.deepEqual(await runAway(world, {}), TWO_OF_FOUR);
    assert.deepEqual(labelsOf(world), [TEAM_A, TEAM_A]);
  });

  it("has those of its call's hold, whatever its own identity is", async () => {
    const world = await cappedWorld();
    await holdOn(world.engine, "r1", asked("a", { callId: "call" }));
    await world.send(step({ run: "r2", id: "seen", source: "proxy", callId: "call", usage: TEN }));
    assert.deepEqual(labelsOf(world, "r2"), [TEAM_A]);
  });

  it("has none where its hold was let go, or stated none", async () => {
    const world = await cappedWorld();
    await holdOn(world.engine, "r1", asked("a"), asked("b", { labels: null, agent: "b" }));
    await release(world.engine, "r1", "a");
    for (const id of ["a", "b"]) await world.send(step({ id, usage: TEN }));
    assert.deepEqual(labelsOf(world), [null, null]);
  });

  it("has those of its hold through better records, corrections and late openings", async () => {
    const world = await cappedWorld();
    await holdOn(world.engine, "r1", asked("a"));
    const grown = usage({ input_uncached: 20 });
    await world.send(step({ id: "a", usage: TEN, completeness: "partial" }));
    await world.send(step({ id: "a", usage: grown, completeness: "estimated" }));
    assert.deepEqual(labelsOf(world), [TEAM_A]);
    await world.send(step({ id: "a", usage: TEN, labels: { place: "x" } }));
    assert.deepEqual(labelsOf(world), [{ place: "x", team: "a" }]);
    const target = { source: "sdk", id: "a" };
    await world.send(amended({ target, facts: { ...FACTS, usage: grown, labels: null } }));
    assert.deepEqual(labelsOf(world), [TEAM_A]);
    const [balance] = (await world.engine.limits.balancesOf("w", "teams", { limit: 9 })).balances;
    assert.equal(balance?.settled, 2n * 10n ** 32n);
    await world.send(voided({ id: "v", target }));
    assert.deepEqual(words(await holdOn(world.engine, "r1", asked("b"))), ["allow"]);
  });

  it("is charged as its hold was, where a card charges by labels", async () => {
    const ofTeam = { count: "steps", where: { label: { team: "a" } } };
    const world = await newWorld(cardOf({ work: [ofTeam, each("0.1")] }));
    const perCustomer = { each: "customer", measure: "charge", limit: "0.25", per: "lifetime" };
    await budget(world.engine, "charges", perCustomer);
    await world.send(opened({ customer: "acme" }));
    assert.deepEqual(await runAway(world, {}), TWO_OF_FOUR);
  });

  it("may be sent again, and is the same one", async () => {
    const world = await cappedWorld();
    await holdOn(world.engine, "r1", asked("a"));
    await world.send(step({ id: "a", usage: TEN }));
    const { results } = await world.engine.ingest("w", [step({ id: "a", usage: TEN })]);
    assert.equal(results[0]?.status, "duplicate");
  });
});

describe("A step that states labels", () => {
  it("has those of its hold that it does not state", async () => {
    const world = await cappedWorld();
    assert.deepEqual(await runAway(world, { labels: { place: "x" } }), TWO_OF_FOUR);
  });

  it("counts for the value that it states itself", async () => {
    const world = await cappedWorld();
    const labels = { team: "b" };
    assert.deepEqual(await runAway(world, { labels }), ["allow", "allow", "allow", "allow"]);
    assert.deepEqual(labelsOf(world).slice(0, 1), [labels]);
    const held = ask("e", { step: step({ id: "e", labels, usage: TEN }) });
    assert.deepEqual(words(await holdOn(world.engine, "r1", held)), ["block: budget"]);
  });

  it("has the same labels in whichever order its records arrive", async () => {
    const records = [
      step({ id: "a", usage: TEN, completeness: "partial", labels: { place: "x" } }),
      step({ id: "a", usage: TEN, completeness: "estimated", labels: { team: "b" } }),
      step({ id: "a", usage: TEN }),
    ];
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [2, 0, 1],
    ]) {
      const world = await cappedWorld();
      await holdOn(world.engine, "r1", asked("a"));
      for (const at of order) await world.send(records[at] ?? assert.fail());
      assert.deepEqual(labelsOf(world), [TEAM_A]);
    }
  });
});
