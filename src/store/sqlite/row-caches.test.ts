import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { runRow } from "../sample-rows-contract.ts";
import { encodeRun, RUN_COLUMNS } from "../stored-rows.ts";
import { CountingStatements } from "./counting-statements-contract.ts";
import { RowCaches } from "./row-caches.ts";

const WS = 1;
/** More than are kept from unit to unit. */
const MANY = 10_500;
const IDS = Array.from({ length: MANY }, (_, at) => `run-${at}`);

function opened(ids: readonly string[]) {
  const db = new DatabaseSync(":memory:");
  db.exec(`CREATE TABLE runs (run_no INTEGER PRIMARY KEY, ${RUN_COLUMNS.join(", ")});
    CREATE UNIQUE INDEX runs_by_id ON runs (ws, id)`);
  const marks = RUN_COLUMNS.map(() => "?").join(", ");
  const insert = db.prepare(`INSERT INTO runs VALUES (NULL, ${marks})`);
  for (const id of ids) insert.run(...encodeRun(WS, runRow({ id })));
  const statements = new CountingStatements(db);
  return { caches: new RowCaches(statements), statements };
}

test("a unit reads each run once, however many it binds, and later ones most of them never", () => {
  const { caches, statements } = opened(IDS);
  const readBy = (unit: () => void) => {
    const before = statements.rowsRead;
    caches.trimRuns(WS);
    unit();
    return statements.rowsRead - before;
  };
  const reads = readBy(() => {
    assert.deepEqual(idsOf(caches, IDS), IDS);
    for (const id of IDS) assert.equal(caches.run(WS, id)?.run.id, id);
  });
  assert.equal(reads, MANY);
  assert.equal(
    readBy(() => caches.runs(WS, IDS.slice(-5_000))),
    0,
  );
  // All but 8,751 were forgotten.
  assert.equal(
    readBy(() => caches.runs(WS, IDS)),
    MANY - 8_751,
  );
});

test("runs that are read together stand as they were asked for, without those that are not", () => {
  const { caches, statements } = opened(["b", "a", "d'", '"c"']);
  caches.run(WS, "b");
  const asked = ["d'", "none", "b", '"c"', "a"];
  assert.deepEqual(idsOf(caches, asked), ["d'", "b", '"c"', "a"]);
  assert.equal(statements.rowsRead, 4);
  assert.deepEqual(idsOf(caches, []), []);
  assert.deepEqual(caches.runs(WS + 1, asked), []);
});

function idsOf(caches: RowCaches, ids: readonly string[]): string[] {
  return caches.runs(WS, ids).map(({ id }) => id);
}
