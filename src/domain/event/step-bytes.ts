/**
 * The texts of many steps as bytes, one after the other, as a link of the hash chain covers them
 * and as a store keeps them. What `step-text.ts` says of a step is said here without making a
 * string of it: a text of 250 characters joined of forty pieces costs five times as much, and is
 * copied once for the digest and once more for the store. A property holds both against each other.
 *
 * A byte is a character, so only ASCII is written; whoever asks for anything else is told so and
 * goes by the texts.
 */
import { type Amount, formatAmount, formatQuantity, shortAmount } from "../money/decimal.ts";
import type { ChargeShare, Step } from "./step.ts";
import {
  BUCKET_CODES,
  codeDigitsOf,
  END,
  facetsOf,
  labelsOf,
  rareOf,
  SHARE_END,
  VERSION,
} from "./step-text.ts";
import type { Usage } from "./usage.ts";

/** Where a text stands: its start, the start and end of its id and of its body, and its end. */
export const SPAN_NUMBERS = 6;

const END_BYTE = END.charCodeAt(0);
const SHARE_END_BYTE = SHARE_END.charCodeAt(0);
const LINE_BYTE = 0x0a;
const COMMA_BYTE = 0x2c;
const POINT_BYTE = 0x2e;
const EQUALS_BYTE = 0x3d;
const DIGIT_0 = 0x30;
const LETTER_A = 0x61;
const ASCII_MAX = 0x7f;
/** A step of few charges takes 270; room is made anew where that is too little. */
const USUAL_BYTES = 400;
/** Places of a short amount. */
const ONE = 10 ** 12;
/** A text of so many characters is copied rather than written again, where it is known. */
const COPIED_MIN_CHARS = 16;
const KNOWN_MAX_COUNT = 4_000;
const KNOWN_MAX_CHARS = 300;
/** Bytes of texts that many steps share, such as runs and labels; null: not ASCII. */
const known = new Map<string, Uint8Array | null>();

function knownBytes(text: string): Uint8Array | null {
  const found = known.get(text);
  if (found !== undefined) return found;
  let seen = 0;
  const bytes = Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    seen |= code;
    return code;
  });
  if (known.size >= KNOWN_MAX_COUNT) known.clear();
  const kept = seen > ASCII_MAX ? null : bytes;
  known.set(text, kept);
  return kept;
}

/** Texts of steps, each on a line of its own behind a beginning. */
export class StepBytes {
  #bytes: Uint8Array;
  #at = 0;
  /** All characters so far, or-ed. */
  #seen = 0;
  /** SPAN_NUMBERS for each step. */
  readonly spans: Int32Array;

  /** Null: something in it is not ASCII. */
  static of(beginning: string, steps: readonly Step[]): StepBytes | null {
    const written = new StepBytes(beginning, steps);
    return written.#seen > ASCII_MAX ? null : written;
  }

  private constructor(beginning: string, steps: readonly Step[]) {
    this.#bytes = new Uint8Array(beginning.length + USUAL_BYTES * steps.length);
    this.spans = new Int32Array(SPAN_NUMBERS * steps.length);
    this.#text(beginning);
    let place = 0;
    for (const step of steps) {
      const from = this.#at;
      this.#step(step, place);
      // What is written behind the end of the bytes is lost, and written again with more room.
      while (this.#at > this.#bytes.length) {
        this.#grow(from);
        this.#step(step, place);
      }
      place += SPAN_NUMBERS;
    }
  }

