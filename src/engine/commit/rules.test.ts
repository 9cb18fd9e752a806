import assert from "node:assert/strict";
import { test } from "node:test";
import type { JournalEntry, JournalKind } from "../../domain/event/journal.ts";
import { touchedRules } from "./rules.ts";

const act = (kind: JournalKind): JournalEntry => ({
  ...{ seq: 1, kind, run: "", source: "", id: "", contentHash: "", receivedAtMs: 0 },
  document: "{}",
});

const touchedBy = (kind: JournalKind) =>
  touchedRules({ cards: [], prices: [], budgets: [], creditBooks: [], journal: [act(kind)] });

test("what people decide changes terms", () => {
  assert.equal(touchedBy("customer.saved").terms, true);
  assert.deepEqual(touchedBy("rates.imported"), { tariff: true, budgets: false, terms: true });
});

test("acts of many units that move totals alone change no rule", () => {
  // Else nodes on PostgreSQL forget after each what they know, and leave looks that others do not.
  for (const kind of ["usage.rerated", "run.restated"] as const) {
    assert.deepEqual(touchedBy(kind), { tariff: false, budgets: false, terms: false });
  }
});
