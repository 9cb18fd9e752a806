/**
 * A dictionary of texts by their bytes: a text that was met before is found without making a
 * string of it. Its hash is easy to foresee, so a place that many texts share is given up rather
 * than searched: whoever asks then goes the general way.
 */

/** Entries in a row that are looked at. */
const PROBES_MAX_COUNT = 16;
/** Slots an entry: long rows are rare so. */
const SLOTS_PER_ENTRY = 2;
const USUAL_TEXT_BYTES = 24;

/** Bytes, and the hash of the text that is looked for in them. */
export interface HashedBytes {
  readonly bytes: Uint8Array;
  readonly hash: number;
}

/** There is no such entry, or no room for one. */
export const NO_ENTRY = -1;

/** Entries are numbered from 0 in the order in which they were added. */
export class ByteNames {
  readonly #mask: number;
  /** Entry + 1 by slot; 0: free. */
  readonly #slots: Int32Array;
  readonly #hashes: Int32Array;
  /** Where the text of an entry begins among the bytes kept; that of the next one is its end. */
  readonly #starts: Int32Array;
  #kept: Uint8Array;
  #count = 0;

  constructor(maxEntries: number) {
    const slots = 2 ** Math.ceil(Math.log2(maxEntries * SLOTS_PER_ENTRY + 1));
    this.#mask = slots - 1;
    this.#slots = new Int32Array(slots);
    this.#hashes = new Int32Array(maxEntries);
    this.#starts = new Int32Array(maxEntries + 1);
    this.#kept = new Uint8Array(maxEntries * USUAL_TEXT_BYTES);
  }

  /** The entry of the text that stands there; NO_ENTRY: there is none. */
  find({ bytes, hash }: HashedBytes, start: number, end: number): number {
    let slot = spread(hash) & this.#mask;
    for (let probes = 0; probes < PROBES_MAX_COUNT; probes += 1) {
      const entry = (this.#slots[slot] as number) - 1;
      if (entry < 0) return NO_ENTRY;
      const isMet = this.#hashes[entry] === hash && this.#lengthOf(entry) === end - start;
      if (isMet && this.#standsAt(entry, bytes, start)) return entry;
      slot = (slot + 1) & this.#mask;
    }
    return NO_ENTRY;
  }

  /** Adds a text that is not there; NO_ENTRY: there is no room for it. */
  add(text: Uint8Array, hash: number): number {
    if (this.#count === this.#hashes.length) return NO_ENTRY;
    let slot = spread(hash) & this.#mask;
    for (let probes = 0; probes < PROBES_MAX_COUNT; probes += 1) {
      if (this.#slots[slot] === 0) {
        const entry = this.#keep(text, hash);
        this.#slots[slot] = entry + 1;
        return entry;
      }
      slot = (slot + 1) & this.#mask;
    }
    return NO_ENTRY;
  }

  clear(): void {
    this.#slots.fill(0);
    this.#count = 0;
  }

  #keep(text: Uint8Array, hash: number): number {
    const entry = this.#count;
    const from = this.#starts[entry] as number;
    const to = from + text.length;
    if (to > this.#kept.length) {
      const grown = new Uint8Array(Math.max(to, 2 * this.#kept.length));
      grown.set(this.#kept);
      this.#kept = grown;
    }
    this.#kept.set(text, from);
    this.#starts[entry + 1] = to;
    this.#hashes[entry] = hash;
    this.#count += 1;
    return entry;
  }

  #lengthOf(entry: number): number {
    return (this.#starts[entry + 1] as number) - (this.#starts[entry] as number);
  }

  #standsAt(entry: number, bytes: Uint8Array, start: number): boolean {
    const kept = this.#kept;
    const from = this.#starts[entry] as number;
    const shift = start - from;
    const end = this.#starts[entry + 1] as number;
    for (let at = from; at < end; at += 1) if (kept[at] !== bytes[at + shift]) return false;
    return true;
  }
}

/** All bits of the hash have a part in the low ones. */
function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 12);
}
