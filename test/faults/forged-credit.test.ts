/** What somebody alters of credit is found: the standing wallet, and entries that never were. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { crc32 } from "node:zlib";
import { composeEngine, nodeDigest } from "../../src/compose.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { rowText } from "../../src/store/stored-rows.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-forged-credit-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A workspace in which a customer was given ten and three were paid back. */
async function givenAndTaken(name: string): Promise<string> {
  const dataDir = join(folder, name);
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  const engine = composeEngine(store, { clock: { nowMs: () => Date.UTC(2026, 10, 23) } });
  await store.createWorkspace("w");
  await engine.saveCustomer("w", { id: "acme", settings: {} });
  const who = { reason: "agreed", by: "anna", customer: "acme" };
  const terms = { currency: "USD", name: null, priority: 1, expiresAtMs: null, charges: null };
  const none = { cost: null, costCurrency: null, rollover: null };
  await engine.credits.grant("w", { ...who, ...terms, ...none, id: "g", amount: "10" });
  await engine.credits.refund("w", { ...who, id: "r", grant: "g", amount: "3" });
  await store.settle("w");
  await store.close();
  return dataDir;
}

/** Alters the book of a data folder; its checksum fits again. */
function alter(dataDir: string, change: (document: string) => string): void {
  const db = new DatabaseSync(join(dataDir, "tollgate.db"));
  const row = db.prepare("SELECT * FROM credit_books").get() ?? assert.fail("no book");
  const { ws, customer, due_at, watched, document } = row as Record<string, string | number | null>;
  const altered = change(String(document));
  const checksum = crc32(rowText([ws ?? 0, customer ?? "", due_at ?? null, watched ?? 0, altered]));
  db.prepare("UPDATE credit_books SET document = ?, checksum = ?").run(altered, checksum);
  db.close();
}

const problems = (dataDir: string) =>
  verifyDataFolder(dataDir).findings.map(({ table, problem }) => `${table}: ${problem}`);

test("what was given and taken adds up", async () => {
  assert.deepEqual(problems(await givenAndTaken("whole")), []);
});

test("a wallet that holds more than was posted is found, though its checksum fits", async () => {
  const dataDir = await givenAndTaken("more");
  alter(dataDir, (document) => document.replace('"amount":"10"', '"amount":"100"'));
  assert.deepEqual(problems(dataDir), ['credit_books: holds other credit of "g" than posted']);
});

test("a wallet with a grant that no entry gave is found", async () => {
  const dataDir = await givenAndTaken("none");
  alter(dataDir, (document) => document.replace('"id":"g"', '"id":"h"'));
  assert.deepEqual(problems(dataDir), [
    'credit_books: holds other credit of "g" than posted',
    'credit_books: holds ["USD","h"], which no entry gave',
  ]);
});

test("a wallet that is gone is found", async () => {
  const dataDir = await givenAndTaken("gone");
  const db = new DatabaseSync(join(dataDir, "tollgate.db"));
  db.exec("DELETE FROM credit_books");
  db.close();
  const found = problems(dataDir);
  assert.deepEqual(found, ["credit_books: is missing: its entries are in the journal"]);
});
