/** The usage of a plain step: names and whole quantities, in the order of their names. */
import { ByteNames, NO_ENTRY } from "./byte-names.ts";
import type { CanonicalBytes } from "./canonical-bytes.ts";
import { isUsageKey } from "./fields.ts";
import { type EventPacker, NAME_END } from "./packed-events.ts";
import { BYTE, NOT_PLAIN, type PlainBytes } from "./plain-bytes.ts";

/** More of them are read the general way. */
const ENTRIES_MAX_COUNT = 12;
/** Names of buckets and units: a price book has some hundred. */
const NAMES_MAX_COUNT = 1_000;

/** Lists of names that begin with the same one and are known by their names alone. */
const LISTS_MAX_COUNT = 16;

/** A name of a bucket or unit, known by its bytes. */
interface UsageName {
  readonly text: string;
  readonly bytes: Uint8Array;
  /** Lists that begin with it. */
  lists: NameList[];
}

/** Names of a usage in their order, and the number that they cross by. */
interface NameList {
  readonly names: readonly UsageName[];
  readonly number: number;
}

interface Entry {
  name: UsageName;
  units: number;
  /** Where its digits stand. */
  start: number;
  end: number;
}

const NO_NAME: UsageName = { text: "", bytes: new Uint8Array(), lists: [] };

/** One usage at a time. */
export class PlainUsage {
  readonly #plain: PlainBytes;
  readonly #packer: EventPacker;
  readonly #byBytes = new ByteNames(NAMES_MAX_COUNT);
  readonly #names: UsageName[] = [];
  readonly #entries: Entry[] = Array.from({ length: ENTRIES_MAX_COUNT }, () => ({
    ...{ name: NO_NAME, units: 0, start: 0, end: 0 },
  }));
  #count = 0;

  constructor(packer: EventPacker, plain: PlainBytes) {
    this.#packer = packer;
    this.#plain = plain;
  }

  /** Forgets the numbers of names, as the packer has. */
  clear(): void {
    for (const name of this.#names) name.lists = [];
  }

  /** A step without usage. */
  none(): void {
    this.#count = 0;
  }

  /** The end of the usage that begins at `at`. */
  read(start: number): number {
    const plain = this.#plain;
    const { bytes } = plain;
    this.#count = 0;
    if (bytes[start] !== BYTE.braceOpen) return NOT_PLAIN;
    let at = plain.blank(start + 1);
    if (bytes[at] === BYTE.braceClose) return at + 1;
    for (;;) {
      at = this.#entry(at);
      if (at === NOT_PLAIN) return NOT_PLAIN;
      at = plain.blank(at);
      if (bytes[at] === BYTE.braceClose) return at + 1;
      if (bytes[at] !== BYTE.comma) return NOT_PLAIN;
      at = plain.blank(at + 1);
    }
  }

  /** Writes it as content: zero quantities are as sent. */
  write(canonical: CanonicalBytes): void {
    canonical.beginRecord();
    for (let index = 0; index < this.#count; index += 1) {
      const { name, start, end } = this.#entries[index] as Entry;
      canonical.text(name.bytes, 0, name.bytes.length);
      canonical.number(this.#plain.bytes, start, end);
    }
    canonical.endRecord();
  }

  /** Packs what is left without zero quantities. */
  pack(): void {
    const entries = this.#entries;
    let kept = 0;
    for (let index = 0; index < this.#count; index += 1) {
      const entry = entries[index] as Entry;
      if (entry.units === 0) continue;
      entries[index] = entries[kept] as Entry;
      entries[kept] = entry;
      kept += 1;
    }
    this.#count = kept;
    this.#packer.number(kept === 0 ? 0 : this.#listNumber());
    for (let index = 0; index < kept; index += 1) {
      this.#packer.number((entries[index] as Entry).units);
    }
  }

  /** The number of the names at hand. */
  #listNumber(): number {
    const { lists } = (this.#entries[0] as Entry).name;
    for (const list of lists) if (this.#isOf(list)) return list.number;
    const names = this.#entries.slice(0, this.#count).map(({ name }) => name);
    const number = this.#packer.numberOf(names.map(({ text }) => text).join(NAME_END));
    if (lists.length < LISTS_MAX_COUNT) lists.push({ names, number });
    return number;
  }

  #isOf({ names }: NameList): boolean {
    if (names.length !== this.#count) return false;
    for (let at = 0; at < names.length; at += 1) {
      if (names[at] !== (this.#entries[at] as Entry).name) return false;
    }
    return true;
  }

  #entry(at: number): number {
    const plain = this.#plain;
    const nameEnd = plain.text(at);
    if (nameEnd === NOT_PLAIN) return NOT_PLAIN;
    const name = this.#name(at + 1, nameEnd);
    const colon = plain.blank(nameEnd + 1);
    if (name === null || plain.bytes[colon] !== BYTE.colon) return NOT_PLAIN;
    const start = plain.blank(colon + 1);
    const end = plain.digits(start);
    return end === NOT_PLAIN || !this.#put(name, start, end) ? NOT_PLAIN : end;
  }

  /** Null: no name of a bucket or unit, or one too many. */
  #name(start: number, end: number): UsageName | null {
    const { bytes, hash } = this.#plain;
    const known = this.#byBytes.find(this.#plain, start, end);
    if (known !== NO_ENTRY) return this.#names[known] as UsageName;
    const text = this.#plain.string(start, end);
    if (!isUsageKey(text)) return null;
    const kept = Uint8Array.from(bytes.subarray(start, end));
    if (this.#byBytes.add(kept, hash) === NO_ENTRY) return null;
    const name = { text, bytes: kept, lists: [] };
    this.#names.push(name);
    return name;
  }

  /** Puts an entry in its place; false: its name stands there, or there is no room. */
  #put(name: UsageName, start: number, end: number): boolean {
    if (this.#count === ENTRIES_MAX_COUNT) return false;
    const entries = this.#entries;
    const entry = entries[this.#count] as Entry;
    entry.name = name;
    entry.units = this.#plain.number(start, end);
    entry.start = start;
    entry.end = end;
    let at = this.#count;
    this.#count += 1;
    while (at > 0) {
      const before = entries[at - 1] as Entry;
      if (before.name === name) return false;
      if (before.name.text < name.text) break;
      entries[at] = before;
      entries[at - 1] = entry;
      at -= 1;
    }
    return true;
  }
}
