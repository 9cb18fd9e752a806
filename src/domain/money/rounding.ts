/** Named rounding modes. Only listed operations round, and each keeps its residual. */
import { AMOUNT_SCALE } from "../limits.ts";
import type { Amount } from "./decimal.ts";

/** `half_even` is the default of rate cards: it favours nobody over many lines. */
export const ROUNDING_MODES = ["half_even", "half_up", "up", "down"] as const;
export type RoundingMode = (typeof ROUNDING_MODES)[number];

/** A rounded amount and what rounding changed. */
export interface Rounded {
  readonly rounded: Amount;
  /** rounded − exact. */
  readonly residual: Amount;
}

/**
 * Rounds an amount to a number of decimal places. `up` is away from zero, `down` towards zero,
 * so that a charge and its reversal round to the same figure.
 */
export function roundAmount(amount: Amount, decimals: number, mode: RoundingMode): Rounded {
  const unit = 10n ** BigInt(AMOUNT_SCALE - decimals);
  const rounded = (quotient(amount, unit, mode) * unit) as Amount;
  return { rounded, residual: (rounded - amount) as Amount };
}

/** value ÷ unit as a whole number, rounded by the mode. */
export function quotient(value: bigint, unit: bigint, mode: RoundingMode): bigint {
  const sign = value < 0n ? -1n : 1n;
  const magnitude = value * sign;
  const floor = magnitude / unit;
  const rest = magnitude % unit;
  return sign * (floor + (roundsAway({ floor, rest, unit }, mode) ? 1n : 0n));
}

interface Parts {
  readonly floor: bigint;
  readonly rest: bigint;
  readonly unit: bigint;
}

function roundsAway({ floor, rest, unit }: Parts, mode: RoundingMode): boolean {
  if (rest === 0n) return false;
  if (mode === "up") return true;
  if (mode === "down") return false;
  const twice = rest * 2n;
  if (twice !== unit) return twice > unit;
  return mode === "half_up" || floor % 2n === 1n;
}
