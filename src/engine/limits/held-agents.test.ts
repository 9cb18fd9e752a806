import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  cardOf,
  each,
  NOW_MS,
  newWorld,
  opened,
  step,
  usage,
  type World,
} from "../commit/engine-world.test.ts";
import { ask, budget, holdOn, release, words } from "./holds-world.test.ts";

/** Each agent may cost us 0.25; a step of ten tokens costs 0.10. */
const AGENT_CAP = { each: "agent", measure: "cost", limit: "0.25", per: "lifetime" };
const TEN = usage({ input_uncached: 10 });
const NOTHING = usage({});
const TWO_OF_FOUR = ["allow", "allow", "block: budget", "block: budget"];

async function cappedWorld(): Promise<World> {
  const world = await newWorld();
  await budget(world.engine, "agents", AGENT_CAP);
  return world;
}

/** Asks four times by an agent, and records each step that may be made without naming it. */
async function runAway({ engine, send }: World, agent: string | null): Promise<string[]> {
  const said: string[] = [];
  for (const id of ["a", "b", "c", "d"]) {
    const wanted = ask(id, { step: step({ id, agent, usage: TEN }) });
    const [word = ""] = words(await holdOn(engine, "r1", wanted));
    said.push(word);
    if (word === "allow") await send(step({ id, usage: TEN }));
  }
  return said;
}

const agentsOf = ({ steps }: World, run = "r1") => steps(run).map(({ agent }) => agent);

describe("A step that names no agent", () => {
  it("is of its hold's agent where its run was never opened", async () => {
    const world = await cappedWorld();
    await world.send(step({ id: "first", usage: NOTHING }));
    assert.deepEqual(await runAway(world, "support"), TWO_OF_FOUR);
    assert.deepEqual(agentsOf(world), [null, "support", "support"]);
  });

  it("is of its hold's agent where its run was opened by another", async () => {
    const world = await cappedWorld();
    await world.send(opened({ customer: "acme", agent: "boss" }));
    assert.deepEqual(await runAway(world, "support"), TWO_OF_FOUR);
    assert.deepEqual(agentsOf(world), ["support", "support"]);
  });

  it("is of the agent that it was held for where only an earlier step names one", async () => {
    const world = await cappedWorld();
    await world.send(step({ id: "first", agent: "support", usage: NOTHING }));
    assert.deepEqual(await runAway(world, null), TWO_OF_FOUR);
  });

  it("is of the agent of its call's hold, whatever its own identity is", async () => {
    const world = await cappedWorld();
    await world.send(step({ id: "first", usage: NOTHING }));
    const held = step({ id: "a", agent: "support", callId: "call", usage: TEN });
    await holdOn(world.engine, "r1", ask("a", { step: held }));
    await world.send(step({ run: "r2", id: "seen", source: "proxy", callId: "call", usage: TEN }));
    assert.deepEqual(agentsOf(world, "r2"), ["support"]);
  });

  it("is of nobody where its hold was let go", async () => {
    const world = await cappedWorld();
    await world.send(step({ id: "first", usage: NOTHING }));
    const held = ask("a", { step: step({ id: "a", agent: "support", usage: TEN }) });
    await holdOn(world.engine, "r1", held);
    await release(world.engine, "r1", "a");
    await world.send(step({ id: "a", usage: TEN }));
    assert.deepEqual(agentsOf(world), [null, null]);
  });

  it("is of nobody where the hold of its call is another customer's", async () => {
    const world = await cappedWorld();
    await world.send(step({ id: "first", usage: NOTHING }));
    const held = step({ id: "a", agent: "support", callId: "call", usage: TEN });
    await holdOn(world.engine, "r1", ask("a", { step: held }));
    await world.send(step({ run: "r2", customer: "globex", callId: "call", usage: TEN }));
    assert.deepEqual(agentsOf(world, "r2"), [null]);
  });

  it("keeps its hold's agent when the run is opened later", async () => {
    const world = await cappedWorld();
    await world.send(step({ id: "first", usage: NOTHING }));
    await runAway(world, "support");
    await world.send(opened({ customer: "acme", agent: "boss", occurredAtMs: NOW_MS + 1 }));
    assert.deepEqual(agentsOf(world), ["boss", "support", "support"]);
    const wanted = ask("e", { step: step({ id: "e", agent: "support", usage: TEN }) });
    assert.deepEqual(words(await holdOn(world.engine, "r1", wanted)), ["block: budget"]);
  });
});

describe("A step that names an agent", () => {
  it("is of that one, whoever its hold was for", async () => {
    const world = await cappedWorld();
    await world.send(opened({ customer: "acme", agent: "boss" }));
    const held = ask("a", { step: step({ id: "a", agent: "support", usage: TEN }) });
    await holdOn(world.engine, "r1", held);
    await world.send(step({ id: "a", agent: "helper", usage: TEN }));
    assert.deepEqual(agentsOf(world), ["helper"]);
  });
});

describe("A hold that names no agent", () => {
  it("sets aside what is charged for the work of its run's agent", async () => {
    const ofSupport = { count: "steps", where: { agent: "support" } };
    const world = await newWorld(cardOf({ work: [ofSupport, each("0.1")] }));
    const perCustomer = { each: "customer", measure: "charge", limit: "0.25", per: "lifetime" };
    await budget(world.engine, "charges", perCustomer);
    await world.send(opened({ customer: "acme", agent: "support" }));
    const asks = ["a", "b", "c"].map((id) => ask(id, { step: step({ id, usage: TEN }) }));
    const decided = words(await holdOn(world.engine, "r1", ...asks));
    assert.deepEqual(decided, ["allow", "allow", "throttle: held_by_others"]);
  });
});
