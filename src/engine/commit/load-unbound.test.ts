/** What waits is read by who may bind it, and steps by an opening that may restate them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { UnitOfWork } from "../ports.ts";
import { BatchState } from "./batch-state.ts";
import { HOUR_MS, NOW_MS, newWorld, opened, statuses, step, treeOf } from "./engine-world.test.ts";

const unknown = { customer: null };

/** A world that notes which whole runs and trees are asked of its units. */
async function watchedWorld() {
  const world = await newWorld();
  const read: string[] = [];
  const { store } = world;
  // A unit may ask itself.
  let isAsked = false;
  const transact = store.transact.bind(store);
  store.transact = (workspace, work) =>
    transact(workspace, (unit) => {
      for (const name of ["suspendedOfRuns", "descendants", "stepsOfRun"] as const) {
        type Asked = string & readonly string[];
        const own = unit[name].bind(unit) as (run: Asked) => never;
        (unit as { -readonly [K in keyof UnitOfWork]: UnitOfWork[K] })[name] = (run: Asked) => {
          if (isAsked) return own(run);
          read.push(`${name} ${[run].flat().sort()}`);
          isAsked = true;
          const answer = own(run);
          isAsked = false;
          return answer;
        };
      }
      return work(unit);
    });
  return { world, taken: () => read.splice(0) };
}

test("what waits in a tree is read once somebody names its customer, and then once", async () => {
  const { world, taken } = await watchedWorld();
  const below = { ...unknown, run: "r2", parentRun: "r1" };
  await world.send(step(unknown), step(below));
  taken();
  const again = await world.send(step(unknown), step({ ...unknown, id: "e2" }), step(below));
  assert.deepEqual(statuses(again), ["suspended", "suspended", "suspended"]);
  assert.deepEqual(taken(), []);
  assert.equal(world.store.listSuspended("w", 10).length, 3, "each identity waits once");
  await world.send(step({ run: "r2", id: "e3" }));
  assert.deepEqual(taken().sort(), ["descendants r1", "suspendedOfRuns r1,r2"]);
  assert.equal(treeOf(world.run("r1")), "4 steps, cost 4.8, charge 6.26");
  await world.audited();
});

test("a link to a run whose customer is known brings along what waits", async () => {
  const { world, taken } = await watchedWorld();
  await world.send(step(unknown), step({ ...unknown, id: "e2" }));
  await world.send(step({ run: "top", id: "e3" }));
  taken();
  await world.send(step({ ...unknown, id: "e4", parentRun: "top" }));
  assert.deepEqual(taken(), ["suspendedOfRuns r1"]);
  assert.equal(treeOf(world.run("top")), "4 steps, cost 4.8, charge 6.26");
  await world.audited();
});

test("an opening that is sent again, or is later, reads no step of its run", async () => {
  const { world, taken } = await watchedWorld();
  await world.send(step({ occurredAtMs: NOW_MS - HOUR_MS }));
  const opening = opened({ customer: "acme", agent: "support" });
  await world.send(opening);
  assert.deepEqual(taken(), ["stepsOfRun r1"]);
  const later = opened({ id: "later", occurredAtMs: NOW_MS + 1, agent: "sales" });
  assert.deepEqual(statuses(await world.send(opening, later)), ["duplicate", "accepted"]);
  assert.deepEqual(taken(), []);
  await world.send(opened({ id: "earlier", occurredAtMs: NOW_MS - 1, agent: "sales" }));
  assert.deepEqual(taken(), ["stepsOfRun r1"]);
  assert.equal(world.steps("r1")[0]?.agent, "sales");
  await world.audited();
});

test("a run that is linked below a bound tree is bound alone", async (context) => {
  const world = await newWorld();
  const looked = context.mock.method(BatchState.prototype, "runsByParent");
  const chain = Array.from({ length: 20 }, (_, at) => ({
    run: `r${at + 1}`,
    parentRun: at === 0 ? null : `r${at}`,
  }));
  await world.send(...chain.map(step));
  assert.equal(looked.mock.callCount(), 0);
  assert.equal(treeOf(world.run("r1")), "20 steps, cost 24, charge 29.3");
  await world.audited();
});
