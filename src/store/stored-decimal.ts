/**
 * Decimals as the stores keep them. What the product wrote itself is read without the length limit
 * that holds at the border: an amount may have 33 decimals behind any number of digits.
 */
import { TollgateError } from "../domain/errors.ts";
import { AMOUNT_SCALE, FACTOR_SCALE, QUANTITY_SCALE } from "../domain/limits.ts";
import type { Amount, Factor, Quantity } from "../domain/money/decimal.ts";

const STORED = /^-?[0-9]+(?:\.([0-9]+))?$/;

function unscaled(text: string, scale: number): bigint {
  const match = STORED.exec(text);
  const fraction = match?.[1] ?? "";
  // PostgreSQL keeps zeros at the end of a sum; beyond the scale there may be nothing else.
  const kept = fraction.slice(0, scale);
  if (match === null || /[1-9]/.test(fraction.slice(scale))) {
    const detail = `A row holds "${text}" where a decimal of ${scale} places belongs.`;
    throw new TollgateError("store.corrupt", detail);
  }
  const whole = fraction === "" ? text : text.slice(0, -fraction.length - 1);
  return BigInt(whole + kept.padEnd(scale, "0"));
}

/** Reads an amount that a store wrote. Throws `store.corrupt` for anything else. */
export function amountOf(text: string): Amount {
  return unscaled(text, AMOUNT_SCALE) as Amount;
}

/** Reads a quantity that a store wrote. Throws `store.corrupt` for anything else. */
export function quantityOf(text: string): Quantity {
  return unscaled(text, QUANTITY_SCALE) as Quantity;
}

/** Reads a factor that a store wrote. Throws `store.corrupt` for anything else. */
export function factorOf(text: string): Factor {
  return unscaled(text, FACTOR_SCALE) as Factor;
}
