/** Margin over random histories: its laws hold, and every store tells the same. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { postgresServer } from "../../test/postgres-server.ts";
import { nodeDigest } from "../compose.ts";
import { MARGIN_DIMENSIONS } from "../domain/margin/margin-entry.ts";
import type { Store } from "../engine/ports.ts";
import { anyHistory } from "./event-sequences-contract.ts";
import { allMargin, assertCloseChangesNothing, assertMarginLaws } from "./margin-contract.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { engineOver, lengthMs, play } from "./play-contract.ts";
import { openPostgresStore } from "./postgres/postgres-store.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";

const dataDir = mkdtempSync(join(tmpdir(), "tollgate-margin-"));
const stores = new Map<string, Store>([["memory", new MemoryStore()]]);
const full = process.env.TOLLGATE_TEST_FULL === undefined ? 1 : 60;
let workspaces = 0;

before(async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  stores.set("SQLite", openSqliteStore({ dataDir, digest: nodeDigest }));
  stores.set("PostgreSQL", await openPostgresStore({ connectionString, digest: nodeDigest }));
});
after(async () => {
  for (const store of stores.values()) await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function played(store: Store, history: Parameters<typeof play>[2]) {
  workspaces += 1;
  const workspace = `w${workspaces}`;
  await play(store, workspace, history);
  const { engine, advance } = await engineOver(store, workspace, { isNew: false });
  advance(history.reduce((sum, one) => sum + lengthMs(one), 0));
  return { engine, workspace };
}

test("whatever happened, margin adds up to the bills by every dimension", async () => {
  const property = fc.asyncProperty(anyHistory, async (history) => {
    const { engine, workspace } = await played(new MemoryStore(), history);
    await assertMarginLaws(engine, workspace);
    await assertCloseChangesNothing(engine, workspace);
  });
  await fc.assert(property, { numRuns: 20 * full });
});

test("every store tells the same margin", async () => {
  const property = fc.asyncProperty(anyHistory, async (history) => {
    const told = new Map<string, unknown>();
    for (const [name, store] of stores) {
      const { engine, workspace } = await played(store, history);
      const reports = [];
      for (const by of MARGIN_DIMENSIONS) reports.push(await allMargin(engine, workspace, { by }));
      told.set(name, reports);
    }
    for (const [name, reports] of told) assert.deepEqual(reports, told.get("memory"), name);
  });
  await fc.assert(property, { numRuns: 2 * full });
});
