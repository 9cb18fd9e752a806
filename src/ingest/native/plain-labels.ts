/**
 * The labels of a plain step. Those of one producer are nearly always the same few: they are read
 * once, by the general way, and known by their bytes from then on.
 */
import { canonicalValue } from "../../domain/event/content-hash.ts";
import { ByteNames, NO_ENTRY } from "./byte-names.ts";
import { FieldRefused, readLabels } from "./fields.ts";
import type { EventPacker } from "./packed-events.ts";
import type { PlainBytes } from "./plain-bytes.ts";

/** Longer ones are read the general way. */
const LABELS_MAX_BYTES = 1_000;
/** Those of which more are sent are not worth keeping: each is read anew. */
const LABELS_MAX_COUNT = 2_000;

/** What labels come to. */
export interface KnownLabels {
  /** The number they cross by; 0: there are none. */
  readonly number: number;
  /** Their canonical text. */
  readonly canonical: Uint8Array;
}

/** Labels by their bytes. */
export class PlainLabels {
  readonly #packer: EventPacker;
  readonly #plain: PlainBytes;
  readonly #byBytes = new ByteNames(LABELS_MAX_COUNT);
  #known: KnownLabels[] = [];

  constructor(packer: EventPacker, plain: PlainBytes) {
    this.#packer = packer;
    this.#plain = plain;
  }

  /** Forgets them all, as the packer has forgotten their numbers. */
  clear(): void {
    this.#byBytes.clear();
    this.#known = [];
  }

  /** What the object there says; null: not labels, or too long. */
  of(start: number, end: number): KnownLabels | null {
    const { bytes, hash } = this.#plain;
    const known = this.#byBytes.find(this.#plain, start, end);
    if (known !== NO_ENTRY) return this.#known[known] as KnownLabels;
    if (end - start > LABELS_MAX_BYTES) return null;
    const read = this.#read(start, end);
    if (read === null) return null;
    if (this.#byBytes.add(bytes.subarray(start, end), hash) !== NO_ENTRY) this.#known.push(read);
    return read;
  }

  #read(start: number, end: number): KnownLabels | null {
    try {
      const sent: unknown = JSON.parse(this.#plain.string(start, end));
      const labels = readLabels(sent, "labels");
      const number = labels === null ? 0 : this.#packer.numberOf(JSON.stringify(labels));
      return { number, canonical: Buffer.from(canonicalValue(sent), "latin1") };
    } catch (error) {
      if (error instanceof FieldRefused || error instanceof SyntaxError) return null;
      throw error;
    }
  }
}
