/** Runs end, fall silent and come back; nothing of it stops the metering. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RUN_ABANDON_AFTER_MS } from "../../domain/limits.ts";
import {
  closed,
  HOUR_MS,
  NOW_MS,
  newWorld,
  opened,
  outcome,
  statuses,
  step,
  treeOf,
} from "../commit/engine-world.test.ts";

const abandoned = (world: Awaited<ReturnType<typeof newWorld>>) =>
  world.engine.abandonSilentRuns("w");

test("a closed run goes on counting: closing does not stop the metering", async () => {
  const world = await newWorld();
  await world.send(step(), closed());
  assert.deepEqual([world.run("r1").status, world.run("r1").closedAtMs], ["completed", NOW_MS]);
  await world.send(step({ id: "e2" }));
  assert.equal(world.run("r1").status, "completed");
  assert.equal(treeOf(world.run("r1")), "2 steps, cost 2.4, charge 3.38");
});

test("of several endings the latest by its own time stands, in any order of arrival", async () => {
  const failed = closed({ id: "c2", ending: "failed", occurredAtMs: NOW_MS + HOUR_MS });
  for (const order of [
    [closed(), failed],
    [failed, closed()],
  ]) {
    const world = await newWorld();
    for (const ending of order) await world.send(ending);
    assert.equal(world.run("r1").status, "failed");
  }
});

test("the end of a run that nobody has heard of opens it", async () => {
  const world = await newWorld();
  assert.deepEqual(statuses(await world.send(closed(), closed())), ["accepted", "duplicate"]);
  assert.equal(world.run("r1").status, "completed");
  await world.send(step());
  assert.equal(treeOf(world.run("r1")), "1 steps, cost 1.2, charge 1.94");
  assert.equal(world.run("r1").status, "completed");
});

test("a run without a sign of life is abandoned after the timeout and not before", async () => {
  const world = await newWorld();
  await world.send(step());
  world.clock.now = NOW_MS + RUN_ABANDON_AFTER_MS;
  assert.equal(await abandoned(world), 0);
  world.clock.now += 1;
  assert.equal(await abandoned(world), 1);
  assert.equal(world.run("r1").status, "abandoned");
  assert.equal(await abandoned(world), 0, "once");
  assert.equal(treeOf(world.run("r1")), "1 steps, cost 1.2, charge 1.94");
});

test("an ended run is not abandoned", async () => {
  const world = await newWorld();
  await world.send(step(), closed());
  world.clock.now = NOW_MS + 2 * RUN_ABANDON_AFTER_MS;
  assert.equal(await abandoned(world), 0);
  assert.equal(world.run("r1").status, "completed");
});

test("news of an abandoned run revives it", async () => {
  const exact = step({ id: "e0", completeness: "exact" });
  for (const event of [step({ id: "e2" }), outcome(), opened(), exact]) {
    const world = await newWorld();
    await world.send(step(), step({ id: "e0", completeness: "partial" }));
    world.clock.now = NOW_MS + 2 * RUN_ABANDON_AFTER_MS;
    await abandoned(world);
    await world.send(event);
    assert.equal(world.run("r1").status, "open", event.type);
    assert.equal(world.run("r1").lastSeenAtMs, world.clock.now);
    assert.equal(await abandoned(world), 0);
  }
});

test("what adds nothing leaves an abandoned run so, and keeps open ones alive", async () => {
  const repeated = [step(), step({ completeness: "partial" }), step({ tool: "another" })];
  for (const event of repeated) {
    const world = await newWorld();
    await world.send(step());
    world.clock.now = NOW_MS + 2 * RUN_ABANDON_AFTER_MS;
    await abandoned(world);
    const before = world.run("r1");
    await world.send(event);
    assert.deepEqual(world.run("r1"), before);

    const living = await newWorld();
    await living.send(step());
    living.clock.now = NOW_MS + RUN_ABANDON_AFTER_MS;
    await living.send(event);
    living.clock.now += RUN_ABANDON_AFTER_MS;
    assert.equal(await abandoned(living), 0);
  }
});

test("a revived run can fall silent again", async () => {
  const world = await newWorld();
  await world.send(step());
  for (const id of ["e2", "e3"]) {
    world.clock.now += 2 * RUN_ABANDON_AFTER_MS;
    assert.equal(await abandoned(world), 1);
    await world.send(step({ id }));
  }
  const acts = world.store.journal("w", 0, 100).filter(({ kind }) => kind === "run.abandoned");
  assert.equal(acts.length, 2);
});

test("a clock that is set back takes no sign of life away", async () => {
  const world = await newWorld();
  await world.send(step());
  const seen = world.run("r1").lastSeenAtMs;
  world.clock.now -= 5_000;
  await world.send(step({ id: "e2" }));
  assert.equal(world.run("r1").lastSeenAtMs, seen);
  world.clock.now += 2 * RUN_ABANDON_AFTER_MS;
  assert.equal(await abandoned(world), 1);
  world.clock.now -= 2 * RUN_ABANDON_AFTER_MS;
  await world.send(step({ id: "e3" }));
  assert.equal(world.run("r1").status, "open");
  assert.equal(world.run("r1").lastSeenAtMs, seen + 1, "later than the silence that it ended");
});

test("a refused event is no sign of life", async () => {
  const world = await newWorld();
  await world.send(step());
  world.clock.now = NOW_MS + 2 * RUN_ABANDON_AFTER_MS;
  await abandoned(world);
  await world.send(step({ id: "e2", customer: "beta" }));
  assert.equal(world.run("r1").status, "abandoned");
});

test("an abandoned run that is closed has ended", async () => {
  const world = await newWorld();
  await world.send(step());
  world.clock.now = NOW_MS + 2 * RUN_ABANDON_AFTER_MS;
  await abandoned(world);
  await world.send(closed());
  assert.equal(world.run("r1").status, "completed");
});
