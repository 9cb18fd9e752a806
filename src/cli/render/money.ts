/** Decimal texts for people. They stay texts: no digit is lost and none is invented. */
import { currencyDecimals } from "../../domain/money/currency.ts";

const DECIMAL = /^-?\d+(?:\.\d+)?$/;
const MONEY_MIN_PLACES = 2;

/** Digits in groups of three before the point: `-12345.678` is `-12,345.678`. */
export function groupDigits(decimal: string): string {
  const [whole = "", fraction] = decimal.split(".");
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/**
 * An exact amount with at least the decimal places of its currency: `0.1` is `0.10` in USD, `1234`
 * is `1,234` in JPY and `1,234.000` in KWD. Nothing is rounded. What is no decimal passes as it is.
 * (Default: two places, for amounts whose currency is not told.)
 */
export function formatMoney(amount: string, currency: string | null = null): string {
  if (!DECIMAL.test(amount)) return amount;
  const places = currencyDecimals(currency ?? "") ?? MONEY_MIN_PLACES;
  const [whole = "", fraction = ""] = amount.split(".");
  const padded = fraction.padEnd(places, "0");
  return padded === "" ? groupDigits(whole) : `${groupDigits(whole)}.${padded}`;
}

/**
 * Pads texts to one width with their decimal points in one column. A text without a point ends
 * where the whole parts end.
 */
export function alignAtPoint(texts: readonly string[]): string[] {
  const parts = texts.map(splitAtPoint);
  const wholeWidth = Math.max(0, ...parts.map(([whole]) => whole.length));
  const restWidth = Math.max(0, ...parts.map(([, rest]) => rest.length));
  return parts.map(([whole, rest]) => whole.padStart(wholeWidth) + rest.padEnd(restWidth));
}

function splitAtPoint(text: string): readonly [whole: string, rest: string] {
  const at = text.lastIndexOf(".");
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at)];
}
