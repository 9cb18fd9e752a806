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
import { SHORT_PLACES, shortUnits } from "./short-units.ts";

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

/** Powers of ten up to the widest scale: raising ten anew costs as much as the rest of a number. */
const POWERS = Array.from({ length: AMOUNT_SCALE + 1 }, (_, exponent) => 10n ** BigInt(exponent));

function powerOfTen(exponent: number): bigint {
  return POWERS[exponent] ?? 10n ** BigInt(exponent);
}

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
  return parseShort(text, scale) ?? parseAny(text, scale);
}

/** So many digits and a point are a safe integer without the point. */
const SHORT_TEXT_MAX_CHARS = 16;
const POINT = 0x2e;
const DIGIT_0 = 0x30;

/**
 * A plain decimal of few digits, as nearly all are; undefined where the text is anything else,
 * also where it is wrong. Takes a quarter of the general way (0.1 of 0.4 µs for an amount).
 */
function parseShort(text: string, scale: number): bigint | undefined {
  const { length } = text;
  if (length > SHORT_TEXT_MAX_CHARS) return undefined;
  let digits = 0;
  let pointAt = length;
  for (let at = 0; at < length; at += 1) {
    const digit = text.charCodeAt(at) - DIGIT_0;
    if (digit >= 0 && digit <= 9) digits = digits * 10 + digit;
    else if (digit === POINT - DIGIT_0 && pointAt === length) pointAt = at;
    else return undefined;
  }
  const isWritten = pointAt > 0 && pointAt !== length - 1;
  const hasLeadingZero = pointAt > 1 && text.charCodeAt(0) === DIGIT_0;
  const shift = scale - Math.max(0, length - 1 - pointAt);
  if (!isWritten || hasLeadingZero || shift < 0 || !Number.isSafeInteger(digits)) return undefined;
  return BigInt(digits) * powerOfTen(shift);
}

function parseAny(text: string, scale: number): bigint | undefined {
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
    const value = BigInt(digits) * powerOfTen(shift);
    return sign === "-" ? -value : value;
  }
  const kept = digits.slice(0, shift) || "0";
  if (!/^0*$/.test(digits.slice(shift))) return undefined;
  const value = BigInt(kept);
  return sign === "-" ? -value : value;
}

/** Writes a scaled integer as the shortest decimal text: no exponent, no trailing zero. */
export function formatScaled(value: bigint, scale: number): string {
  if (value === 0n) return "0";
  if (value < 0n) return `-${magnitudeText(-value, scale)}`;
  return magnitudeText(value, scale);
}

const FIRST_GROUP = 10 ** (SHORT_PLACES - 3);
/** Powers of ten as numbers; all that are used are exact. */
const NUMBER_POWERS = POWERS.map(Number);
/** Every group of three digits, and the same without the zeros at its end. */
const GROUPS = Array.from({ length: 1_000 }, (_, group) => String(group).padStart(3, "0"));
const LAST_GROUPS = GROUPS.map((group) => group.replace(/0+$/, ""));

/**
 * Nearly every amount is short (`short-units.ts`) and written by groups of three digits from a
 * table: half the time of any way through digits of a bigint.
 */
function magnitudeText(value: bigint, scale: number): string {
  const units = unitsAt(value, scale);
  return units < 0 ? longText(value, scale) : shortText(units, Math.min(scale, SHORT_PLACES));
}

/** The same as `shortUnits` for any scale: in units of its last place, where it has fewer. */
function unitsAt(value: bigint, scale: number): number {
  if (scale === AMOUNT_SCALE) return shortUnits(value);
  const dropped = Math.max(0, scale - SHORT_PLACES);
  const units = Math.round(Number(value) / (NUMBER_POWERS[dropped] as number));
  if (!Number.isSafeInteger(units)) return -1;
  return dropped > 0 && BigInt(units) * powerOfTen(dropped) !== value ? -1 : units;
}

/**
 * An amount in millionths of a millionth, where that is a safe integer: for those who write its
 * digits themselves. −1: it is none, or negative.
 */
export function shortAmount(amount: Amount): number {
  return amount < 0n ? -1 : shortUnits(amount);
}

/** A safe integer with at most 12 places as decimal text. */
function shortText(units: number, places: number): string {
  const one = NUMBER_POWERS[places] as number;
  const whole = Math.trunc(units / one);
  let rest = (units - whole * one) * (NUMBER_POWERS[SHORT_PLACES - places] as number);
  if (rest === 0) return String(whole);
  let text = whole === 0 ? "0." : `${whole}.`;
  for (let unit = FIRST_GROUP; rest > 0; unit /= 1_000) {
    const group = Math.trunc(rest / unit);
    rest -= group * unit;
    text += rest === 0 ? LAST_GROUPS[group] : GROUPS[group];
  }
  return text;
}

const TRIM_STEP = 15;
const TRIM_UNIT = 10n ** BigInt(TRIM_STEP);

function longText(value: bigint, scale: number): string {
  let digitsLeft = scale;
  let rest = value;
  // Dropping the zeros at the end first keeps the conversion to text cheap.
  while (digitsLeft >= TRIM_STEP && rest % TRIM_UNIT === 0n) {
    rest /= TRIM_UNIT;
    digitsLeft -= TRIM_STEP;
  }
  const digits = rest.toString().padStart(digitsLeft + 1, "0");
  const point = digits.length - digitsLeft;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === 48) end -= 1;
  return end > point
    ? `${digits.slice(0, point)}.${digits.slice(point, end)}`
    : digits.slice(0, point);
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

/** Texts of small whole numbers. */
const SMALL = Array.from({ length: 10_000 }, (_, whole) => String(whole));
const UNIT = Number(ONE_UNIT);

/**
 * A quantity in whole units, where it is a safe number of them: for those who write its digits
 * themselves. −1: it is none, or negative.
 */
export function wholeUnits(quantity: Quantity): number {
  const scaled = Number(quantity);
  // Of a safe integer nothing was lost, so the product proves the division.
  if (scaled < 0 || scaled > Number.MAX_SAFE_INTEGER) return -1;
  const whole = Math.trunc(scaled / UNIT);
  return whole * UNIT === scaled ? whole : -1;
}

/** A quantity as its shortest decimal text. Nearly all are small whole numbers. */
export function formatQuantity(quantity: Quantity): string {
  const whole = wholeUnits(quantity);
  if (whole < 0) return formatScaled(quantity, QUANTITY_SCALE);
  return SMALL[whole] ?? String(whole);
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

const KEPT_QUANTITIES_COUNT = 10_000;
/** Small quantities that were asked for: nearly every step has some, and each is made once. */
const keptQuantities: (Quantity | undefined)[] = new Array(KEPT_QUANTITIES_COUNT).fill(undefined);

/** A whole number of units. The caller has checked that the number is a safe integer. */
export function quantityOfInteger(units: number): Quantity {
  if (units < 0 || units >= KEPT_QUANTITIES_COUNT) return (BigInt(units) * ONE_UNIT) as Quantity;
  keptQuantities[units] ??= (BigInt(units) * ONE_UNIT) as Quantity;
  return keptQuantities[units];
}
