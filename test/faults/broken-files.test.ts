/** A data file that is none any more is refused with what is wrong with it, by whoever opens it. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import { startTollgate } from "../../src/compose.ts";
import { DATABASE_FILE } from "../../src/store/sqlite/sqlite-store.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";

/** A database of two pages whose schema names a column that its table does not have. */
function breakSchema(path: string): void {
  const db = new DatabaseSync(path);
  db.enableDefensive(false);
  db.exec("CREATE TABLE workspaces (ws INTEGER, id TEXT)");
  db.exec("PRAGMA writable_schema = ON");
  db.exec("UPDATE sqlite_schema SET sql = 'CREATE TABLE workspaces (ws INTEGER, CHECK (no) KE'");
  db.close();
}

const BROKEN: Readonly<Record<string, readonly [make: (path: string) => void, told: RegExp]>> = {
  "holds something else": [
    (path) => writeFileSync(path, "no database ".repeat(100)),
    /^store\.corrupt ".*tollgate\.db" is no whole data file: file is not a database\.$/,
  ],
  "has a broken schema": [
    breakSchema,
    /^store\.corrupt ".*" is no whole data file: malformed database schema \(workspaces\)/,
  ],
  "is a folder": [(path) => mkdirSync(path), /^store\.missing ".*" cannot be opened: /],
};

/** What a data folder is refused with. */
async function refusalOf(open: () => unknown): Promise<string> {
  try {
    await open();
  } catch (error) {
    const { code, message } = error as { readonly code: string; readonly message: string };
    return `${code} ${message}`;
  }
  return assert.fail("nothing was refused");
}

describe("a data file that", () => {
  const root = mkdtempSync(join(tmpdir(), "tollgate-broken-"));
  after(() => rmSync(root, { recursive: true, force: true }));

  for (const [what, [make, told]] of Object.entries(BROKEN)) {
    test(`${what} is refused by verify and by the server`, async () => {
      const dataDir = mkdtempSync(join(root, "data-"));
      make(join(dataDir, DATABASE_FILE));
      assert.match(await refusalOf(() => verifyDataFolder(dataDir)), told);
      assert.match(await refusalOf(() => startTollgate({ dataDir, port: 0 })), told);
    });
  }

  test("is empty has nothing to verify, and becomes one when a server starts", async () => {
    const dataDir = mkdtempSync(join(root, "data-"));
    writeFileSync(join(dataDir, DATABASE_FILE), "");
    const refused = await refusalOf(() => verifyDataFolder(dataDir));
    assert.match(refused, /^store\.corrupt .*: no such table: workspaces\.$/);
    await (await startTollgate({ dataDir, port: 0 })).stop();
    assert.deepEqual(verifyDataFolder(dataDir).findings, []);
  });
});
