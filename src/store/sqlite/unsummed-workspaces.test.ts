import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { nodeDigest } from "../../compose.ts";
import { DATABASE_FILE, openSqliteStore } from "./sqlite-store.ts";
import { unsummedWorkspaces } from "./unsummed-workspaces.ts";

/** Workspace 1 is at rest, 2 has many steps, 3 none. */
function fileWith(summed: readonly number[]) {
  const db = new DatabaseSync(":memory:");
  db.exec(`CREATE TABLE steps (step_no INTEGER PRIMARY KEY, run_no INTEGER);
    CREATE TABLE runs (run_no INTEGER PRIMARY KEY, ws INTEGER);
    CREATE TABLE workspaces (ws INTEGER PRIMARY KEY, summed_step_no INTEGER);
    INSERT INTO runs VALUES (1, 1), (2, 2);
    INSERT INTO steps VALUES (4, 1), (5, 1), (150000, 2), (200001, 2)`);
  const insert = db.prepare("INSERT INTO workspaces VALUES (?, ?)");
  for (const [at, no] of summed.entries()) insert.run(at + 1, no);
  const numbers = db.prepare("SELECT summed_step_no AS no FROM workspaces ORDER BY ws");
  return { db, numbers: () => numbers.all().map(({ no }) => no) };
}

test("the next opening looks at none of the steps that a workspace at rest had beside it", () => {
  const { db, numbers } = fileWith([5, 150_000, 0]);
  assert.deepEqual(unsummedWorkspaces(db), new Set([2]));
  assert.deepEqual(numbers(), [200_001, 150_000, 200_001]);
  assert.deepEqual(unsummedWorkspaces(db), new Set([2]));
});

test("a workspace whose totals lack steps is found, and its number stays", () => {
  const { db, numbers } = fileWith([4, 200_001, 200_001]);
  assert.deepEqual(unsummedWorkspaces(db), new Set([1]));
  assert.deepEqual(numbers(), [4, 200_001, 200_001]);
});

test("a file that cannot be read says nothing", () => {
  assert.equal(unsummedWorkspaces(new DatabaseSync(":memory:")), null);
});

test("a workspace that is made beside many steps has none of them to look at", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "tollgate-unsummed-"));
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const db = new DatabaseSync(join(dataDir, DATABASE_FILE));
  db.exec("INSERT INTO steps VALUES (7, 1, 1, 'e1', 1, 1, '', 0, 0)");
  await store.createWorkspace("late");
  const [row] = db.prepare("SELECT summed_step_no AS no FROM workspaces").all();
  assert.equal(row?.no, 7);
  db.close();
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});
