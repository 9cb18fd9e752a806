/**
 * Sums of very many decimals as they are written. Short ones, nearly all, are added as whole
 * numbers, apart by their places, so that a sum is one conversion and not one for each summand.
 * Every number stays a safe integer, so nothing is ever rounded.
 */
import { present } from "../assert.ts";
import { parseScaled } from "./decimal.ts";

const POINT = 0x2e;
const DIGIT_0 = 0x30;
/** Digits that are surely safe to add as a number. */
const SHORT_MAX_DIGITS = 15;
/** A sum moves to the exact total before another summand could make it unsafe. */
const CARRY_FROM = 2 ** 52;
/** Places of a text that is more than digits and a point. */
const NOT_PLAIN = 1_000;
/** Sums of amounts are longer than any single number. */
const TEXT_MAX_CHARS = 128;

/** A sum at a scale. */
export class DecimalSum {
  readonly #scale: number;
  /** By places behind the point, in units of 10^-places. */
  readonly #short: number[] = [];
  #carried = 0n;

  constructor(scale: number) {
    this.#scale = scale;
  }

  /** Adds the decimal that stands there in a text; one that this system has written. */
  addText(text: string, from: number, to: number): void {
    let digits = 0;
    let places = -1;
    for (let at = from; at < to; at += 1) {
      const digit = text.charCodeAt(at) - DIGIT_0;
      if (digit >= 0 && digit <= 9) {
        digits = digits * 10 + digit;
        if (places >= 0) places += 1;
      } else if (digit === POINT - DIGIT_0 && places < 0) places = 0;
      else places = NOT_PLAIN;
    }
    const isPlain = to > from && places !== 0 && places < NOT_PLAIN;
    const isShort = isPlain && to - from <= SHORT_MAX_DIGITS;
    if (isShort) this.#addShort(digits, Math.max(0, places));
    else this.#addLong(text.slice(from, to));
  }

  #addShort(units: number, places: number): void {
    for (let at = this.#short.length; at <= places; at += 1) this.#short.push(0);
    const sum = (this.#short[places] as number) + units;
    this.#short[places] = sum < CARRY_FROM ? sum : 0;
    if (sum >= CARRY_FROM) this.#carried += this.#scaled(sum, places);
  }

  #addLong(text: string): void {
    const value = parseScaled(text, this.#scale, TEXT_MAX_CHARS);
    this.#carried += present(value, `a decimal in ${JSON.stringify(text)}`);
  }

  #scaled(units: number, places: number): bigint {
    return BigInt(units) * 10n ** BigInt(this.#scale - places);
  }

  /** Adds a value of the sum's scale. */
  add(value: bigint): void {
    this.#carried += value;
  }

  get total(): bigint {
    return this.#short.reduce(
      (sum, units, places) => (units === 0 ? sum : sum + this.#scaled(units, places)),
      this.#carried,
    );
  }
}
