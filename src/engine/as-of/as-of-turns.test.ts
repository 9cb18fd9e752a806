/** Long readings of what was known: others have their turn between, and change nothing of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import {
  cardOf,
  each,
  HOUR_MS,
  money,
  newWorld,
  STEPS,
  toolCall,
  voided,
  type World,
} from "../commit/engine-world.test.ts";

const CALLS = cardOf({ calls: [STEPS, each("0.25")] });
const COUNT = 10 * PAGE_MAX_ROWS;

/** Steps of as many runs, sent before the hour that the readings are of. */
async function worldOf(runs: number): Promise<World> {
  const world = await newWorld(CALLS);
  for (let at = 0; at < COUNT; at += PAGE_MAX_ROWS) {
    const ids = Array.from({ length: PAGE_MAX_ROWS }, (_, index) => at + index);
    const calls = ids.map((id) => toolCall({ run: `r${id % runs}`, id: `e${id}` }));
    await world.send(...calls);
  }
  world.clock.now += HOUR_MS;
  return world;
}

async function chargeBefore({ engine, clock }: World): Promise<string> {
  const reads = await engine.readsAt("w", clock.now - 1);
  const [row] = await engine.usage("w", { groupBy: [], filter: {} }, reads);
  return row === undefined ? "nothing" : money(row.charge);
}

/** Turns that others have while something is read. */
async function turnsDuring(reading: () => Promise<unknown>): Promise<number> {
  let [turns, isReading] = [0, true];
  const count = (): void => {
    if (!isReading) return;
    turns += 1;
    setImmediate(count);
  };
  setImmediate(count);
  await reading();
  isReading = false;
  return turns;
}

for (const runs of [1, 5_000]) {
  test(`others have turns while ${COUNT} steps of ${runs} runs are added up`, async () => {
    const world = await worldOf(runs);
    assert.equal(await chargeBefore(world), "2500");
    const turns = await turnsDuring(() => chargeBefore(world));
    assert.ok(turns >= COUNT / PAGE_MAX_ROWS, `${turns} turns`);
  });
}

test("what is committed in those turns changes nothing of what was known", async () => {
  const world = await worldOf(7);
  const { send } = world;
  const reading = chargeBefore(world);
  let isRead = false;
  const ended = reading.finally(() => {
    isRead = true;
  });
  let sent = 0;
  for (; !isRead && sent < COUNT; sent += 1) {
    // The last steps first: those that the reading has not come to yet.
    const target = { source: "sdk", id: `e${COUNT - 1 - sent}` };
    const about = { run: `r${(COUNT - 1 - sent) % 7}`, id: `v${sent}`, target };
    await send(voided(about));
  }
  assert.equal(await ended, "2500");
  assert.ok(sent > 5, `${sent} steps were voided meanwhile`);
  assert.equal(await chargeBefore(world), "2500", "nor when all is done");
  const [now] = await world.engine.usage("w", { groupBy: [], filter: {} });
  assert.notEqual(money(now?.charge), "2500");
});
