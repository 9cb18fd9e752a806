/**
 * The oracle over random histories: whatever the engine does, independent code rebuilds the same
 * totals from the rows, also those whose last totals still wait in the server's memory.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { nodeDigest } from "../../src/compose.ts";
import { anyHistory } from "../../src/store/event-sequences-contract.ts";
import { CARDS, PRICES, play } from "../../src/store/play-contract.ts";
import { BUDGETS } from "../../src/store/sample-budgets-contract.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";

const full = process.env.TOLLGATE_TEST_FULL === undefined ? 1 : 20;

/** The histories begin with rows that no journal entry is of: they pass the engine. */
const UNJOURNALLED: ReadonlySet<string> = new Set([
  ...CARDS.map(({ id }) => `rate_cards w/${id}`),
  ...PRICES.map(({ id }) => `price_versions w/${id}`),
  ...BUDGETS.map(({ id }) => `budgets w/${id}`),
]);

function findingsIn(dataDir: string) {
  const { findings } = verifyDataFolder(dataDir);
  return findings.filter(({ table, key, problem }) => {
    return problem !== "is not in the journal" || !UNJOURNALLED.has(`${table} ${key}`);
  });
}

test("after any history, verification finds nothing", async () => {
  const property = fc.asyncProperty(anyHistory, async (history) => {
    const dataDir = mkdtempSync(join(tmpdir(), "tollgate-verify-"));
    const store = openSqliteStore({ dataDir, digest: nodeDigest });
    try {
      await play(store, "w", history);
      assert.deepEqual(findingsIn(dataDir), [], "while the server runs");
      await store.settle("w");
      assert.deepEqual(findingsIn(dataDir), [], "with all totals on disk");
    } finally {
      await store.close();
      rmSync(dataDir, { recursive: true });
    }
  });
  await fc.assert(property, { numRuns: 40 * full });
});
