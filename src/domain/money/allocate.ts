/** Divides an amount by weights so that nothing is lost: the parts add up to it. */
import { assert } from "../assert.ts";
import { AMOUNT_SCALE } from "../limits.ts";
import type { Amount } from "./decimal.ts";

/** The smallest unit of a currency with these decimals, as an amount. */
export function smallestUnit(decimals: number): bigint {
  return 10n ** BigInt(AMOUNT_SCALE - decimals);
}

/**
 * Parts of an amount by weight, each a whole number of units, by largest remainder: every part is
 * rounded down, and the units that are left go to the parts that lost most, of equal ones to the
 * first. The amount is a whole number of units and not negative. Nor are weights; not all are 0.
 */
export function allocate(amount: Amount, weights: readonly bigint[], unit: bigint): Amount[] {
  const all = weights.reduce((sum, weight) => sum + weight, 0n);
  assert(amount >= 0n && amount % unit === 0n, "what is divided is a whole number of units");
  assert(all > 0n && weights.every((weight) => weight >= 0n), "there is something to divide by");
  const units = amount / unit;
  const parts = weights.map((weight, index) => {
    return { index, units: (units * weight) / all, lost: (units * weight) % all };
  });
  const left = Number(units - parts.reduce((sum, part) => sum + part.units, 0n));
  for (const part of parts.toSorted(byLoss).slice(0, left)) part.units += 1n;
  return parts.map((part) => (part.units * unit) as Amount);
}

interface Part {
  readonly index: number;
  readonly lost: bigint;
}

function byLoss(a: Part, b: Part): number {
  if (a.lost === b.lost) return a.index - b.index;
  return a.lost > b.lost ? -1 : 1;
}
