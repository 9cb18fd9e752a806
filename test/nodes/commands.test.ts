/** The command line on a database: every command that opens a folder opens it instead. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { atTerminal } from "../cli/terminal.ts";
import { makeVariedHistory } from "../faults/varied-history.ts";
import { postgresServer } from "../postgres-server.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-database-"));
const dataDir = join(folder, "data");
let url: string;

before(async () => {
  await makeVariedHistory(dataDir);
  url = await (await postgresServer()).createDatabase();
});

after(async () => {
  rmSync(folder, { recursive: true });
});

const tollgate = (databaseUrl: string, ...words: string[]) =>
  atTerminal({ DATABASE_URL: databaseUrl }, words);

test("a folder that was moved reads the same from the database, and verifies", async () => {
  const moved = await tollgate(url, "migrate-store", "--data", dataDir, "--json");
  assert.equal(moved.code, 0, moved.err);
  assert.ok((JSON.parse(moved.out) as { rows: number }).rows > 100);
  const commands = [
    ["runs", "--all"],
    ["usage", "--by", "customer,model"],
    ["margin"],
    ["credits"],
  ];
  // Each other command runs a server for a moment, and what that finds to tell depends on how long.
  for (const words of [["verify", "--json"], ...commands.map((line) => [...line, "--json"])]) {
    const fromFolder = await tollgate(url, ...words, "--data", dataDir);
    const fromDatabase = await tollgate(url, ...words);
    assert.deepEqual(fromDatabase, fromFolder, words.join(" "));
  }
  const { code, out } = await tollgate(url, "verify");
  assert.equal(code, 0);
  assert.match(out, /All of it adds up/);
});

test("a move without a folder or an address says what is missing", async () => {
  const nowhere = await tollgate("", "migrate-store", "--data", dataDir);
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.err, /DATABASE_URL does not say/);
  const nothing = await tollgate(url, "migrate-store", "--data", join(folder, "none"));
  assert.equal(nothing.code, 1);
  assert.match(nothing.err, /no data folder/);
  for (const address of ["not an address", "mysql://root@127.0.0.1/tollgate"]) {
    const wrong = await tollgate(address, "runs");
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /no address of a database/);
  }
});
