import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { unreadRun } from "../kept-identities.ts";
import { CountingStatements } from "./counting-statements-contract.ts";
import { RunIdentities } from "./run-identities.ts";
import { encodeId } from "./stored-id.ts";

const SOURCE = 1;

/** What is kept of so few is forgotten soon. */
const FEW = 6_000;

function opened() {
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE steps (run_no INTEGER, source_no INTEGER, id)");
  db.exec("CREATE INDEX steps_by_run ON steps (run_no)");
  const insert = db.prepare("INSERT INTO steps VALUES (?, ?, ?)");
  const statements = new CountingStatements(db);
  const identities = new RunIdentities(statements, FEW);
  const store = (run: number, id: string) => insert.run(run, SOURCE, encodeId(id));
  return { identities, store, statements };
}

test("a run that was begun here holds what was added, and nothing else is looked for", () => {
  const { identities } = opened();
  const [run, other] = [unreadRun(1), unreadRun(2)];
  identities.begin(run);
  identities.begin(other);
  const ids = Array.from({ length: 1_000 }, () => randomUUID());
  for (const id of ids) identities.add(run, SOURCE, id);
  assert.ok(ids.every((id) => identities.mayHold(run, SOURCE, id)));
  const found = ids.filter(
    (id) =>
      identities.mayHold(other, SOURCE, id) ||
      identities.mayHold(run, SOURCE + 1, id) ||
      identities.mayHold(run, SOURCE, `${id}x`),
  );
  assert.deepEqual(found, []);
});

test("a run that nobody has read may hold anything; once read, it holds what the file has", () => {
  const { identities, store } = opened();
  const run = unreadRun(7);
  const id = randomUUID();
  store(7, id);
  store(7, "plain");
  assert.ok(identities.mayHold(run, SOURCE, "another"));
  identities.read(run);
  assert.ok(identities.mayHold(run, SOURCE, id) && identities.mayHold(run, SOURCE, "plain"));
  assert.ok(!identities.mayHold(run, SOURCE, "another"));
});

test("a run of 16 steps is read, one of more is asked for in the file each time", () => {
  const { identities, store } = opened();
  const [kept, large] = [unreadRun(1), unreadRun(2)];
  for (let n = 0; n < 17; n += 1) {
    if (n < 16) store(1, `id-${n}`);
    store(2, `id-${n}`);
  }
  identities.read(kept);
  identities.read(large);
  assert.ok(!identities.mayHold(kept, SOURCE, "another"));
  assert.ok(identities.mayHold(large, SOURCE, "another"));
});

test("long runs that take turns are not read again for every step", () => {
  const { identities, store, statements } = opened();
  const runs = Array.from({ length: 100 }, (_, at) => unreadRun(at + 1));
  for (const run of runs) identities.begin(run);
  const steps = 40_000;
  for (let n = 0; n < steps; n += 1) {
    const run = runs[n % runs.length] as (typeof runs)[0];
    identities.read(run);
    store(run.runNo, `id-${n}`);
    identities.add(run, SOURCE, `id-${n}`);
  }
  assert.ok(statements.rowsRead <= steps / 10, `${statements.rowsRead} rows were read`);
});

test("however many others come, a stored identity is never taken for a new one", () => {
  const { identities, store } = opened();
  const old = unreadRun(1);
  identities.begin(old);
  store(1, "old");
  identities.add(old, SOURCE, "old");
  const others = unreadRun(2);
  identities.begin(others);
  for (let n = 0; n < 4 * FEW; n += 1) {
    identities.add(others, SOURCE, `id-${n}`);
    if (n % 997 !== 0) continue;
    assert.ok(identities.mayHold(old, SOURCE, "old"));
    assert.ok(identities.mayHold(others, SOURCE, `id-${n}`));
  }
  assert.ok(identities.mayHold(old, SOURCE, "another"), "what it held is forgotten");
  identities.read(old);
  assert.ok(!identities.mayHold(old, SOURCE, "another"));
  assert.ok(identities.mayHold(old, SOURCE, "old"));
});
