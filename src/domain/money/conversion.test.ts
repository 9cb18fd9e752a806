import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { CONVERSION_RATE_MAX_UNITS } from "../limits.ts";
import { type ConversionRate, convert, parseRate, type Rate, rateAt } from "./conversion.ts";
import { type Amount, formatAmount, parseAmount } from "./decimal.ts";
import { ROUNDING_MODES } from "./rounding.ts";

const rate = (text: string, effectiveFromMs = 0, to = "EUR"): ConversionRate => {
  return { from: "USD", to, rate: parseRate(text) as Rate, effectiveFromMs };
};
const PAIR = { from: "USD", to: "EUR" };

describe("a rate between currencies", () => {
  test("is positive, has nine places and a largest value", () => {
    assert.equal(parseRate("0.000000001"), 1n);
    assert.equal(parseRate(`${CONVERSION_RATE_MAX_UNITS}`), 10n ** 18n);
    for (const wrong of ["0", "-1", "0.0000000001", `${CONVERSION_RATE_MAX_UNITS}.1`, "1e400"]) {
      assert.equal(parseRate(wrong), undefined, wrong);
    }
  });

  test("is the latest in force by then, of its own pair and direction", () => {
    const rates = [rate("0.9", 100), rate("0.8", 300), rate("0.85", 200), rate("150", 0, "JPY")];
    const at = (ms: number) => rateAt(rates, PAIR, ms)?.effectiveFromMs;
    assert.deepEqual([99, 100, 250, 300, 999].map(at), [undefined, 100, 200, 300, 300]);
    assert.equal(rateAt(rates, { from: "EUR", to: "USD" }, 999), null);
    const corrected = [rate("0.9", 100), rate("0.91", 100)];
    assert.equal(rateAt(corrected, PAIR, 100)?.rate, 910_000_000n);
  });

  test("converts into currencies of 0, 2 and 3 decimals without a loss where it fits", () => {
    const cost = parseAmount("0.0375") as Amount;
    const converted = ["150.25", "0.92", "0.307123456"].map((text) =>
      convert(cost, rate(text), "half_even"),
    );
    assert.deepEqual(
      converted.map(({ amount, residual }) => [formatAmount(amount), residual]),
      [
        ["5.634375", 0n],
        ["0.0345", 0n],
        ["0.0115171296", 0n],
      ],
    );
  });

  test("keeps what its rounding changes", () => {
    const amounts = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }) as fc.Arbitrary<Amount>;
    const rates = fc.bigInt({ min: 1n, max: 10n ** 18n }) as fc.Arbitrary<Rate>;
    fc.assert(
      fc.property(amounts, rates, fc.constantFrom(...ROUNDING_MODES), (amount, one, mode) => {
        const { amount: converted, residual } = convert(amount, { ...rate("1"), rate: one }, mode);
        assert.equal(converted * 10n ** 9n - residual, amount * one);
        assert.ok(residual < 10n ** 9n && residual > -(10n ** 9n));
        const back = convert(-amount as Amount, { ...rate("1"), rate: one }, mode);
        assert.equal(back.amount, -converted, "a reversal converts to the same figure");
      }),
    );
  });
});
