/**
 * Exact decimals as scaled integers. Each kind has its own fixed scale, so that a product of a
 * quantity, a price and a factor is an amount without rounding (limits.ts states the sum).
 *
 * A decimal crosses the border as text (or as a safe JSON integer) and is bounded in length
 * before it is converted: `BigInt` of a million digits would block the process.
 */
import { assert } from "../assert.ts";
import {
  AMOUNT_SCALE,
  FACTOR_SCALE,
  NUMBER_TEXT_MAX_CHARS,
  PRICE_SCALE,
  QUANTITY_SCALE,
} from "../limits.ts";

/** An amount of money in units of 10^-33 of its currency. */
export type Amount = bigint & { readonly __amount: unique symbol };
/** A quantity in units of 10^-9. */
export type Quantity = bigint & { readonly __quantity: unique symbol };
/** A price per unit in units of 10^-18 of its currency. */
export type Price = bigint & { readonly __price: unique symbol };
/** A dimensionless factor in units of 10^-6. */
export type Factor = bigint & { readonly __factor: unique symbol };

/** No money. */
export const ZERO_AMOUNT = 0n as Amount;

/** No units. */
export const ZERO_QUANTITY = 0n as Quantity;
/** One whole unit of a quantity. */
export const ONE_UNIT = (10n ** BigInt(QUANTITY_SCALE)) as Quantity;

const DECIMAL = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,3}))?$/;

/**
 * Reads a decimal text at a scale. Returns undefined when the text is not a decimal, is longer
 * than the limit, or has more decimal places than the scale holds (nothing is rounded).
 * Accepts an exponent, because JSON numbers may have one: "1e3", "2.5E-7".
 */
export function parseScaled(
  text: string,
  scale: number,
  maxChars: number = NUMBER_TEXT_MAX_CHARS,
): bigint | undefined {
  if (text.length > maxChars) return undefined;
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponentText] = match;
  const exponent = exponentText === undefined ? 0 : Number(exponentText);
  if (exponent > NUMBER_TEXT_MAX_CHARS || exponent < -2 * NUMBER_TEXT_MAX_CHARS) {
    return /^0+$/.test(whole + fraction) ? 0n : undefined;
  }
  const digits = whole + fraction;
  const shift = scale - fraction.length + exponent;
  if (shift >= 0) {
    const value = BigInt(digits) * 10n ** BigInt(shift);
    return sign === "-" ? -value : value;
  }
  const kept = digits.slice(0, shift) || "0";
  if (!/^0*$/.test(digits.slice(shift))) return undefined;
  const value = BigInt(kept);
  return sign === "-" ? -value : value;
}

const TRIM_STEP = 15;
const TRIM_UNIT = 10n ** BigInt(TRIM_STEP);

/** Writes a scaled integer as the shortest decimal text: no exponent, no trailing zero. */
export function formatScaled(value: bigint, scale: number): string {
  if (value === 0n) return "0";
  let digitsLeft = scale;
  let rest = value < 0n ? -value : value;
  // Amounts carry many zero places: dropping them first keeps the conversion to text cheap.
  while (digitsLeft >= TRIM_STEP && rest % TRIM_UNIT === 0n) {
    rest /= TRIM_UNIT;
    digitsLeft -= TRIM_STEP;
  }
  const digits = rest.toString().padStart(digitsLeft + 1, "0");
  const point = digits.length - digitsLeft;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === 48) end -= 1;
  const text =
    end > point ? `${digits.slice(0, point)}.${digits.slice(point, end)}` : digits.slice(0, point);
  return value < 0n ? `-${text}` : text;
}

/** Sums are longer than any single number from outside: 33 places behind as many digits. */
const AMOUNT_TEXT_MAX_CHARS = 3 * AMOUNT_SCALE;

/** An amount of its decimal text; undefined where it is none or has more than 33 places. */
export function parseAmount(text: string): Amount | undefined {
  return parseScaled(text, AMOUNT_SCALE, AMOUNT_TEXT_MAX_CHARS) as Amount | undefined;
}

/** An amount as its shortest decimal text. */
export function formatAmount(amount: Amount): string {
  return formatScaled(amount, AMOUNT_SCALE);
}

/** A quantity of its decimal text; undefined where it is none or has more than 9 places. */
export function parseQuantity(text: string): Quantity | undefined {
  return parseScaled(text, QUANTITY_SCALE) as Quantity | undefined;
}

/** A quantity as its shortest decimal text. */
export function formatQuantity(quantity: Quantity): string {
  return formatScaled(quantity, QUANTITY_SCALE);
}

/** A price of its decimal text; undefined where it is none or has more than 18 places. */
export function parsePrice(text: string): Price | undefined {
  return parseScaled(text, PRICE_SCALE) as Price | undefined;
}

/** A price as its shortest decimal text. */
export function formatPrice(price: Price): string {
  return formatScaled(price, PRICE_SCALE);
}

/** Reads a percentage such as "20" or "12.5" as a factor (0.2, 0.125). */
export function parsePercent(text: string): Factor | undefined {
  return parseScaled(text, FACTOR_SCALE - 2) as Factor | undefined;
}

const FACTOR_ONE = 10n ** BigInt(FACTOR_SCALE);

/** quantity × price, exact. */
export function priceQuantity(quantity: Quantity, price: Price): Amount {
  return (quantity * price * FACTOR_ONE) as Amount;
}

/**
 * amount × factor, exact: an amount that is a product of quantity and price has FACTOR_SCALE
 * places to spare. Throws where an amount has already used them, since that would round.
 */
export function multiplyAmount(amount: Amount, factor: Factor): Amount {
  const product = amount * factor;
  assert(product % FACTOR_ONE === 0n, "an amount times a factor fits the amount scale");
  return (product / FACTOR_ONE) as Amount;
}

/** A price as the amount of one whole unit. */
export function amountOfPrice(price: Price): Amount {
  return (price * 10n ** BigInt(AMOUNT_SCALE - PRICE_SCALE)) as Amount;
}

/** A quantity that states money, such as an order's value, as an amount. */
export function amountOfQuantity(quantity: Quantity): Amount {
  return (quantity * 10n ** BigInt(AMOUNT_SCALE - QUANTITY_SCALE)) as Amount;
}

/** A whole number of units. The caller has checked that the number is a safe integer. */
export function quantityOfInteger(units: number): Quantity {
  return (BigInt(units) * ONE_UNIT) as Quantity;
}
