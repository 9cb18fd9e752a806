import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Amount } from "../money/decimal.ts";
import { LINE_KINDS } from "../period/statement-line.ts";
import { type BillParts, entriesOfBill } from "./bill-lines.ts";
import type { MarginPlace } from "./margin-entry.ts";

const CLOSED: MarginPlace = {
  ...{ customer: "acme", period: "2026-11-01", currency: "USD", rate: null, isOpen: false },
};

const amount = fc.bigInt({ min: -9n, max: 9n }).map((n) => n as Amount);
const parts: fc.Arbitrary<BillParts> = fc.record(
  {
    lines: fc.array(
      fc.record({
        kind: fc.constantFrom(...LINE_KINDS),
        cardKey: fc.constantFrom("", "a", "b"),
        cell: fc.constantFrom("", "gpt-5"),
        amountExact: amount,
      }),
    ),
    ofRuns: amount,
    countedBefore: amount,
    credited: amount,
  },
  { noNullPrototype: true },
);

test("with what runs came to, the parts of a closed bill are its total less its credits", () => {
  fc.assert(
    fc.property(parts, (bill) => {
      const total = bill.lines.reduce((sum, { amountExact }) => sum + amountExact, 0n);
      const named = entriesOfBill(CLOSED, bill).reduce((sum, { revenue }) => sum + revenue, 0n);
      assert.equal(named + bill.ofRuns, total - bill.credited);
    }),
  );
});

test("what a trial counts and takes off is in no row", () => {
  const tried = (kind: string, amountExact: bigint) => ({
    ...{ kind, cardKey: "a", cell: "~trial:gpt-5", amountExact },
  });
  const volume = [tried("tier_correction", -2n), tried("trial", 2n)];
  const lines = [tried("charge", 9n), tried("included", 0n), tried("trial", -9n), ...volume];
  const bill = { lines, ofRuns: 0n, countedBefore: 0n, credited: 0n } as unknown as BillParts;
  for (const isOpen of [false, true])
    assert.deepEqual(entriesOfBill({ ...CLOSED, isOpen }, bill), []);
});

test("lines are summed by their kind and card; those of runs are left to runs", () => {
  const line = (kind: string, amountExact: bigint, cardKey = "") => ({
    kind,
    cardKey,
    cell: "",
    amountExact,
  });
  const lines = [
    ...[line("charge", 9n, "a"), line("run_cap", -2n), line("included", 0n)],
    ...[line("fee", 3n, "a"), line("fee", 4n, "a"), line("fee", 5n, "b"), line("opening", -6n)],
  ];
  const bill = { lines, ofRuns: 4n, countedBefore: 2n, credited: 1n } as unknown as BillParts;
  const told = (at: MarginPlace) =>
    entriesOfBill(at, bill).map(({ line: kind, of, revenue }) => `${kind} ${of.card} ${revenue}`);
  const open = ["fee a 7", "fee b 5", "opening  -4", "credit_note  -1"];
  assert.deepEqual(told({ ...CLOSED, isOpen: true }), open);
  // 9 less 2 were counted, 2 of it elsewhere and 4 by what runs come to now: one was billed only.
  assert.deepEqual(told(CLOSED), [...open, "billed_elsewhere  1"]);
});
