/**
 * Closing is done once: whoever closes again, whatever has happened and however the first close was
 * cut off, finds nothing to do and changes nothing.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { postgresServer } from "../../test/postgres-server.ts";
import { nodeDigest } from "../compose.ts";
import type { Store } from "../engine/ports.ts";
import { anyHistory } from "./event-sequences-contract.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { engineOver, holdings, play } from "./play-contract.ts";
import { openPostgresStore } from "./postgres/postgres-store.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";

const dataDir = mkdtempSync(join(tmpdir(), "tollgate-closing-"));
const stores = new Map<string, Store>();
let workspaces = 0;

before(async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  stores.set("SQLite", openSqliteStore({ digest: nodeDigest, dataDir }));
  stores.set("PostgreSQL", await openPostgresStore({ connectionString, digest: nodeDigest }));
});

after(async () => {
  for (const store of stores.values()) await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const isFull = process.env.TOLLGATE_TEST_FULL !== undefined;

for (const [name, runs] of [
  ["memory", isFull ? 20_000 : 60],
  ["SQLite", isFull ? 300 : 8],
  ["PostgreSQL", isFull ? 100 : 3],
] as const) {
  test(`closing twice changes nothing, however the first close was cut (${name})`, async () => {
    const property = fc.asyncProperty(anyHistory, fc.nat(3), async (history, limit) => {
      const store = stores.get(name) ?? new MemoryStore();
      workspaces += 1;
      const ws = `w${workspaces}`;
      await play(store, ws, history);
      const { engine } = await engineOver(store, ws, { isNew: false });
      const all = { customer: null, period: "", early: true };
      if (limit > 0) await engine.closePeriod(ws, { ...all, limit });
      await engine.closePeriod(ws, all);
      const closed = await holdings(store, ws);
      const again = await engine.closePeriod(ws, all);
      assert.deepEqual(again.statements, []);
      assert.deepEqual(await holdings(store, ws), closed);
    });
    await fc.assert(property, { numRuns: runs });
  });
}
