import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { billedParts } from "./billed-parts.ts";
import { type DocumentPart, EXPORT_SCALE, formatValue } from "./export-line.ts";

function part(item: string, amount: string, quantity: string | null = null): DocumentPart {
  return { item, description: item, quantity, amount };
}

const ONE = 10n ** BigInt(EXPORT_SCALE);

test("parts of a third of a cent add up to the bill, none more than a cent off", () => {
  const parts = ["a", "b", "c"].map((item) => part(item, "0.013333333333"));
  const billed = billedParts(parts, { value: (4n * ONE) / 100n, scale: 2, maxCount: 10 });
  assert.deepEqual(
    billed.map(({ item, value }) => [item, formatValue(value)]),
    [
      ["a", "0.01"],
      ["b", "0.02"],
      ["c", "0.01"],
    ],
  );
});

test("what a line is more than its parts is a part of its own", () => {
  const billed = billedParts([part("calls", "2", "4")], { value: 3n * ONE, scale: 0, maxCount: 5 });
  assert.deepEqual(
    billed.map(({ item, description, value }) => [item, description, value / ONE]),
    [
      ["calls", "calls (4)", 2n],
      ["rounding", "Rounding", 1n],
    ],
  );
});

test("a bill of one part too many has the last two of them in one", () => {
  const parts = ["a", "b", "c"].map((item) => part(item, "1"));
  const form = { value: 3n * ONE, scale: 2 };
  assert.equal(billedParts(parts, { ...form, maxCount: 3 }).length, 3);
  const [, others] = billedParts(parts, { ...form, maxCount: 2 });
  assert.deepEqual([others?.description, others?.value], ["2 more lines", 2n * ONE]);
});

test("parts always add up to the line, and are numbers of the target's", () => {
  const bills = fc.record({
    raw: fc.array(fc.bigInt(-(10n ** 40n), 10n ** 40n), { maxLength: 12 }),
    units: fc.bigInt(-(10n ** 12n), 10n ** 12n),
    scale: fc.constantFrom(0, 2, 3),
    maxCount: fc.integer({ min: 1, max: 8 }),
  });
  fc.assert(
    fc.property(bills, ({ raw, units, scale, maxCount }) => {
      const unit = 10n ** BigInt(EXPORT_SCALE - scale);
      const parts = raw.map((value, at) => part(`p${at}`, formatValue(value)));
      const billed = billedParts(parts, { value: units * unit, scale, maxCount });
      assert.equal(
        billed.reduce((sum, { value }) => sum + value, 0n),
        units * unit,
      );
      assert.ok(billed.length <= maxCount);
      for (const { value } of billed) assert.equal(value % unit, 0n);
    }),
  );
});
