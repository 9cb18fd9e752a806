/** Steps whose customer is not known wait, shown, and are counted once it is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SUSPENDED_STEPS_PER_RUN_MAX_COUNT } from "../../domain/limits.ts";
import { standingRunId } from "../../domain/run/run.ts";
import {
  closed,
  DAY_MS,
  money,
  NOW_MS,
  newWorld,
  opened,
  outcome,
  statuses,
  step,
  toolCall,
  treeOf,
  usage,
} from "./engine-world.test.ts";

const unknown = { customer: null };
const NOTHING = "0 steps, cost 0, charge 0";
const waiting = (world: Awaited<ReturnType<typeof newWorld>>) =>
  world.store.listSuspended("w", 100).map(({ run, id }) => `${run} ${id}`);

test("a step without a customer waits, is shown and counts nowhere", async () => {
  const world = await newWorld();
  const answer = await world.sendOne(step(unknown));
  assert.deepEqual([answer.status, answer.run], ["suspended", "r1"]);
  assert.deepEqual(waiting(world), ["r1 e1"]);
  assert.equal(treeOf(world.run("r1")), NOTHING);
  assert.deepEqual(world.store.rollups("w", {}), []);
});

test("what waits is counted once when any event names the customer", async () => {
  for (const naming of [opened({ customer: "acme" }), toolCall({ id: "e9" })]) {
    const world = await newWorld();
    await world.send(step(unknown), step({ ...unknown, id: "e2" }));
    await world.send(naming);
    assert.deepEqual(waiting(world), []);
    assert.equal(world.run("r1").suspended, 0);
    assert.equal(money(world.run("r1").own.cost), "2.4");
    assert.deepEqual(statuses(await world.send(step(unknown))), ["duplicate"]);
    await world.audited();
  }
});

test("naming the customer once more binds nothing twice", async () => {
  const world = await newWorld();
  const naming = opened({ customer: "acme" });
  await world.send(step(unknown), naming, naming, toolCall({ id: "e9" }));
  assert.equal(treeOf(world.run("r1")), "2 steps, cost 1.2, charge 2.04");
  await world.audited();
});

test("a tree is bound as a whole, by a name on any of its runs", async () => {
  const world = await newWorld();
  const child = { run: "r2", parentRun: "r1" };
  await world.send(step(unknown), step({ ...unknown, ...child }));
  await world.send(step({ ...unknown, run: "r3", parentRun: "r2" }));
  await world.send(opened({ run: "r3", customer: "acme" }));
  assert.deepEqual(waiting(world), []);
  assert.equal(treeOf(world.run("r1")), "3 steps, cost 3.6, charge 4.82");
  assert.deepEqual(
    ["r1", "r2", "r3"].map((id) => world.run(id).customer),
    ["acme", "acme", "acme"],
  );
  await world.audited();
});

test("a late parent link binds what waits below it", async () => {
  const world = await newWorld();
  await world.send(step(), step({ ...unknown, run: "r2" }));
  await world.send(step({ ...unknown, run: "r3", parentRun: "r2" }));
  await world.send(opened({ run: "r2", parentRun: "r1" }));
  assert.deepEqual(waiting(world), []);
  assert.equal(treeOf(world.run("r1")), "3 steps, cost 3.6, charge 4.82");
  await world.audited();
});

test("records of one step join while they wait", async () => {
  const world = await newWorld();
  const partial = { ...unknown, completeness: "partial" } as const;
  await world.send(step({ ...partial, usage: usage({ output_text: 3 }) }));
  await world.send(step({ ...unknown, usage: usage({ output_text: 50 }) }));
  await world.send(step({ ...partial, usage: usage({ output_text: 9 }) }));
  assert.deepEqual(waiting(world), ["r1 e1"]);
  await world.send(opened({ customer: "acme" }));
  assert.equal(treeOf(world.run("r1")), "1 steps, cost 1, charge 1.7");
});

test("two differing exact records that wait are a conflict", async () => {
  const world = await newWorld();
  const other = step({ ...unknown, usage: usage({ output_text: 50 }) });
  const answers = statuses(await world.send(step(unknown), other));
  assert.deepEqual(answers, ["suspended", "conflict event.conflict"]);
  assert.equal(world.store.listConflicts("w", 10).length, 1);
});

test("an outcome waits for the customer too, and is charged when it is known", async () => {
  const world = await newWorld();
  assert.deepEqual(statuses(await world.send(outcome(), outcome())), ["suspended", "suspended"]);
  assert.equal(treeOf(world.run("r1")), NOTHING);
  await world.send(opened({ customer: "acme" }));
  assert.equal(treeOf(world.run("r1")), "0 steps, cost 0, charge 2.5");
  assert.deepEqual(statuses(await world.send(outcome())), ["duplicate"]);
  await world.audited();
});

test("another event with the id of one that waits is refused, not lost", async () => {
  const world = await newWorld();
  await world.send(step({ ...unknown, id: "x" }), outcome({ id: "y" }));
  const clashing = [outcome({ id: "x" }), outcome({ id: "y", outcome: "sold" })];
  const conflict = "conflict event.conflict";
  assert.deepEqual(statuses(await world.send(...clashing)), [conflict, conflict]);
  assert.deepEqual(waiting(world), ["r1 x", "r1 y"]);
});

test("a waiting step is rated by its own time when it is bound", async () => {
  const world = await newWorld();
  const october = NOW_MS - 30 * DAY_MS;
  await world.send(step({ ...unknown, occurredAtMs: october }));
  await world.send(opened({ customer: "acme" }));
  assert.equal(world.steps("r1")[0]?.period, "2026-10-01");
});

test("a label may be called usage while its step waits", async () => {
  const world = await newWorld();
  const labels = { usage: "heavy", facts: "few" };
  await world.send(step({ ...unknown, labels }), opened({ customer: "acme" }));
  assert.deepEqual(world.steps("r1")[0]?.labels, labels);
});

test("a run holds so many events in suspense and not one more", async () => {
  const world = await newWorld();
  const max = SUSPENDED_STEPS_PER_RUN_MAX_COUNT;
  const events = Array.from({ length: max + 1 }, (_, at) => toolCall({ ...unknown, id: `e${at}` }));
  const answers = await world.send(...events);
  assert.deepEqual(statuses(answers.slice(max - 1)), ["suspended", "rejected field.missing"]);
  assert.equal(world.run("r1").suspended, max);
  await world.send(opened({ customer: "acme" }));
  assert.equal(world.run("r1").own.steps, max);
});

const standing = standingRunId("acme", "support");
const loose = { run: standing, agent: "support" };

test("usage without a run goes to the customer's standing run and pays no run fee", async () => {
  const world = await newWorld();
  await world.send(step(loose));
  assert.equal(treeOf(world.run(standing)), "1 steps, cost 1.2, charge 1.44");
  assert.equal(world.run(standing).standing, true);
  assert.equal(world.steps(standing)[0]?.agent, "support");
  await world.audited();
});

test("a standing run is not opened, closed or linked", async () => {
  const world = await newWorld();
  await world.send(step(loose));
  const refused = "rejected run.standing";
  const inside = { run: standing };
  assert.deepEqual(
    statuses(
      await world.send(
        opened(inside),
        closed(inside),
        step({ ...loose, id: "e2", parentRun: "r1" }),
        step({ run: "r2", parentRun: standing }),
      ),
    ),
    [refused, refused, refused, refused],
  );
  assert.deepEqual(world.runs(), [standing]);
});

test("a standing run is never abandoned", async () => {
  const world = await newWorld();
  await world.send(step(loose));
  world.clock.now += 30 * DAY_MS;
  assert.equal(await world.engine.abandonSilentRuns("w"), 0);
  assert.equal(world.run(standing).status, "open");
});

test("a run that waited is charged at the time of its first event", async () => {
  const world = await newWorld();
  const october = NOW_MS - 30 * DAY_MS;
  await world.send(step({ ...unknown, occurredAtMs: october }), opened({ customer: null }));
  await world.send(toolCall({ id: "e9" }));
  assert.equal(world.run("r1").openedAtMs, NOW_MS, "the opening states the time");
  assert.deepEqual(world.counters("2026-10-01"), { models: "1.44" });
  assert.deepEqual(world.counters("2026-11-01"), { runs: "0.5", tools: "0.1" });
});
