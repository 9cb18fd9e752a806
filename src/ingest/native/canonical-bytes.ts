/**
 * Writes the canonical text of an event's content (`content-hash.ts`) as bytes. Only plain texts
 * and whole numbers are written, whose bytes are their characters.
 */
import { BYTE } from "./plain-bytes.ts";

const HASH_SIGN = 0x23;
const SEMICOLON = 0x3b;
const LETTER_N = 0x6e;
/** Marks and lengths that a text has in this form and not as JSON: so much room is enough. */
const ROOM_BYTES = 4_096;

/** One text after the other, each from its beginning. */
export class CanonicalBytes {
  #bytes: Buffer = Buffer.alloc(ROOM_BYTES);
  #at = 0;

  /** Begins a text whose JSON takes so many bytes. */
  begin(jsonBytes: number): void {
    this.#at = 0;
    if (this.#bytes.length < jsonBytes + ROOM_BYTES) {
      this.#bytes = Buffer.alloc(2 * jsonBytes + ROOM_BYTES);
    }
  }

  /** The text so far, until the next one begins. */
  written(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array, start: number, end: number): void {
    const to = this.#bytes;
    let at = this.#at;
    for (let from = start; from < end; from += 1) {
      to[at] = bytes[from] as number;
      at += 1;
    }
    this.#at = at;
  }

  nothing(): void {
    this.#byte(LETTER_N);
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length >= 100) this.#byte(BYTE.zero + Math.floor(length / 100));
    if (length >= 10) this.#byte(BYTE.zero + (Math.floor(length / 10) % 10));
    this.#byte(BYTE.zero + (length % 10));
    this.#byte(BYTE.quote);
    this.raw(bytes, start, end);
  }

  /** A whole number by its digits. */
  number(bytes: Uint8Array, start: number, end: number): void {
    this.#byte(HASH_SIGN);
    this.raw(bytes, start, end);
    this.#byte(SEMICOLON);
  }

  beginRecord(): void {
    this.#byte(BYTE.braceOpen);
  }

  endRecord(): void {
    this.#byte(BYTE.braceClose);
  }

  #byte(byte: number): void {
    this.#bytes[this.#at] = byte;
    this.#at += 1;
  }
}
