/** A run is read with its steps up to a bound; however many it has, they come by pages. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RUN_TREE_STEPS_MAX_COUNT } from "../../domain/limits.ts";
import type { StepPlace } from "../periods/line-page.ts";
import { newWorld, step, voided } from "./engine-world.test.ts";

type World = Awaited<ReturnType<typeof newWorld>>;

const HALF = RUN_TREE_STEPS_MAX_COUNT / 2;

async function sendSteps(world: World, count: number, of: { run: string; parentRun?: string }) {
  const steps = Array.from({ length: count }, (_, at) => step({ ...of, id: `e${at}` }));
  while (steps.length > 0) await world.send(...steps.splice(0, 2_500));
}

test("a tree of as many steps as are read at once is read, of one more refused", async () => {
  const world = await newWorld();
  const { engine } = world;
  await sendSteps(world, HALF, { run: "r1" });
  await sendSteps(world, HALF, { run: "r2", parentRun: "r1" });
  const tree = await engine.runTree("w", "r1");
  assert.equal(tree.steps.length + (tree.children[0]?.steps.length ?? 0), 2 * HALF);
  await world.send(step({ run: "r2", id: "more" }));
  await assert.rejects(engine.runTree("w", "r1"), { code: "run.too_large", field: "run" });
  const issuing = engine.receipts.issue("w", { run: "r1", issuer: "test" });
  await assert.rejects(issuing, { code: "run.too_large" });
  const bare = await engine.runTree("w", { id: "r1", hasSteps: false });
  assert.deepEqual([bare.steps, bare.run.tree.steps], [[], 2 * HALF + 1]);
  assert.equal((await engine.runTree("w", "r2")).steps.length, HALF + 1, "one below it is smaller");
});

test("steps come once each by pages of any size, as they are now", async () => {
  const world = await newWorld();
  await sendSteps(world, 30, { run: "r1" });
  const estimated = { run: "r2", id: "x", completeness: "estimated" } as const;
  await world.send(step(estimated), step({ ...estimated, completeness: "exact" }));
  await world.send(voided({ run: "r1", target: { source: "sdk", id: "e7" } }));
  for (const limit of [1, 2, 7, 30, 100]) {
    const ids: string[] = [];
    let behind: StepPlace | null = null;
    do {
      const page = await world.engine.stepsOfRun("w", { run: "r1", behind, limit });
      assert.ok(page.steps.length <= limit);
      ids.push(...page.steps.map(({ id, voided: isVoid }) => `${id}${isVoid ? " voided" : ""}`));
      behind = page.next;
    } while (behind !== null);
    assert.equal(new Set(ids).size, 30);
    assert.equal(ids.length, 30, `pages of ${limit}`);
    assert.ok(ids.includes("e7 voided"));
  }
  const { steps } = await world.engine.stepsOfRun("w", { run: "r2", behind: null, limit: 10 });
  assert.deepEqual(
    steps.map(({ revision, completeness }) => [revision, completeness]),
    [[2, "exact"]],
  );
  const unknown = world.engine.stepsOfRun("w", { run: "r9", behind: null, limit: 10 });
  await assert.rejects(unknown, { code: "run.not_found" });
});
