/**
 * Dated rates between currencies. Where a cost meets a card in another currency, the rate in force
 * when the step occurred converts it, so that a later rate changes nothing that is rated.
 */
import { CONVERSION_RATE_MAX_UNITS, CONVERSION_RATE_SCALE } from "../limits.ts";
import { type Amount, parseScaled } from "./decimal.ts";
import { quotient, type RoundingMode } from "./rounding.ts";

/** Money of one currency for one of another, in units of 10^-9. */
export type Rate = bigint & { readonly __rate: unique symbol };

/** What one unit of `from` is worth in `to`, from an instant on. */
export interface ConversionRate {
  readonly from: string;
  readonly to: string;
  readonly rate: Rate;
  readonly effectiveFromMs: number;
}

/** An amount in the other currency, and what rounding changed of it. */
export interface Converted {
  readonly amount: Amount;
  /**
   * amount − exact, in units of 10^-42: an amount has 33 places and a rate has 9, so that
   * `amount × 10^9 − residual = the amount given × rate`.
   */
  readonly residual: bigint;
}

const RATE_ONE = 10n ** BigInt(CONVERSION_RATE_SCALE);

/** Reads a rate of its decimal text; undefined where it is none, 0, too large or has 10 places. */
export function parseRate(text: string): Rate | undefined {
  const rate = parseScaled(text, CONVERSION_RATE_SCALE);
  const isRate = rate !== undefined && rate > 0n && rate <= CONVERSION_RATE_MAX_UNITS * RATE_ONE;
  return isRate ? (rate as Rate) : undefined;
}

/** A pair of currencies. */
export interface CurrencyPair {
  readonly from: string;
  readonly to: string;
}

/**
 * The rate in force at an instant: the latest to take effect by then, of equal ones the last in the
 * list. Null: there is none, and what needs it has no price. A rate is never inverted or chained:
 * both would be a rate that nobody stated.
 */
export function rateAt(
  rates: readonly ConversionRate[],
  { from, to }: CurrencyPair,
  atMs: number,
): ConversionRate | null {
  let best: ConversionRate | null = null;
  for (const rate of rates) {
    if (rate.from !== from || rate.to !== to || rate.effectiveFromMs > atMs) continue;
    if (best === null || rate.effectiveFromMs >= best.effectiveFromMs) best = rate;
  }
  return best;
}

/** Converts an amount; it is rounded by the mode where it would have more than 33 places. */
export function convert(amount: Amount, { rate }: ConversionRate, mode: RoundingMode): Converted {
  const exact = amount * rate;
  const rounded = quotient(exact, RATE_ONE, mode);
  return { amount: rounded as Amount, residual: rounded * RATE_ONE - exact };
}
