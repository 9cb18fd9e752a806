import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePrice } from "../../domain/money/decimal.ts";
import { NOW_MS, newWorld, PRICES, step, type World } from "../commit/engine-world.test.ts";

const DAY_MS = 86_400_000;

/** The prices of the world, reading at another price. */
function reading(price: string) {
  const input = parsePrice(price) ?? assert.fail(price);
  return PRICES.map((entry) => ({
    ...entry,
    periods: entry.periods.map((period) => ({
      ...period,
      rates: period.rates.map((rate, at) => (at === 0 ? { ...rate, price: input } : rate)),
    })),
  }));
}

/** Imports a list of our own; tells the version that answers, and whether it is new. */
async function imported(world: World, price: string, effectiveFromMs: number | null = null) {
  const prices = { source: "own", entries: reading(price), effectiveFromMs };
  const { version, isNew } = await world.engine.importPrices("w", prices);
  return `${version.id} ${isNew ? "new" : "known"}`;
}

async function usedWorld() {
  const world = await newWorld();
  await world.send(step());
  return world;
}

test("a list that is imported again is the version that it was", async () => {
  for (const world of [await newWorld(), await usedWorld()]) {
    assert.equal(await imported(world, "0.005"), "1 new");
    world.clock.now += DAY_MS;
    assert.equal(await imported(world, "0.005"), "1 known");
    assert.equal((await world.store.prices("w")).length, 2);
    const acts = (await world.audited()).journal.filter(({ kind }) => kind === "prices.imported");
    assert.equal(acts.length, 2);
  }
});

test("another list, or one from another source, is a version of its own", async () => {
  const world = await usedWorld();
  assert.equal(await imported(world, "0.005"), "1 new");
  assert.equal(await imported(world, "0.006"), "2 new");
  assert.equal(await imported(world, "0.005"), "3 new");
  const entries = reading("0.005");
  const other = { source: "other", entries, effectiveFromMs: null };
  assert.ok((await world.engine.importPrices("w", other)).isNew);
});

test("a list with a date may be sent again after it took effect", async () => {
  const world = await usedWorld();
  const tomorrow = NOW_MS + DAY_MS;
  assert.equal(await imported(world, "0.005", tomorrow), "1 new");
  world.clock.now += 2 * DAY_MS;
  assert.equal(await imported(world, "0.005", tomorrow), "1 known");
  assert.equal(await imported(world, "0.005"), "1 known");
  await assert.rejects(imported(world, "0.006", tomorrow), { code: "price.backdated" });
});

test("a list that a later one has taken over from is new again", async () => {
  const world = await usedWorld();
  assert.equal(await imported(world, "0.006", NOW_MS + DAY_MS), "1 new");
  assert.equal(await imported(world, "0.005"), "2 new");
  assert.equal(await imported(world, "0.005"), "2 known");
  world.clock.now += 2 * DAY_MS;
  assert.equal(await imported(world, "0.005"), "3 new");
});
