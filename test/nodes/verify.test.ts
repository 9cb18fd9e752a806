/**
 * What nodes themselves wrote verifies: every table has rows, made through the engine on a database
 * and by no move. (What was moved is in move.test.ts.)
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeDigest } from "../../src/compose.ts";
import { verifyDatabase } from "../../src/store/move/verify-database.ts";
import { openPostgresStore } from "../../src/store/postgres/postgres-store.ts";
import { fillVaried } from "../faults/varied-history.ts";
import { postgresServer } from "../postgres-server.ts";

test("rows of every table that a node wrote itself verify as those of a folder do", async () => {
  const url = await (await postgresServer()).createDatabase();
  const store = await openPostgresStore({ connectionString: url, digest: nodeDigest });
  try {
    await fillVaried(store);
  } finally {
    await store.close();
  }
  const { findings, checked } = await verifyDatabase(url, () => undefined);
  assert.deepEqual(findings, []);
  for (const [table, count] of Object.entries(checked)) assert.ok(count > 0, table);
});
