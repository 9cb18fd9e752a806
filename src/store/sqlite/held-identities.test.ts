import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { CountingStatements } from "./counting-statements-contract.ts";
import { HeldIdentities } from "./held-identities.ts";

const WS = 1;
/** What is kept of so few is forgotten soon. */
const FEW = 6_000;
const keyOf = (run: string, id: string = randomUUID()) => ({ run, source: "api", id });

function opened() {
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE holds (ws, run, source, id, PRIMARY KEY (ws, run, source, id))");
  const insert = db.prepare("INSERT INTO holds VALUES (?, ?, ?, ?)");
  const statements = new CountingStatements(db);
  const held = new HeldIdentities(statements, WS, FEW);
  const store = (key: ReturnType<typeof keyOf>, ws = WS) =>
    insert.run(ws, key.run, key.source, key.id);
  return { held, store, statements };
}

test("a hold that the file has, or was added, may be there; no other is looked for", () => {
  const { held, store } = opened();
  const [before, later] = [keyOf("r"), keyOf("r")];
  store(before);
  store(keyOf("r", "other"), 2);
  assert.ok(held.mayHold(before));
  assert.ok(!held.mayHold(later));
  store(later);
  held.add(later);
  assert.ok(held.mayHold(later));
  for (const other of [keyOf("r", "other"), keyOf("s", before.id), { ...before, source: "x" }]) {
    assert.ok(!held.mayHold(other));
  }
  const [one, two] = [keyOf("t", "bc"), { run: "t", source: "apib", id: "c" }];
  held.mayHold(one);
  held.add(one);
  assert.ok(!held.mayHold(two));
});

test("a hold that was added before anybody asked about its run is read with it", () => {
  const { held, store } = opened();
  const key = keyOf("r");
  store(key);
  held.add(key);
  assert.ok(held.mayHold(key));
  assert.ok(!held.mayHold(keyOf("r")));
});

test("of a run with 16 holds all are known; of one with more the file is asked", () => {
  const { held, store } = opened();
  for (let n = 0; n < 16; n += 1) store(keyOf("most"));
  for (let n = 0; n < 17; n += 1) store(keyOf("more"));
  assert.ok(!held.mayHold(keyOf("most")));
  assert.ok(held.mayHold(keyOf("more")));
});

test("long runs that take turns are not read again for every hold", () => {
  const { held, store, statements } = opened();
  const holds = 40_000;
  for (let n = 0; n < holds; n += 1) {
    const key = keyOf(`run ${n % 100}`, `h${n}`);
    held.mayHold(key);
    store(key);
    held.add(key);
  }
  assert.ok(statements.rowsRead <= holds / 10, `${statements.rowsRead} rows were read`);
});

test("no hold is forgotten, however many are granted and however many runs are asked about", () => {
  const { held, store } = opened();
  const kept: ReturnType<typeof keyOf>[] = [];
  for (let n = 0; n < 20 * FEW; n += 1) {
    const key = keyOf(`run ${n % 150}`, `h${n}`);
    if (n % 3 === 0) {
      // A run that is asked about and gets nothing.
      assert.ok(!held.mayHold(keyOf(`idle ${n}`, "h")));
      continue;
    }
    held.mayHold(key);
    store(key);
    held.add(key);
    if (n % 997 === 1) kept.push(key);
    for (const former of n % 20_011 === 1 ? kept : []) assert.ok(held.mayHold(former));
  }
  assert.ok(kept.length > 50);
  for (const former of kept) assert.ok(held.mayHold(former));
});
