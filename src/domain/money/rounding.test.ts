import assert from "node:assert/strict";
import { test } from "node:test";
import { Decimal } from "decimal.js";
import fc from "fast-check";
import { type Amount, formatAmount, parseAmount } from "./decimal.ts";
import { ROUNDING_MODES, type RoundingMode, roundAmount } from "./rounding.ts";

const Oracle = Decimal.clone({ precision: 200, toExpNeg: -200, toExpPos: 200 });
const ORACLE_MODES: Readonly<Record<RoundingMode, Decimal.Rounding>> = {
  half_even: Decimal.ROUND_HALF_EVEN,
  half_up: Decimal.ROUND_HALF_UP,
  up: Decimal.ROUND_UP,
  down: Decimal.ROUND_DOWN,
};
const near = fc.tuple(fc.bigInt({ min: -999n, max: 999n }), fc.constantFrom(0n, 1n, -1n));

test("amounts round as an independent library rounds, and the residual is conserved", () => {
  const amount = fc.oneof(
    fc.bigInt({ min: -(10n ** 45n), max: 10n ** 45n }),
    // Halves of a cent and their neighbours: where modes differ.
    near.map(([halves, beside]) => halves * 5n * 10n ** 30n + beside),
  );
  const mode = fc.constantFrom(...ROUNDING_MODES);
  fc.assert(
    fc.property(amount, fc.constantFrom(0, 2, 3), mode, (value, decimals, by) => {
      const exact = value as Amount;
      const { rounded, residual } = roundAmount(exact, decimals, by);
      const expected = new Oracle(formatAmount(exact)).toDecimalPlaces(decimals, ORACLE_MODES[by]);
      assert.equal(formatAmount(rounded), expected.isZero() ? "0" : expected.toString());
      assert.equal(rounded - residual, exact);
    }),
  );
});

test("a charge and its reversal round to the same figure", () => {
  for (const mode of ROUNDING_MODES) {
    const charge = parseAmount("0.125") as Amount;
    const { rounded } = roundAmount(charge, 2, mode);
    assert.equal(roundAmount(-charge as Amount, 2, mode).rounded, -rounded, mode);
  }
});
