import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { Names } from "./names.ts";
import { openWriter } from "./open-database.ts";
import { actsOf, lastActOf } from "./read-acts.ts";
import { RowCaches } from "./row-caches.ts";
import { SqliteUnit } from "./sqlite-unit.ts";
import { Statements } from "./statements.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-statements-"));
const db = openWriter(join(folder, "rows.db"));
after(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

/** Keeps how SQLite carries each statement out. */
class Explained extends Statements {
  readonly plans: string[] = [];
  readonly #db: DatabaseSync;

  constructor(of: DatabaseSync) {
    super(of);
    this.#db = of;
  }

  override of(sql: string) {
    const rows = this.#db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    this.plans.push(rows.map(({ detail }) => detail).join("; "));
    return super.of(sql);
  }
}

test("an act is found by its kind and subject, however much else the journal holds", () => {
  const reads = new Explained(db);
  const parts = { reads, names: new Names(db), ws: 1 };
  const kind = "customer.saved";
  lastActOf(parts, { kind, subject: "acme" });
  actsOf(parts, { kind, subject: "acme", limit: 1 });
  actsOf(parts, { kind, subject: "acme", beforeSeq: 9, limit: 1 });
  actsOf(parts, { kind, limit: 1 });
  actsOf(parts, { kind, beforeSeq: 9, limit: 1 });
  const act = "SEARCH journal USING INDEX journal_by_act (ws=? AND source=? AND id=?";
  const ofKind = "SEARCH journal USING INDEX journal_by_kind (ws=? AND source=? AND seq>?";
  assert.deepEqual(reads.plans, [
    `${act})`,
    `${act} AND seq>?)`,
    `${act} AND seq>? AND seq<?)`,
    `${ofKind})`,
    `${ofKind} AND seq<?)`,
  ]);
});

test("a unit of work goes through no table: whatever it asks is found by an index", () => {
  const statements = new Explained(db);
  const names = new Names(db);
  const caches = new RowCaches(statements);
  const shared = { names, caches, statements, summing: new Map<number, number>() };
  const unit = new SqliteUnit({ ...shared, checksum: () => 0 }, 1);
  const key = { run: "r", source: "s", id: "i" };
  unit.runs(["r"]);
  unit.suspended([key]);
  unit.suspendedOfRun("r");
  unit.conflicts([key]);
  unit.calls(["c"]);
  unit.witnesses([key]);
  unit.witnessesOfCalls(["c"]);
  unit.customers(["acme"]);
  unit.outcomes([{ run: "r", key: "k" }]);
  unit.outcomesOfRun("r");
  unit.journalled([key]);
  unit.counters([{ customer: "acme", period: "2026-11-01" }]);
  unit.periodsOf("acme");
  unit.usedPeriods("acme");
  unit.adjustments({ customer: "acme", period: "2026-11-01" });
  unit.creditBooks(["acme"]);
  unit.spending.holdsSettledBy([key]);
  const within = /^SEARCH [a-z_]+ USING .* \(ws=\? AND [a-z_]+=\?/;
  const others = statements.plans.filter((plan) => !within.test(plan));
  // Holds that count are all read once, and found by an index of these alone.
  const holds = "SEARCH holds USING INDEX holds_counting (ws=?); USE TEMP B-TREE FOR ORDER BY";
  assert.deepEqual(others, [holds]);
});
