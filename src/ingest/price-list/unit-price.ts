/**
 * Prices of published lists, per one unit. Lists state decimals per thousand, per million or per
 * hour; here their text is divided as an integer, never as a float.
 */
import { NUMBER_TEXT_MAX_CHARS, PRICE_MAX_UNITS, PRICE_SCALE } from "../../domain/limits.ts";
import { type Price, parseScaled } from "../../domain/money/decimal.ts";

/** A price per one unit, and whether it is the listed one to the last digit. */
export interface UnitPrice {
  readonly price: Price;
  /**
   * False where the quotient has no end, or the list's number carries the residue of a float
   * (0.18000000000000002): rounded half to even at the 18th decimal place, once, at import.
   */
  readonly isExact: boolean;
}

const UNIT = 10n ** BigInt(PRICE_SCALE);
/** Places that any accepted text needs, so that reading it loses nothing. */
const TEXT_SCALE = 2 * NUMBER_TEXT_MAX_CHARS;

/**
 * The price of one unit where a list states `text` for `per` units (default 1). Undefined where
 * the text is not a decimal, is negative or exceeds the largest price.
 */
export function unitPrice(text: string, per = 1): UnitPrice | undefined {
  const value = parseScaled(text, TEXT_SCALE);
  if (value === undefined || value < 0n) return undefined;
  const divisor = BigInt(per) * 10n ** BigInt(TEXT_SCALE - PRICE_SCALE);
  const floor = value / divisor;
  const rest = value % divisor;
  const roundsUp = rest * 2n > divisor || (rest * 2n === divisor && floor % 2n === 1n);
  const price = (roundsUp ? floor + 1n : floor) as Price;
  return price > PRICE_MAX_UNITS * UNIT ? undefined : { price, isExact: rest === 0n };
}
