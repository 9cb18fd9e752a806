import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Amount, type Factor, formatAmount, parseAmount } from "../money/decimal.ts";
import { roundAmount } from "../money/rounding.ts";
import type { Discount, DiscountValue } from "../rating/rate-card.ts";
import { discountsOf } from "./discount-lines.ts";

const amount = (text: string) => parseAmount(text) as Amount;
const percent = (whole: bigint): DiscountValue => ({ percent: (whole * 10_000n) as Factor });
const discount = (value: DiscountValue, charges: string[] | null = null): Discount => {
  return { key: "off", name: "Off", value, charges, from: null, until: null };
};
const LINES = [
  { chargeKey: "a", amountRounded: amount("10") },
  { chargeKey: "b", amountRounded: amount("5.01") },
  { chargeKey: "", amountRounded: amount("-1") },
];
const CENTS = {
  unit: amount("0.01"),
  round: (exact: Amount) => roundAmount(exact, 2, "half_even").rounded,
};

function taken(...discounts: Discount[]): string[] {
  return discountsOf(discounts, LINES, CENTS).taken.map((one) => formatAmount(one.amount));
}

describe("discounts", () => {
  test("are of the whole bill or of the charges that they name", () => {
    assert.deepEqual(taken(discount(percent(10n))), ["1.401"]);
    assert.deepEqual(taken(discount(percent(10n), ["a"])), ["1"]);
    assert.deepEqual(taken(discount(percent(10n), ["a", "b"])), ["1.401"], "14.01 is left to take");
    assert.deepEqual(taken(discount(percent(10n), ["other"])), []);
  });

  test("apply one after the other, each on what is left of its charges", () => {
    const first = discount({ amount: amount("4") }, ["a"]);
    assert.deepEqual(taken(first, discount(percent(50n), ["a"])), ["4", "3"]);
    const all = discount({ amount: amount("1") });
    assert.deepEqual(taken(all, discount(percent(100n), ["b"])), ["1", "4.68"]);
  });

  test("never take more than there is", () => {
    const all = discount({ amount: amount("1000") });
    assert.deepEqual(taken(all), ["14.01"]);
    assert.deepEqual(taken(all, discount(percent(50n))), ["14.01"]);
    assert.deepEqual(taken(discount(percent(100n)), all), ["14.01"]);
  });
});
