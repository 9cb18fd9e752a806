import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Rate } from "../money/conversion.ts";
import type { Amount } from "../money/decimal.ts";
import { MARGIN_DIMENSIONS, type MarginEntry, type MarginPlace } from "./margin-entry.ts";
import { byOrder } from "./margin-order.ts";
import { type FineAmount, formatFine, marginPercent, marginRows } from "./margin-table.ts";

const amount = fc.bigInt({ min: -(10n ** 36n), max: 10n ** 36n }).map((n) => n as Amount);
const RATE = { from: "USD", to: "EUR", rate: 912_345_678n as Rate, effectiveFromMs: 0 };

const places: readonly MarginPlace[] = ["acme", "globex"].flatMap((customer) =>
  [
    { period: "2026-10-01", currency: "USD", rate: null },
    { period: "2026-11-01", currency: "EUR", rate: RATE },
    { period: "2026-12-01", currency: "EUR", rate: null },
  ].map((at) => ({ customer, isOpen: false, ...at })),
);

const name = fc.constantFrom("", "a", "b", "c");
const entry: fc.Arbitrary<MarginEntry> = fc.record(
  {
    at: fc.constantFrom(...places),
    of: fc.record(
      { agent: name, model: name, tool: name, card: name, run: name, tree: name, outcome: name },
      { noNullPrototype: true },
    ),
    line: fc.constantFrom(null, null, "fee", "discount"),
    revenue: amount,
    cost: amount,
    paid: fc.option(amount),
    steps: fc.nat(9),
    unpriced: fc.nat(3),
  },
  { noNullPrototype: true },
);
const entries = fc.array(entry, { maxLength: 30 });

function sums(rows: ReturnType<typeof marginRows>) {
  const sum = (column: "revenue" | "ofLines" | "cost" | "steps" | "unpriced") =>
    rows.reduce((total, row) => total + BigInt(row[column]), 0n);
  return [sum("revenue"), sum("ofLines"), sum("cost"), sum("steps"), sum("unpriced")];
}

test("rows add up to what went in by every dimension, in any order", () => {
  fc.assert(
    fc.property(entries, (list) => {
      const total = sums(marginRows("all", list));
      for (const by of MARGIN_DIMENSIONS) {
        assert.deepEqual(sums(marginRows(by, list)), total, by);
        const order = byOrder("margin");
        const backwards = marginRows(by, list.toReversed()).sort(order);
        assert.deepEqual(backwards, marginRows(by, list).sort(order));
      }
    }),
  );
});

test("a margin is revenue less the exact cost, or nothing where a rate is missing", () => {
  fc.assert(
    fc.property(entries, (list) => {
      const rows = marginRows("customer", list);
      for (const row of rows) {
        const own = list.filter(
          ({ at }) => at.customer === row.name && at.currency === row.currency,
        );
        const lacks = own.some(({ at, cost }) => at.period === "2026-12-01" && cost !== 0n);
        assert.equal(row.margin === null, lacks);
        if (row.margin === null) continue;
        const rate = row.currency === "USD" ? 1_000_000_000n : RATE.rate;
        const revenue = own.reduce((sum, one) => sum + one.revenue, 0n);
        const cost = own.reduce((sum, one) => sum + one.cost, 0n);
        assert.equal(row.margin, revenue * 1_000_000_000n - cost * rate);
      }
    }),
  );
});

test("a percentage is rounded half even, and there is none without revenue", () => {
  const percent = (margin: bigint | null, revenue: bigint) =>
    marginPercent({ margin: margin as FineAmount | null, revenue: revenue as Amount });
  const fine = 10n ** 9n;
  assert.equal(percent(fine, 3n), "33.33");
  assert.equal(percent(-2n * fine, 3n), "-66.67");
  // 0.125 % and 0.135 % lie in the middle.
  assert.equal(percent(125n * fine, 100_000n), "0.12");
  assert.equal(percent(135n * fine, 100_000n), "0.14");
  for (const revenue of [0n, -3n]) assert.equal(percent(fine, revenue), null);
  assert.equal(percent(null, 3n), null);
  assert.equal(formatFine(-(15n * 10n ** 41n) as FineAmount), "-1.5");
  assert.equal(formatFine(1n as FineAmount), `0.${"0".repeat(41)}1`);
});
