import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Amount, type Factor, formatAmount, parseAmount } from "../money/decimal.ts";
import { roundAmount } from "../money/rounding.ts";
import type { Discount, DiscountValue } from "../rating/rate-card.ts";
import type { ItemLine } from "./capped-charges.ts";
import { discountsOf } from "./discount-lines.ts";

const amount = (text: string) => parseAmount(text) as Amount;
const percent = (whole: bigint): DiscountValue => ({ percent: (whole * 10_000n) as Factor });
const discount = (value: DiscountValue, charges: string[] | null = null): Discount => {
  return { key: "off", name: "Off", value, charges, from: null, until: null };
};
const line = (kind: ItemLine["kind"], chargeKey: string, text: string): ItemLine => {
  return { kind, cardKey: "card", chargeKey, cell: "", amountRounded: amount(text) };
};
const LINES = [line("charge", "a", "10"), line("charge", "b", "5.01"), line("run_cap", "", "-1")];
const CENTS = {
  unit: amount("0.01"),
  round: (exact: Amount) => roundAmount(exact, 2, "half_even").rounded,
};

function taken(...discounts: Discount[]): string[] {
  return discountsOf(discounts, LINES, CENTS).taken.map((one) => formatAmount(one.amount));
}

function leftOf(lines: readonly ItemLine[], ...discounts: Discount[]): object {
  const { left } = discountsOf(discounts, lines, CENTS);
  return Object.fromEntries([...left].map(([key, one]) => [key, formatAmount(one as Amount)]));
}

describe("discounts", () => {
  test("are of the whole bill or of the charges that they name", () => {
    assert.deepEqual(taken(discount(percent(10n))), ["1.401"]);
    // Of the 1.00 that the cap takes off, 0.67 are of "a", which is 9.33 then.
    assert.deepEqual(taken(discount(percent(10n), ["a"])), ["0.933"]);
    assert.deepEqual(taken(discount(percent(10n), ["a", "b"])), ["1.401"], "14.01 is left to take");
    assert.deepEqual(taken(discount(percent(10n), ["other"])), []);
  });

  test("apply one after the other, each on what is left of its charges", () => {
    const first = discount({ amount: amount("4") }, ["a"]);
    assert.deepEqual(taken(first, discount(percent(50n), ["a"])), ["4", "2.665"]);
    // "b" is 4.68 below the cap, of which 0.33 are taken.
    const all = discount({ amount: amount("1") });
    assert.deepEqual(taken(all, discount(percent(100n), ["b"])), ["1", "4.35"]);
  });

  test("of the whole bill are of what a cap of runs left of the charges, and of fees", () => {
    const lines = [
      ...[line("charge", "calls", "12"), line("fee", "base", "26"), line("run_cap", "", "-6")],
    ];
    // 10 % of 32 are 3.20: of 6.00 and 26.00, not of 12.00 and 26.00 (1.01 and 2.19).
    const tenth = discount(percent(10n));
    assert.deepEqual(leftOf(lines, tenth), { calls: "5.4", base: "23.4", "": "0" });
    // Nobody owes more than 5.40 for calls: half of it, and all of it.
    const half = leftOf(lines, tenth, discount(percent(50n), ["calls"]));
    assert.deepEqual(half, { calls: "2.7", base: "23.4", "": "0" });
    const none = leftOf(lines, tenth, discount(percent(100n), ["calls"]));
    assert.deepEqual(none, { calls: "0", base: "23.4", "": "0" });
  });

  test("leave a cap to the charges of its card, as far as they go", () => {
    const lines = [
      ...[line("charge", "a", "10"), line("charge_maximum", "a", "-7"), line("charge", "b", "1")],
      ...[
        { ...line("charge", "a", "5"), cardKey: "other" },
        line("run_cap", "", "-6"),
        line("run_minimum", "", "2"),
      ],
    ];
    assert.deepEqual(leftOf(lines), { a: "5", b: "0", "": "0" });
  });

  test("never take more than there is", () => {
    const all = discount({ amount: amount("1000") });
    assert.deepEqual(taken(all), ["14.01"]);
    assert.deepEqual(taken(all, discount(percent(50n))), ["14.01"]);
    assert.deepEqual(taken(discount(percent(100n)), all), ["14.01"]);
  });
});
