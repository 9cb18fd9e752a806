import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { StatementFilter } from "../../engine/periods/statement-list.ts";
import { openWriter } from "./open-database.ts";
import { statementPage, statementsOf } from "./read-statements.ts";
import type { ReadParts } from "./read-steps.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-statement-plans-"));
let db: ReturnType<typeof openWriter>;
before(() => {
  db = openWriter(join(folder, "file.db"));
});
after(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

/** How the file finds rows for what a reading asks. */
function plansOf(read: (parts: ReadParts) => unknown): string[] {
  const plans: string[] = [];
  const of = (sql: string) => ({
    all: (...values: (string | number)[]) => {
      const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
      plans.push(steps.map(({ detail }) => detail as string).join("; "));
      return [];
    },
  });
  read({ reads: { of }, ws: 1 } as unknown as ReadParts);
  return plans;
}

const LAST = { period: "2026-11-01", customer: "acme", closedAtMs: 1, id: "st_1" };

test("a page of all statements is read from an index alone, and never sorted", () => {
  const filters: StatementFilter[] = [{ limit: 9 }, { limit: 9, after: LAST, closedUntilMs: 5 }];
  const plans = filters.flatMap((filter) => plansOf((parts) => statementPage(parts, filter)));
  assert.equal(plans.length, 4);
  for (const plan of plans) {
    assert.match(plan, /^SEARCH statements USING COVERING INDEX statements_in_order \([^;]+$/);
  }
});

test("one customer's statements are found by that customer", () => {
  const wanted = { limit: 9, customer: "acme", after: LAST };
  const plans = [
    ...plansOf((parts) => statementPage(parts, wanted)),
    ...plansOf((parts) => statementsOf(parts, "acme")),
  ];
  assert.equal(plans.length, 3);
  for (const plan of plans) {
    assert.match(plan, /INDEX statements_by_customer \(ws=\? AND customer=\?[^;]*$/);
  }
});
