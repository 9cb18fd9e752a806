/** A file whose holds stood by their identity: opened, they stand as they were granted. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { composeEngine, nodeDigest } from "../../compose.ts";
import { NOW_MS, opened, toolCall } from "../../engine/commit/engine-world.test.ts";
import { ask, holdOn } from "../../engine/limits/holds-world.test.ts";
import { verifyDataFolder } from "../verify/verify-data-folder.ts";
import { DATABASE_FILE, openSqliteStore } from "./sqlite-store.ts";

const dataDir = mkdtempSync(join(tmpdir(), "tollgate-older-holds-"));
after(() => rmSync(dataDir, { recursive: true, force: true }));

const GRANTED = [
  { id: "b", grantedAt: NOW_MS + 30, state: "open" },
  { id: "a", grantedAt: NOW_MS + 20, state: "released" },
  { id: "c", grantedAt: NOW_MS + 10, state: "open" },
];
const NOTHING = { asks: [], releases: [], renewals: [], caps: [] };

/** Grants the holds, the oldest first. */
async function grantAll(): Promise<void> {
  const clock = { now: NOW_MS };
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const engine = composeEngine(store, { clock: { nowMs: () => clock.now } });
  await store.createWorkspace("w");
  await engine.ingest("w", [opened({ run: "r1", id: "open", customer: "acme" })]);
  for (const { id, grantedAt } of GRANTED.toReversed()) {
    clock.now = grantedAt;
    const call = { run: "r1", id, customer: "acme", occurredAtMs: grantedAt, contentHash: id };
    await holdOn(engine, "r1", ask(id, { step: toolCall(call), contentHash: id }));
  }
  const releases = [{ run: "r1", source: "sdk", id: "a" }];
  await engine.hold("w", [], { ...NOTHING, run: "r1", releases });
  await store.settle("w");
  await store.close();
}

/** Puts them into the table of before migration 29. */
function makeOlder(): void {
  const migrations = new URL("migrations/", import.meta.url);
  const files = readdirSync(migrations).sort();
  const older = files.slice(0, files.indexOf("0029-holds-in-order.sql"));
  const later = files.slice(older.length + 1).map((name) => {
    return readFileSync(new URL(name, migrations), "utf8");
  });
  const empty = new DatabaseSync(":memory:");
  for (const name of older) empty.exec(readFileSync(new URL(name, migrations), "utf8"));
  const sql = "SELECT sql FROM sqlite_master WHERE tbl_name = 'holds' AND sql IS NOT NULL";
  const made = empty.prepare(sql).all();
  empty.close();
  const db = new DatabaseSync(join(dataDir, DATABASE_FILE));
  // What came after it made indexes, which it knows nothing of.
  const indexes = later.flatMap((text) => [...text.matchAll(/CREATE INDEX (\w+)/g)]);
  for (const [, name] of indexes) db.exec(`DROP INDEX ${name}`);
  db.exec("CREATE TEMP TABLE kept AS SELECT * FROM holds; DROP TABLE holds");
  for (const one of made) db.exec(one.sql as string);
  db.exec(`INSERT INTO holds SELECT * FROM kept; PRAGMA user_version = ${older.length}`);
  db.close();
}

test("holds of an older file are kept, each as it was", async () => {
  await grantAll();
  makeOlder();
  const read = (sql: string) => {
    const db = new DatabaseSync(join(dataDir, DATABASE_FILE), { readOnly: true });
    const rows = db.prepare(sql).all();
    db.close();
    return rows.map((row) => Object.values(row)[0]);
  };
  const [made] = read("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'holds'");
  assert.match(String(made), /WITHOUT ROWID/, "they stand by their identity");
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const kept = await store.spending.holdsOfRun("w", "r1", { limit: 9 });
  assert.deepEqual(
    kept.map(({ id, grantedAtMs, state }) => ({ id, grantedAt: grantedAtMs, state })),
    GRANTED,
  );
  const counting = await store.transact("w", (unit) => unit.spending.countingHoldCount());
  assert.equal(counting, 2);
  await store.close();
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  assert.deepEqual(read("SELECT id FROM holds ORDER BY rowid"), ["c", "a", "b"]);
});
