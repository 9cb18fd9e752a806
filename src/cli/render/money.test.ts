import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { alignAtPoint, formatMoney, groupDigits } from "./money.ts";

test("an amount keeps every digit and has at least two places", () => {
  assert.equal(formatMoney("0"), "0.00");
  assert.equal(formatMoney("0.1"), "0.10");
  assert.equal(formatMoney("1234567.000000000000000001"), "1,234,567.000000000000000001");
  assert.equal(formatMoney("-1234.5"), "-1,234.50");
});

test("an amount has the decimals of its currency", () => {
  assert.equal(formatMoney("1234", "JPY"), "1,234");
  assert.equal(formatMoney("9.5", "JPY"), "9.5", "no digit is lost");
  assert.equal(formatMoney("-1.5", "KWD"), "-1.500");
  assert.equal(formatMoney("1", "EUR"), "1.00");
  assert.equal(formatMoney("1", "tokens"), "1.00", "what is no currency has two");
});

test("an amount beyond the precision of floating point is shown to the last digit", () => {
  assert.equal(formatMoney("9007199254740993.10"), "9,007,199,254,740,993.10");
});

test("what is no decimal is shown as it came", () => {
  for (const text of ["", "?", "NaN", "1e5", "12,5"]) assert.equal(formatMoney(text), text);
});

test("digits are grouped before the point only", () => {
  assert.equal(groupDigits("999"), "999");
  assert.equal(groupDigits("1000.00001"), "1,000.00001");
});

test("decimal points stand in one column, whole numbers end before it", () => {
  assert.deepEqual(alignAtPoint(["0.5", "12.25", "7", ""]), [" 0.5 ", "12.25", " 7   ", "     "]);
});

test("grouping and padding never change a number", () => {
  const parts = fc.tuple(fc.boolean(), fc.bigInt({ min: 0n }), fc.bigInt({ min: 0n }));
  fc.assert(
    fc.property(parts, ([isNegative, whole, fraction]) => {
      const text = `${isNegative ? "-" : ""}${whole}.${fraction}`;
      const shown = formatMoney(text).replaceAll(",", "");
      assert.equal(shown.startsWith(text), true);
      assert.match(shown.slice(text.length), /^0?$/);
    }),
  );
});