  /** All of it. The bytes are the caller's to hand on. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  #grow(from: number): void {
    const larger = new Uint8Array(2 * Math.max(this.#at, this.#bytes.length));
    larger.set(this.#bytes.subarray(0, from));
    this.#bytes = larger;
    this.#at = from;
  }

  #step(step: Step, place: number): void {
    const { spans } = this;
    this.#byte(LINE_BYTE);
    spans[place] = this.#at;
    this.#field(VERSION);
    this.#integer(step.seq);
    this.#byte(END_BYTE);
    this.#sharedField(step.run);
    this.#field(step.source);
    spans[place + 1] = this.#at;
    this.#text(step.id);
    spans[place + 2] = this.#at;
    this.#byte(END_BYTE);
    this.#field(step.customer);
    this.#sharedField(facetsOf(step));
    spans[place + 3] = this.#at;
    this.#body(step);
    spans[place + 4] = this.#at;
    this.#byte(END_BYTE);
    this.#shared(labelsOf(step));
    spans[place + 5] = this.#at;
  }

  #body(step: Step): void {
    const { revision, attempt, occurredAtMs, receivedAtMs, ratedAtMs } = step;
    this.#codes(step);
    this.#field(revision === 1 && attempt === 1 ? "" : `${revision}.${attempt}`);
    this.#field(step.contentHash);
    this.#instant(occurredAtMs);
    this.#instant(receivedAtMs - occurredAtMs);
    if (ratedAtMs === occurredAtMs) this.#byte(END_BYTE);
    else this.#instant(ratedAtMs);
    this.#field(step.period);
    this.#usage(step.usage);
    this.#byte(END_BYTE);
    if (step.cardVersionId !== null) this.#integer(step.cardVersionId);
    this.#byte(END_BYTE);
    if (step.priceVersionId !== null) this.#integer(step.priceVersionId);
    this.#byte(END_BYTE);
    this.#amount(step.cost);
    this.#byte(END_BYTE);
    this.#shares(step.shares);
    this.#text(rareOf(step));
  }

  #codes(step: Step): void {
    const digits = codeDigitsOf(step);
    for (const digit of digits) this.#byte(DIGIT_0 + digit);
    this.#byte(END_BYTE);
  }

  /** In base 36. */
  #instant(ms: number): void {
    if (ms < 0) this.#text("-");
    this.#digits(Math.abs(ms), 36);
    this.#byte(END_BYTE);
  }

  #usage(usage: Usage): void {
    let isFirst = true;
    for (const [name, quantity] of usage) {
      if (!isFirst) this.#byte(COMMA_BYTE);
      isFirst = false;
      const code = BUCKET_CODES.get(name);
      this.#text(code ?? name);
      if (code === undefined) this.#byte(EQUALS_BYTE);
      this.#text(formatQuantity(quantity));
    }
  }

  #shares(shares: readonly ChargeShare[]): void {
    let isFirst = true;
    for (const { chargeKey, cell, amount } of shares) {
      if (!isFirst) {
        this.#byte(SHARE_END_BYTE);
        this.#byte(SHARE_END_BYTE);
      }
      isFirst = false;
      this.#text(chargeKey);
      if (cell !== "") {
        this.#byte(SHARE_END_BYTE);
        this.#text(cell);
      }
      this.#byte(EQUALS_BYTE);
      this.#amount(amount);
    }
  }

  #byte(code: number): void {
    this.#bytes[this.#at] = code;
    this.#at += 1;
  }

  #field(text: string): void {
    this.#text(text);
    this.#byte(END_BYTE);
  }

  #sharedField(text: string): void {
    this.#shared(text);
    this.#byte(END_BYTE);
  }

  /** A text that other steps have too: copying 40 bytes takes a third of writing the characters. */
  #shared(text: string): void {
    if (text.length < COPIED_MIN_CHARS || text.length > KNOWN_MAX_CHARS) {
      this.#text(text);
      return;
    }
    const bytes = knownBytes(text);
    if (bytes === null) this.#seen |= ASCII_MAX + 1;
    else if (this.#at + bytes.length <= this.#bytes.length) this.#bytes.set(bytes, this.#at);
    this.#at += text.length;
  }

  #text(text: string): void {
    const bytes = this.#bytes;
    const { length } = text;
    let at = this.#at;
    let seen = this.#seen;
    for (let from = 0; from < length; from += 1) {
      const code = text.charCodeAt(from);
      seen |= code;
      bytes[at] = code;
      at += 1;
    }
    this.#at = at;
    this.#seen = seen;
  }

  #integer(value: number): void {
    this.#digits(value, 10);
  }

  /** A whole number that is safe and not negative. */
  #digits(value: number, base: 10 | 36): void {
    let digits = 1;
    for (let unit = base as number; unit <= value; unit *= base) digits += 1;
    const end = this.#at + digits;
    let rest = value;
    for (let at = end - 1; at >= this.#at; at -= 1) {
      const higher = Math.floor(rest / base);
      const digit = rest - higher * base;
      this.#bytes[at] = digit < 10 ? DIGIT_0 + digit : LETTER_A + digit - 10;
      rest = higher;
    }
    this.#at = end;
  }

  #amount(amount: Amount): void {
    const units = shortAmount(amount);
    if (units < 0) {
      this.#text(formatAmount(amount));
      return;
    }
    const whole = Math.floor(units / ONE);
    this.#integer(whole);
    let rest = units - whole * ONE;
    if (rest === 0) return;
    this.#byte(POINT_BYTE);
    for (let unit = ONE / 10; rest > 0; unit /= 10) {
      const digit = Math.floor(rest / unit);
      this.#byte(DIGIT_0 + digit);
      rest -= digit * unit;
    }
  }
}
