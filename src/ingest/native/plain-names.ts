/** The numbers by which texts cross to another thread, by their bytes. */
import { ByteNames, NO_ENTRY } from "./byte-names.ts";
import type { EventPacker } from "./packed-events.ts";
import type { PlainBytes } from "./plain-bytes.ts";

/** Gives each text a number of the packer's, the same one where it was met before. */
export class PlainNames {
  readonly #packer: EventPacker;
  readonly #plain: PlainBytes;
  readonly #entries: ByteNames;
  /** By entry. */
  readonly #numbers: Int32Array;

  constructor(packer: EventPacker, plain: PlainBytes, maxEntries: number) {
    this.#packer = packer;
    this.#plain = plain;
    this.#entries = new ByteNames(maxEntries);
    this.#numbers = new Int32Array(maxEntries);
  }

  /** The number of the text that stands there; its hash is the one that was read last. */
  number(start: number, end: number): number {
    const { bytes, hash } = this.#plain;
    const entry = this.#entries.find(this.#plain, start, end);
    if (entry !== NO_ENTRY) return this.#numbers[entry] as number;
    const number = this.#packer.name(this.#plain.string(start, end));
    const added = this.#entries.add(bytes.subarray(start, end), hash);
    if (added !== NO_ENTRY) this.#numbers[added] = number;
    return number;
  }

  /** Forgets them all, as the packer has. */
  clear(): void {
    this.#entries.clear();
  }
}
