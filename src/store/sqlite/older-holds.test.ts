/** A file whose holds stood by their identity: opened, they stand as they were granted. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { nodeDigest } from "../../compose.ts";
import { CHAIN_START } from "../../engine/seal.ts";
import { rowText } from "../stored-rows.ts";
import { verifyDataFolder } from "../verify/verify-data-folder.ts";
import { DATABASE_FILE, openSqliteStore } from "./sqlite-store.ts";

const dataDir = mkdtempSync(join(tmpdir(), "tollgate-older-holds-"));
after(() => rmSync(dataDir, { recursive: true, force: true }));

const GRANTED = [
  { id: "b", grantedAt: 30, state: "open" },
  { id: "a", grantedAt: 20, state: "released" },
  { id: "c", grantedAt: 10, state: "open" },
];

function makeOlderFile(): void {
  const db = new DatabaseSync(join(dataDir, DATABASE_FILE));
  const migrations = new URL("migrations/", import.meta.url);
  const files = readdirSync(migrations).sort();
  const older = files.slice(0, files.indexOf("0029-holds-in-order.sql"));
  for (const name of older) db.exec(readFileSync(new URL(name, migrations), "utf8"));
  db.exec(`PRAGMA user_version = ${older.length}`);
  db.prepare("INSERT INTO workspaces (id, chain) VALUES ('w', ?)").run(CHAIN_START);
  for (const { id, grantedAt, state } of GRANTED) {
    const asked = [1, "r1", "sdk", id, `hold_${id}`, state, "acme", null, `1${id}`, grantedAt, 99];
    const bounds = ["estimate", "0", "0", null, null, 0, "[]", "{}"];
    const values = [...asked, ...bounds, state === "open" ? null : 40, null, null, null];
    const marks = values.map(() => "?").join(", ");
    db.prepare(`INSERT INTO holds VALUES (${marks}, ?)`).run(
      ...values,
      nodeDigest.checksum(rowText(values)),
    );
  }
  db.close();
}

test("holds of an older file are kept, each as it was", async () => {
  makeOlderFile();
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const kept = await store.spending.holdsOfRun("w", "r1", 9);
  assert.deepEqual(
    kept.map(({ id, grantedAtMs, state }) => ({ id, grantedAt: grantedAtMs, state })),
    GRANTED,
  );
  const counting = await store.transact("w", (unit) => unit.spending.countingHoldCount());
  assert.equal(counting, 2);
  await store.close();
  assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  const db = new DatabaseSync(join(dataDir, DATABASE_FILE), { readOnly: true });
  const inOrder = db.prepare("SELECT id FROM holds ORDER BY rowid").all();
  assert.deepEqual(
    inOrder.map(({ id }) => id),
    ["c", "a", "b"],
  );
  db.close();
});
