/** Histories that are longer than a page, on every store. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { nodeDigest } from "../compose.ts";
import type { Store } from "../engine/ports.ts";
import { FORMER_STEPS, pagesOf, writeLongHistory } from "./customer-steps-contract.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { openPostgresStore } from "./postgres/postgres-store.ts";
import { postgresServer } from "./real-postgres-contract.ts";
import { openSqliteStore } from "./sqlite/sqlite-store.ts";

async function assertWhole(store: Store): Promise<void> {
  const { steps, former } = await writeLongHistory(store, "w");
  const history = store.history("w");
  const { found } = await pagesOf(history.stepsOfCustomer("acme"));
  assert.deepEqual(found, steps);
  const { found: were } = await pagesOf(history.formerStepsOfCustomer("acme"));
  assert.equal(were.length, FORMER_STEPS);
  assert.deepEqual(
    were.sort((a, b) => a.step.seq - b.step.seq),
    former,
  );
  for (const nobody of ["gamma", ""]) {
    assert.deepEqual((await pagesOf(history.stepsOfCustomer(nobody))).found, []);
    assert.deepEqual((await pagesOf(history.formerStepsOfCustomer(nobody))).found, []);
  }
  await store.close();
}

test("memory gives every step of a long history once, in its order", async () => {
  await assertWhole(new MemoryStore());
});

test("SQLite gives every step of a long history once, in its order", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-long-history-"));
  try {
    await assertWhole(openSqliteStore({ dataDir, digest: nodeDigest }));
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test("PostgreSQL gives every step of a long history once, in its order", async () => {
  const connectionString = await (await postgresServer()).createDatabase();
  await assertWhole(await openPostgresStore({ connectionString, digest: nodeDigest }));
});
