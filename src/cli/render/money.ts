/** Decimal texts for people. They stay texts: no digit is lost and none is invented. */

const DECIMAL = /^-?\d+(?:\.\d+)?$/;
const MONEY_MIN_PLACES = 2;

/** Digits in groups of three before the point: `-12345.678` is `-12,345.678`. */
export function groupDigits(decimal: string): string {
  const [whole = "", fraction] = decimal.split(".");
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/**
 * An exact amount with at least two decimal places: `0.1` is `0.10`, `1234.0005` is `1,234.0005`.
 * Nothing is rounded. What is no decimal passes as it is.
 */
export function formatMoney(amount: string): string {
  if (!DECIMAL.test(amount)) return amount;
  const [whole = "", fraction = ""] = amount.split(".");
  return `${groupDigits(whole)}.${fraction.padEnd(MONEY_MIN_PLACES, "0")}`;
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
