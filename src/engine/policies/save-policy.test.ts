/** Setting policies, taking them out of force, and which runs they are for. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { POLICIES_PER_WORKSPACE_MAX_COUNT } from "../../domain/limits.ts";
import {
  cardOf,
  each,
  newWorld,
  opened,
  PLAIN_CARD,
  STEPS,
  toolCall,
  type World,
} from "../commit/engine-world.test.ts";

const WHO = { reason: "test", by: "ops" };
const SHORT = { rules: [{ rule: "steps", moreThan: 1, do: "notify" }] };

const save = ({ engine }: World, key: string, document: object) =>
  engine.policies.save("w", { key, document, ...WHO });

const acts = async ({ store }: World) =>
  store
    .acts("w", { kind: "policy.saved", limit: 1_000 })
    .map(({ document }) => JSON.parse(document));

/** Which policies find a run of two steps beyond their bound. */
async function foundBy(world: World, run: string, place: object): Promise<string[]> {
  await world.send(opened({ run, customer: "acme", ...place }));
  for (const id of ["1", "2"]) await world.send(toolCall({ run, id, ...place }));
  return (await world.engine.policies.reachedBy("w", run)).map(({ policy }) => policy);
}

describe("A policy", () => {
  it("that is set again as it is changes nothing; what changes it says what it was", async () => {
    const world = await newWorld();
    await save(world, "short", SHORT);
    await save(world, "short", { ...SHORT, mode: "enforce" });
    await save(world, "short", { ...SHORT, mode: "observe" });
    const [first, second, ...more] = await acts(world);
    assert.equal(more.length, 0);
    assert.deepEqual([first.before, first.after.mode, first.by], [null, "enforce", "ops"]);
    assert.deepEqual([second.before.mode, second.after.mode], ["enforce", "observe"]);
  });

  it("that is retired finds nothing any more, and is not there", async () => {
    const world = await newWorld();
    await save(world, "short", SHORT);
    assert.deepEqual(await foundBy(world, "before", {}), ["short"]);
    await world.engine.policies.retire("w", { key: "short", ...WHO });
    assert.deepEqual(await foundBy(world, "after", {}), []);
    const missing = { code: "policy.not_found" };
    await assert.rejects(world.engine.policies.find("w", "short"), missing);
    await assert.rejects(world.engine.policies.retire("w", { key: "short", ...WHO }), missing);
  });

  it("that says nothing that can be read is told with all that is wrong", async () => {
    const world = await newWorld();
    const saved = await save(world, "p", { rules: [{ rule: "speed" }] });
    assert.ok("problems" in saved && saved.problems.length > 1);
    assert.deepEqual(await acts(world), []);
  });

  it("is for runs of customers, agents and cards, each run by its own", async () => {
    const world = await newWorld();
    await save(world, "acme", { ...SHORT, where: { customer: "acme" } });
    await save(world, "globex", { ...SHORT, where: { customer: "globex" } });
    await save(world, "support", { ...SHORT, where: { agent: "support" } });
    await save(world, "card", { ...SHORT, where: { card: PLAIN_CARD.card.key } });
    const another = cardOf({ steps: [STEPS, each("1")] }, "other");
    await world.engine.applyRateCard("w", { ...another, effectiveFromMs: 0 });
    await save(world, "other-card", { ...SHORT, where: { card: "other" } });
    await save(world, "not-support", { ...SHORT, except: { agent: "support" } });
    const support = await foundBy(world, "r1", { agent: "support" });
    assert.deepEqual(support, ["acme", "support", "card"]);
    const other = await foundBy(world, "r2", { customer: "globex", agent: "research" });
    assert.deepEqual(other, ["globex", "card", "not-support"]);
  });

  it("is refused beyond their number", async () => {
    const world = await newWorld();
    for (let at = 0; at < POLICIES_PER_WORKSPACE_MAX_COUNT; at += 1) {
      await save(world, `p${at}`, SHORT);
    }
    await assert.rejects(save(world, "one-more", SHORT), { code: "field.out_of_range" });
    await save(world, "p0", { ...SHORT, name: "another name" });
  });
});
