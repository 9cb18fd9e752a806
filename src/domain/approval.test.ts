import assert from "node:assert/strict";
import { test } from "node:test";
import { changedAmount } from "./approval.ts";
import { formatAmount } from "./money/decimal.ts";

const largest = (before: unknown, after: unknown): string | null => {
  const amount = changedAmount(before, after);
  return amount === null ? null : formatAmount(amount);
};
const card = (unit: string, more: object = {}) => ({
  key: "support",
  charges: [{ key: "runs", price: { model: "per_unit", unit } }],
  ...more,
});

test("a change is as large as the largest amount that differs, before or after", () => {
  assert.equal(largest(card("1"), card("1")), null);
  assert.equal(largest(card("1"), card("2")), "2");
  assert.equal(largest(card("9"), card("2")), "9");
  assert.equal(largest(null, card("2")), "2");
  assert.equal(largest(card("2"), null), "2");
  assert.equal(largest(card("1"), card("1", { minimum: "500" })), "500");
  assert.equal(largest(card("900"), card("900", { minimum: "5" })), "5", "what stays is no change");
});

test("what is no amount is no matter how large it is", () => {
  assert.equal(largest({ upTo: "10000" }, { upTo: "20000" }), null);
  assert.equal(largest({ charges: [{ price: { percent: "20" } }] }, { charges: [] }), null);
});

test("amounts of a matrix are amounts", () => {
  const cells = (support: string) => ({ price: { model: "matrix", cells: { support } } });
  assert.equal(largest(cells("1"), cells("7")), "7");
});
