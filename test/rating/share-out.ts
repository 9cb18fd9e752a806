/** Largest remainder, one unit after the other. */
import type { Decimal } from "decimal.js";
import { Exact } from "./price-oracle.ts";

/** Whole units: each share rounded down, then one more for who lost most, first come first. */
export function shareOut(amount: Decimal, weights: readonly Decimal[], decimals: number) {
  const all = weights.reduce((total, weight) => total.plus(weight), new Exact(0));
  const unit = new Exact(10).pow(-decimals);
  const shares = weights.map((weight) => {
    const exact = all.isZero() ? new Exact(0) : amount.times(weight).dividedBy(all);
    return { exact, given: exact.toDecimalPlaces(decimals, 1) };
  });
  let rest = amount.minus(shares.reduce((total, { given }) => total.plus(given), new Exact(0)));
  while (rest.gte(unit)) {
    const lost = shares.map(({ exact, given }) => exact.minus(given));
    const most = Exact.max(...lost);
    const next = shares[lost.findIndex((one) => one.eq(most))];
    if (next === undefined) break;
    next.given = next.given.plus(unit);
    rest = rest.minus(unit);
  }
  return shares.map(({ given }) => given);
}
