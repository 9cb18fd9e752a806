import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { nodeDigest } from "../../compose.ts";
import { verifyDataFolder } from "../verify/verify-data-folder.ts";
import { openWriter } from "./open-database.ts";
import { openSqliteStore } from "./sqlite-store.ts";

/** A user that owns nothing: root may write anywhere. */
const NOBODY = 65_534;

async function withFolder(work: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-open-"));
  try {
    const store = openSqliteStore({ dataDir, digest: nodeDigest });
    await store.close();
    await work(dataDir);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const open = (dataDir: string) => openSqliteStore({ dataDir, digest: nodeDigest });
const verify = (dataDir: string) => verifyDataFolder(dataDir);

/** Says of the file that so many migrations made it. */
function setSchema(dataDir: string, change: number): void {
  const db = new DatabaseSync(join(dataDir, "tollgate.db"));
  const { user_version: own } = db.prepare("PRAGMA user_version").get() as { user_version: number };
  db.exec(`PRAGMA user_version = ${own + change}`);
  db.close();
}

test("data of a newer version is none that is broken", async () => {
  await withFolder(async (dataDir) => {
    setSchema(dataDir, 1);
    const refusal = { code: "store.version", message: /^A newer version wrote the data: it/ };
    assert.throws(() => open(dataDir), refusal);
    assert.throws(() => verify(dataDir), refusal);
    // A restored backup would have lost what was recorded since; the version that wrote it goes on.
    setSchema(dataDir, -1);
    await open(dataDir).close();
  });
});

test("data of an older version is not verified before it is brought up to date", async () => {
  await withFolder(async (dataDir) => {
    setSchema(dataDir, -1);
    const refusal = { code: "store.version", message: /^An older version wrote the data: it has/ };
    assert.throws(() => verify(dataDir), refusal);
  });
});

test("a folder that may not be written to is told as that, with its lock or without", async () => {
  await withFolder(async (dataDir) => {
    const refusal = { code: "store.read_only", message: /cannot be written to\.$/ };
    for (const name of ["tollgate.db", "tollgate.lock"]) {
      if (process.getuid?.() === 0) chownSync(join(dataDir, name), NOBODY, NOBODY);
      chmodSync(join(dataDir, name), 0o444);
    }
    chmodSync(dataDir, 0o555);
    await asNobody(async () => {
      assert.throws(() => open(dataDir), refusal);
      assert.throws(() => verify(dataDir), refusal);
    });
    chmodSync(dataDir, 0o755);
    rmSync(join(dataDir, "tollgate.lock"));
    chmodSync(dataDir, 0o555);
    await asNobody(async () => assert.throws(() => open(dataDir), refusal));
    chmodSync(dataDir, 0o755);
  });
});

test("a file that another program writes to is in use", async () => {
  await withFolder(async (dataDir) => {
    const other = new DatabaseSync(join(dataDir, "tollgate.db"));
    other.exec("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
    assert.throws(() => openWriter(join(dataDir, "tollgate.db")), { code: "store.locked" });
    other.close();
    writeFileSync(join(dataDir, "tollgate.db"), "no database, but some text that is long enough");
    assert.throws(() => open(dataDir), { code: "store.corrupt" });
  });
});

async function asNobody(work: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return work();
  process.seteuid?.(NOBODY);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}
