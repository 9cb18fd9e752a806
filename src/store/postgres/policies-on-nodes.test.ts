/**
 * Nodes that take turns on one workspace keep what policies look at of runs that the other one left
 * alone, and find what a single process finds.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { composeEngine, nodeDigest } from "../../compose.ts";
import { newWorld, PLAIN_CARD, PRICES } from "../../engine/commit/engine-world.test.ts";
import { type Move, moves, playBy } from "../../engine/policies/policy-plays.test.ts";
import { postgresServer } from "../real-postgres-contract.ts";
import { openPostgresStore } from "./postgres-store.ts";

const PLAYS = process.env.TOLLGATE_TEST_FULL === "1" ? 150 : 6;

async function playOnNodes(all: readonly Move[], turns: readonly number[]): Promise<unknown[]> {
  const connectionString = await (await postgresServer()).createDatabase();
  const { clock } = await newWorld();
  const open = () => openPostgresStore({ connectionString, digest: nodeDigest });
  const stores = [await open(), await open()];
  const engines = stores.map((store) => {
    return composeEngine(store, { clock: { nowMs: () => clock.now } });
  });
  const [first = assert.fail()] = engines;
  await first.store.createWorkspace("w");
  await first.importPrices("w", { source: "test", entries: PRICES, effectiveFromMs: null });
  await first.applyRateCard("w", { ...PLAIN_CARD, effectiveFromMs: 0 });
  const engineOf = (at: number) => engines[turns[at % turns.length] ?? 0] ?? first;
  try {
    return await playBy({ clock, engineOf }, all);
  } finally {
    for (const store of stores) await store.close();
  }
}

test("two nodes in any turns find and stop what one process does", async () => {
  const turns = fc.array(fc.nat(1), { minLength: 7, maxLength: 20 });
  const played = fc.asyncProperty(moves, turns, async (all, by) => {
    const { engine, clock } = await newWorld();
    const alone = await playBy({ clock, engineOf: () => engine }, all);
    assert.deepEqual(await playOnNodes(all, by), alone);
  });
  // A play takes seconds, so none is made smaller.
  await fc.assert(played, { numRuns: PLAYS, endOnFailure: true });
});
