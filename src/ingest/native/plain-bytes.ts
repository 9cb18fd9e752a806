/**
 * The bytes of a body, read in small steps. A plain text is one of printable ASCII without
 * escapes: its bytes are its characters. Behind the last byte stands END, which is part of
 * nothing, so that no step has to ask whether there is another byte.
 */

/** What is not of the form that is looked for. */
export const NOT_PLAIN = -1;

/** The bytes that JSON is made of, and END, which stands behind the last one. */
export const BYTE = Object.freeze({
  end: 0,
  lineFeed: 0x0a,
  quote: 0x22,
  comma: 0x2c,
  zero: 0x30,
  colon: 0x3a,
  bracketOpen: 0x5b,
  backslash: 0x5c,
  bracketClose: 0x5d,
  braceOpen: 0x7b,
  braceClose: 0x7d,
});
const DIGIT_9 = 0x39;
const SPACE = 0x20;
const LAST_PRINTABLE = 0x7e;
/** Digits that every whole number of that length can have and still be safe. */
const SAFE_DIGITS = 15;
/** "null" */
const NULL_BYTES = [0x6e, 0x75, 0x6c, 0x6c] as const;

/** What the hash of a text begins with; each byte goes on with `Math.imul(hash ^ byte, PRIME)`. */
const HASH_START = 0x811c9dc5 | 0;
const HASH_PRIME = 0x01000193;

/** The hash of a whole text. */
export function hashOf(bytes: Uint8Array): number {
  let hash = HASH_START;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, HASH_PRIME);
  return hash;
}

/** Bytes with END behind them, and the hash of the text that was read last. */
export class PlainBytes {
  bytes: Buffer = Buffer.alloc(1);
  hash = 0;

  /** The first position from `at` on that is not blank. */
  blank(at: number): number {
    const { bytes } = this;
    let end = at;
    while (isBlank(bytes[end] as number)) end += 1;
    return end;
  }

  /** The position of the quote that closes a plain text, whose own quote stands at `at`. */
  text(at: number): number {
    const { bytes } = this;
    if (bytes[at] !== BYTE.quote) return NOT_PLAIN;
    let hash = HASH_START;
    for (let end = at + 1; ; end += 1) {
      const byte = bytes[end] as number;
      if (byte === BYTE.quote) {
        this.hash = hash;
        return end;
      }
      if (byte < SPACE || byte > LAST_PRINTABLE || byte === BYTE.backslash) return NOT_PLAIN;
      hash = Math.imul(hash ^ byte, HASH_PRIME);
    }
  }

  /** The end of an object that holds plain texts and no other object, which begins at `at`. */
  flatObject(at: number): number {
    const { bytes } = this;
    if (bytes[at] !== BYTE.braceOpen) return NOT_PLAIN;
    let hash = HASH_START;
    let isText = false;
    for (let end = at + 1; ; end += 1) {
      const byte = bytes[end] as number;
      if (byte > LAST_PRINTABLE || byte === BYTE.backslash) return NOT_PLAIN;
      if (byte < SPACE && (isText || !isBlank(byte))) return NOT_PLAIN;
      hash = Math.imul(hash ^ byte, HASH_PRIME);
      if (byte === BYTE.quote) isText = !isText;
      else if (!isText && byte === BYTE.braceClose) {
        this.hash = hash;
        return end + 1;
      } else if (!isText && byte === BYTE.braceOpen) return NOT_PLAIN;
    }
  }

  /** The end of a whole number that is not negative, in its only plain form. */
  digits(at: number): number {
    const { bytes } = this;
    let end = at;
    while (isDigit(bytes[end] as number)) end += 1;
    const count = end - at;
    const hasLeadingZero = count > 1 && bytes[at] === BYTE.zero;
    return count === 0 || count > SAFE_DIGITS || hasLeadingZero ? NOT_PLAIN : end;
  }

  /** The number whose digits stand there. */
  number(start: number, end: number): number {
    const { bytes } = this;
    let value = 0;
    for (let at = start; at < end; at += 1) value = value * 10 + (bytes[at] as number) - BYTE.zero;
    return value;
  }

  /** The end of `null`. */
  nothing(at: number): number {
    for (let index = 0; index < NULL_BYTES.length; index += 1) {
      if (this.bytes[at + index] !== NULL_BYTES[index]) return NOT_PLAIN;
    }
    return at + NULL_BYTES.length;
  }

  /** What stands there, as a string of its own. */
  string(start: number, end: number): string {
    return this.bytes.toString("latin1", start, end);
  }

  /**
   * The end of the value that begins at `at`, whatever it is: where its brackets close, or before
   * what must follow a value that has none. NOT_PLAIN where there is no such end.
   */
  value(at: number): number {
    const { bytes } = this;
    let depth = 0;
    for (let end = at; ; end += 1) {
      const byte = bytes[end] as number;
      if (byte === BYTE.end) return NOT_PLAIN;
      if (byte === BYTE.quote) {
        end = this.#quoted(end);
        if (end === NOT_PLAIN) return NOT_PLAIN;
      } else if (byte === BYTE.braceOpen || byte === BYTE.bracketOpen) depth += 1;
      else if (depth === 0 && (byte === BYTE.comma || byte === BYTE.bracketClose)) return end;
      else if (byte === BYTE.braceClose || byte === BYTE.bracketClose) {
        depth -= 1;
        if (depth === 0) return end + 1;
      }
    }
  }

  /** The position of the quote that closes any text. */
  #quoted(at: number): number {
    const { bytes } = this;
    for (let end = at + 1; bytes[end] !== BYTE.end; end += 1) {
      if (bytes[end] === BYTE.quote) return end;
      if (bytes[end] === BYTE.backslash) end += 1;
    }
    return NOT_PLAIN;
  }
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === BYTE.lineFeed || byte === 0x0d || byte === 0x09;
}

function isDigit(byte: number): boolean {
  return byte >= BYTE.zero && byte <= DIGIT_9;
}
