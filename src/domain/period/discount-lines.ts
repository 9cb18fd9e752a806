/**
 * Discounts of a statement, one after the other, each on what those before it left. They are taken
 * of rounded amounts, so that a percentage is exact and the bill shows what it is a share of. What
 * a discount takes is divided over its items by largest remainder, in whole units of the currency,
 * for the next one to see what is left of each. The bill never becomes negative by a discount.
 */
import { allocate } from "../money/allocate.ts";
import { type Amount, multiplyAmount } from "../money/decimal.ts";
import type { Discount } from "../rating/rate-card.ts";
import { type ItemLine, underCaps } from "./capped-charges.ts";

/** How to round, and to what. */
export interface Rounding {
  readonly unit: bigint;
  readonly round: (amount: Amount) => Amount;
}

/** What a discount takes off, exact: not negative, and no more than there is. */
export interface Taken {
  readonly discount: Discount;
  readonly amount: Amount;
}

/** What discounts did. */
export interface Discounted {
  /** In order; those that take nothing are left out. */
  readonly taken: readonly Taken[];
  /** What is left of each charge and fee, by key, rounded. */
  readonly left: ReadonlyMap<string, bigint>;
}

/** What each discount takes, and what is left after them. */
export function discountsOf(
  discounts: readonly Discount[],
  lines: readonly ItemLine[],
  rounding: Rounding,
): Discounted {
  const left = underCaps(lines, rounding.unit);
  let total = sum([...left.values()]);
  const taken = discounts.flatMap((discount): Taken[] => {
    const { charges } = discount;
    const keys = [...left.keys()].filter((key) => charges === null || charges.includes(key));
    const weights = keys.map((key) => atLeast0(left.get(key) ?? 0n));
    const base = least(sum(weights), atLeast0(total)) as Amount;
    const amount = takenOf(discount, base);
    if (amount === 0n) return [];
    const rounded = rounding.round(amount);
    const parts = allocate(rounded, weights, rounding.unit);
    for (const [index, key] of keys.entries()) {
      left.set(key, (left.get(key) ?? 0n) - (parts[index] ?? 0n));
    }
    total -= rounded;
    return [{ discount, amount }];
  });
  return { taken, left };
}

/** A rounded amount has places to spare, so its percentage is exact. */
function takenOf({ value }: Discount, base: Amount): Amount {
  return "percent" in value ? multiplyAmount(base, value.percent) : least(value.amount, base);
}

function atLeast0(amount: bigint): bigint {
  return amount > 0n ? amount : 0n;
}

function least<T extends bigint>(a: T, b: T): T {
  return a < b ? a : b;
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((all, amount) => all + amount, 0n);
}
