/**
 * Whatever has happened: once all of it is old and closed, its steps can go. Verification finds
 * nothing before and after, no total moves, and no retry of anything counts again.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { nodeDigest } from "../../src/compose.ts";
import type { TollgateEvent } from "../../src/domain/event/event.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { entriesOf } from "../../src/engine/retention/condensed-runs.ts";
import { anyHistory, type Happening } from "../../src/store/event-sequences-contract.ts";
import { play } from "../../src/store/play-contract.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { findingsOfHistory } from "../faults/verified-history.ts";
import { closeAll, retainAt, withEngine } from "./retaining.ts";

const NUM_RUNS = process.env.TOLLGATE_TEST_FULL === undefined ? 8 : 400;
const NOW_MS = Date.UTC(2028, 0, 15);
const WS = "w";

const totalsOf = async (engine: Engine) => ({
  usage: await engine.usage(WS, { groupBy: ["customer", "kind"], filter: {} }),
  statements: await engine.store.listStatements(WS),
  runs: await engine.store.listRuns(WS, { limit: 1_000 }),
});

function eventsOf(history: readonly Happening[]): TollgateEvent[] {
  return history.flatMap((happening) => (happening.kind === "ingest" ? happening.events : []));
}

async function losesNothing(history: readonly Happening[]): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-retention-"));
  const place = { dataDir };
  try {
    const store = openSqliteStore({ dataDir, digest: nodeDigest });
    await play(store, WS, history);
    await store.close();
    const before = await withEngine(place, NOW_MS, async (engine) => {
      await closeAll(engine, WS);
      return totalsOf(engine);
    });
    assert.deepEqual(findingsOfHistory(dataDir), [], "before");
    const { runs: count } = await retainAt(place, NOW_MS);
    assert.deepEqual(findingsOfHistory(dataDir), [], "after");
    await withEngine(place, NOW_MS, async (engine) => {
      assert.deepEqual(await totalsOf(engine), before);
      for (const event of eventsOf(history)) await engine.ingest(WS, [event]);
      const after = await totalsOf(engine);
      const condensed = await engine.store.transact(WS, async (unit) => {
        return new Set((await entriesOf(unit, before.runs)).map(({ run }) => run));
      });
      assert.equal(condensed.size, count);
      const isOf = (run: { id: string }) => condensed.has(run.id);
      assert.deepEqual(after.runs.filter(isOf), before.runs.filter(isOf));
    });
    assert.deepEqual(findingsOfHistory(dataDir), [], "after all was sent again");
  } finally {
    rmSync(dataDir, { recursive: true });
  }
}

test("after any history, what is old can go, and nothing is lost or counted twice", async () => {
  await fc.assert(fc.asyncProperty(anyHistory, losesNothing), { numRuns: NUM_RUNS });
});
