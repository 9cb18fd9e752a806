/** States of many runs are read together: by few queries, and as each alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newWorld, opened, step, usage } from "../commit/engine-world.test.ts";
import type { Store } from "../ports.ts";
import { ask, budget, holdOn, words } from "./holds-world.test.ts";

/** What is asked of a store from now on, by the names of its methods. */
function countCalls(store: Store): string[] {
  const calls: string[] = [];
  const counted = ["runs", "customers", "rules"] as const;
  for (const [of, names] of [
    [store, counted],
    [store.spending, ["stops", "balances", "ownLimits"]],
  ] as const) {
    for (const name of names) {
      const real: unknown = Reflect.get(of, name);
      assert.ok(typeof real === "function");
      const told = (...given: unknown[]) => {
        calls.push(name);
        return Reflect.apply(real, of, given);
      };
      Reflect.set(of, name, told);
    }
  }
  return calls;
}

/** So many roots of customers of their own, each with a run below it, some of them paused. */
async function manyRuns(count: number) {
  const world = await newWorld();
  const { engine, send } = world;
  const stages = [{ at: "100%", do: "pause" }];
  await budget(engine, "cap", { each: "customer", measure: "cost", limit: "9", per: "lifetime" });
  await budget(engine, "turns", { each: "run", measure: "steps", limit: "1", stages });
  const roots = Array.from({ length: count }, (_, at) => `r${at}`);
  await send(...roots.map((run) => opened({ run, id: run, customer: `c of ${run}` })));
  await send(...roots.map((run) => opened({ run: `${run}.1`, id: `${run}.1`, parentRun: run })));
  const runs = [...roots, ...roots.map((run) => `${run}.1`)];
  await send(step({ run: "r0", customer: "c of r0", usage: usage({ input_uncached: 10 }) }));
  await send(step({ run: "r1.1", customer: "c of r1", usage: usage({ input_uncached: 10 }) }));
  const y = step({ run: "r1.1", id: "y", customer: "c of r1", usage: usage({}) });
  assert.deepEqual(words(await holdOn(engine, "r1.1", ask("y", { step: y }))), ["pause: budget"]);
  const decided = { reason: "test", by: "anna" };
  const stop = { mode: "pause", ...decided } as const;
  await engine.limits.stopWork("w", { of: "customer", id: "c of r2", ...stop });
  await engine.limits.stopWork("w", { of: "run", id: "r3", ...stop, mode: "block" });
  return { ...world, runs };
}

test("However many runs are looked at in one turn, the store is asked a few times", async () => {
  const { engine, store, runs } = await manyRuns(20);
  const calls = countCalls(store);
  const states = await Promise.all(runs.map((run) => engine.limits.runState("w", run)));
  const once = ["balances", "customers", "ownLimits", "rules", "runs", "stops"];
  assert.deepEqual(calls.toSorted(), once);
  assert.equal(states.length, 40);
  // Of a run below others, once more for each level.
  calls.length = 0;
  await engine.limits.runState("w", "r1.1");
  assert.deepEqual(calls.toSorted(), [...once, "runs"].toSorted());
});

test("What runs are told together is what each is told alone", async () => {
  const { engine, runs } = await manyRuns(6);
  const together = await Promise.all(runs.map((run) => engine.limits.runState("w", run)));
  for (const [at, run] of runs.entries()) {
    assert.deepEqual(together[at], await engine.limits.runState("w", run), run);
  }
  const paused = together.flatMap(({ run, state }) =>
    state === "running" ? [] : `${run} ${state}`,
  );
  const ofOthers = ["r2 paused", "r2.1 paused", "r3 stopped", "r3.1 stopped"];
  assert.deepEqual(paused.toSorted(), ["r1.1 paused", ...ofOthers]);
});

test("Who asks for a run that is not there is told so, and nobody else", async () => {
  const { engine } = await manyRuns(4);
  const asked = ["r0", "nobody's", "r3"].map((run) => engine.limits.runState("w", run));
  const told = await Promise.allSettled(asked);
  const words = told.map((one) => {
    return one.status === "fulfilled" ? one.value.state : (one.reason as Error).message;
  });
  assert.deepEqual(words, ["running", 'There is no run "nobody\'s".', "stopped"]);
});
