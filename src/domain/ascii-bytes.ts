/**
 * Texts and numbers written one behind the other as bytes. A text joined of forty pieces costs five
 * times as much, is copied once for a digest and once more for a store or a socket, and leaves a
 * piece of garbage for each joint.
 *
 * A byte is a character, so only ASCII is written; whoever writes anything else is told so in the
 * end and goes by texts.
 */
import {
  type Amount,
  formatAmount,
  formatQuantity,
  type Quantity,
  shortAmount,
  wholeUnits,
} from "./money/decimal.ts";

const ASCII_MAX = 0x7f;
const SPACE = 0x20;
const QUOTE = 0x22;
const POINT = 0x2e;
const BACKSLASH = 0x5c;
const DIGIT_0 = 0x30;
const LETTER_A = 0x61;
/** A short amount has twelve places: four groups of three digits. */
const ONE = 10 ** 12;
const GROUP = 1_000;
const GROUP_DIGITS = 3;
/** The digits of every group, three bytes each. */
const GROUPS = Uint8Array.from(
  Array.from({ length: GROUP }, (_, group) => String(group).padStart(GROUP_DIGITS, "0")).join(""),
  (digit) => digit.charCodeAt(0),
);
/** A text of so many characters is copied rather than written again, where it is known. */
const COPIED_MIN_CHARS = 16;
const KNOWN_MAX_COUNT = 4_000;
const KNOWN_MAX_CHARS = 300;
/** Bytes of texts that are written often, such as runs and labels; null: not ASCII. */
const known = new Map<string, Uint8Array | null>();

function knownBytes(text: string): Uint8Array | null {
  const found = known.get(text);
  if (found !== undefined) return found;
  let seen = 0;
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    seen |= code;
    bytes[at] = code;
  }
  if (known.size >= KNOWN_MAX_COUNT) known.clear();
  const kept = seen > ASCII_MAX ? null : bytes;
  known.set(text, kept);
  return kept;
}

/**
 * What is written behind the end of its room is lost: whoever writes a piece looks afterwards
 * whether it fitted (`hasRoom`), and writes it again from where it began (`grow`) if it did not.
 */
export class AsciiBytes {
  #bytes: Uint8Array;
  #at = 0;
  /** All characters so far, or-ed. */
  #seen = 0;

  constructor(roomBytes: number) {
    this.#bytes = new Uint8Array(roomBytes);
  }

  /** Where the next byte goes. */
  get at(): number {
    return this.#at;
  }

  /** Whether all that was written so far is in its place. */
  get hasRoom(): boolean {
    return this.#at <= this.#bytes.length;
  }

  /** Whether a byte was a character so far. */
  get isAscii(): boolean {
    return this.#seen <= ASCII_MAX;
  }

  /** All of it, in the room it was written to. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Begins anew in the same room. */
  clear(): void {
    this.#at = 0;
    this.#seen = 0;
  }

  /** Makes twice the room that it would have taken, and forgets what stands behind `from`. */
  grow(from: number): void {
    const larger = new Uint8Array(2 * Math.max(this.#at, this.#bytes.length));
    larger.set(this.#bytes.subarray(0, from));
    this.#bytes = larger;
    this.#at = from;
  }

  byte(code: number): void {
    this.#bytes[this.#at] = code;
    this.#at += 1;
  }

  text(text: string): void {
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

  /** A text that comes again and again: copying 40 bytes takes a third of writing them. */
  shared(text: string): void {
    if (text.length < COPIED_MIN_CHARS || text.length > KNOWN_MAX_CHARS) {
      this.text(text);
      return;
    }
    const bytes = knownBytes(text);
    if (bytes === null) this.#seen |= ASCII_MAX + 1;
    else if (this.#at + bytes.length <= this.#bytes.length) this.#bytes.set(bytes, this.#at);
    this.#at += text.length;
  }

  /** The same text as `jsonString` makes. */
  json(text: string): void {
    const from = this.#at;
    this.byte(QUOTE);
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code < SPACE || code === QUOTE || code === BACKSLASH) {
        this.#at = from;
        this.text(JSON.stringify(text));
        return;
      }
      this.#seen |= code;
      this.byte(code);
    }
    this.byte(QUOTE);
  }

  /** A whole number that is safe and not negative. */
  integer(value: number, base: 10 | 36 = 10): void {
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

  /** The same text as `formatQuantity` makes. */
  quantity(quantity: Quantity): void {
    const whole = wholeUnits(quantity);
    if (whole < 0) this.text(formatQuantity(quantity));
    else this.integer(whole);
  }

  /** The same text as `formatAmount` makes. */
  amount(amount: Amount): void {
    const units = shortAmount(amount);
    if (units < 0) {
      this.text(formatAmount(amount));
      return;
    }
    const whole = Math.floor(units / ONE);
    this.integer(whole);
    const places = units - whole * ONE;
    if (places === 0) return;
    this.byte(POINT);
    // Twice six digits: these are small integers, which are divided four times as fast.
    const upper = Math.floor(places / (GROUP * GROUP));
    this.#group(Math.floor(upper / GROUP));
    this.#group(upper % GROUP);
    const lower = places - upper * GROUP * GROUP;
    if (lower > 0) {
      this.#group(Math.floor(lower / GROUP));
      this.#group(lower % GROUP);
    }
    while (this.#bytes[this.#at - 1] === DIGIT_0) this.#at -= 1;
  }

  #group(group: number): void {
    const bytes = this.#bytes;
    const from = GROUP_DIGITS * group;
    bytes[this.#at] = GROUPS[from] as number;
    bytes[this.#at + 1] = GROUPS[from + 1] as number;
    bytes[this.#at + 2] = GROUPS[from + 2] as number;
    this.#at += GROUP_DIGITS;
  }
}
