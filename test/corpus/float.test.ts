import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  exactProduct,
  exactSum,
  isPrinted,
  loopSum,
  printsAs,
  sameDecimal,
  shiftDecimal,
  statesExactly,
} from "./float.ts";

test("one number written in several ways is the same decimal", () => {
  assert.ok(sameDecimal("4e-05", "0.00004"));
  assert.ok(sameDecimal("0.0", "0"));
  assert.ok(sameDecimal("1.50", "15E-1"));
  assert.ok(!sameDecimal("0.1", "-0.1"));
  assert.ok(!sameDecimal("0.05841999999999999", "0.05842"));
  assert.ok(!sameDecimal("", ""));
  assert.ok(!sameDecimal("n/a", "n/a"));
});

test("two texts of one double differ where their digits do", () => {
  assert.equal(Number("0.30000000000000004"), Number("0.30000000000000005"));
  assert.ok(printsAs(0.1 + 0.2, "0.30000000000000004"));
  assert.ok(!printsAs(0.1 + 0.2, "0.30000000000000005"));
});

test("a figure is exact as a decimal or as the double nearest to it", () => {
  assert.ok(statesExactly("0.05842", "0.05842"));
  assert.ok(statesExactly("0.1234567890123456789", "0.12345678901234568"));
  assert.ok(!statesExactly("0.05842", "0.05841999999999999"));
});

test("a double never prints a zero after its digits", () => {
  for (const text of ["0", "0.0", "12", "4.5e-05", "0.073032", "-1.25"]) {
    assert.ok(isPrinted(text), text);
  }
  for (const text of ["0.07303200000000000", "0.50", "12.00", "", "1.2.3"]) {
    assert.ok(!isPrinted(text), text);
  }
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), printsItself));
});

function printsItself(value: number): boolean {
  return isPrinted(String(value)) && printsAs(value, String(value));
}

test("a loop adds floats in order", () => {
  assert.equal(String(loopSum([0.1, 0.2, 0.3])), "0.6000000000000001");
  assert.equal(String(loopSum([0.3, 0.2, 0.1])), "0.6");
});

test("exact sums and products agree with integers of the smallest place", () => {
  const cents = fc.integer({ min: -1_000_000, max: 1_000_000 });
  const asText = (value: number): string => `${value}e-6`;
  fc.assert(
    fc.property(fc.array(cents, { maxLength: 20 }), (values) => {
      const sum = values.reduce((total, value) => total + value, 0);
      return sameDecimal(exactSum(values.map(asText)), asText(sum));
    }),
  );
  fc.assert(
    fc.property(fc.nat({ max: 10_000_000 }), fc.nat({ max: 1_000_000 }), (count, price) =>
      sameDecimal(exactProduct(count, asText(price)), `${BigInt(count) * BigInt(price)}e-6`),
    ),
  );
});

test("shifting the point changes no digit", () => {
  assert.ok(sameDecimal(shiftDecimal("0.000000028", 6), "0.028"));
  assert.ok(sameDecimal(shiftDecimal("0", 6), "0"));
});
