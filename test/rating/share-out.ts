/** Largest remainder, one unit after the other. */
import type { Decimal } from "decimal.js";
import { Exact } from "./price-oracle.ts";

/**
 * Whole units: each share rounded down, then one more for who lost most, first come first. What is
 * lost is told in units of all weights: a third has no last digit, and two of them must be equal.
 */
export function shareOut(amount: Decimal, weights: readonly Decimal[], decimals: number) {
  const all = weights.reduce((total, weight) => total.plus(weight), new Exact(0));
  const unit = new Exact(10).pow(-decimals);
  const shares = weights.map((weight) => {
    const whole = amount.times(weight);
    const exact = all.isZero() ? new Exact(0) : whole.dividedBy(all);
    return { whole, given: exact.toDecimalPlaces(decimals, 1) };
  });
  let rest = amount.minus(shares.reduce((total, { given }) => total.plus(given), new Exact(0)));
  while (rest.gte(unit)) {
    const lost = shares.map(({ whole, given }) => whole.minus(given.times(all)));
    const most = Exact.max(...lost);
    const next = shares[lost.findIndex((one) => one.eq(most))];
    if (next === undefined) break;
    next.given = next.given.plus(unit);
    rest = rest.minus(unit);
  }
  return shares.map(({ given }) => given);
}
