import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EXPORT_SCALE } from "./export-line.ts";
import { quantize } from "./quantize.ts";

const UNIT = 10n ** BigInt(EXPORT_SCALE);
const anyForm = fc.record({
  scale: fc.integer({ min: 0, max: 40 }),
  significantDigits: fc.option(fc.integer({ min: 1, max: 20 })),
  negative: fc.boolean(),
});
const anyDue = fc.bigInt({ min: -(10n ** 55n), max: 10n ** 55n });

test("what is sent fits the form, and what is left is less than its last digit", () => {
  fc.assert(
    fc.property(anyDue, anyForm, (due, form) => {
      const sent = quantize(due, form);
      const unit = 10n ** BigInt(EXPORT_SCALE - Math.min(form.scale, EXPORT_SCALE));
      assert.equal(sent % unit, 0n);
      if (!form.negative) assert.ok(sent >= 0n);
      if (due < 0n && !form.negative) return assert.equal(sent, 0n);
      const digits = String(sent < 0n ? -sent : sent).replace(/0+$/, "").length;
      if (form.significantDigits !== null) assert.ok(digits <= form.significantDigits);
      const left = due - sent;
      if (form.significantDigits === null) assert.ok(2n * (left < 0n ? -left : left) <= unit);
    }),
  );
});

test("halves go to the even number", () => {
  const form = { scale: 0, significantDigits: null, negative: true };
  const half = UNIT / 2n;
  const rounded = [half, 3n * half, 5n * half, -half, -3n * half].map((due) => quantize(due, form));
  assert.deepEqual(rounded, [0n, 2n * UNIT, 2n * UNIT, 0n, -2n * UNIT]);
});

test("a number of 15 digits loses the 16th, which stays to be sent", () => {
  const form = { scale: 12, significantDigits: 15, negative: false };
  const due = 1_234_567_890_123_456n * 10n ** BigInt(EXPORT_SCALE - 12);
  assert.equal(due - quantize(due, form), 6n * 10n ** BigInt(EXPORT_SCALE - 12));
});
