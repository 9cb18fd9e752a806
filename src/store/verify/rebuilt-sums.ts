/**
 * Sums by key, once as rows state them and once as they are rebuilt, side by side. Sums that do
 * not fit in memory go to a scratch file and are merged in key order, so memory stays flat
 * however many keys there are.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";

type Values = readonly bigint[];

/** One key with both sides; null: there is no row, or nothing to rebuild it from. */
export interface ComparedSum {
  readonly key: string;
  readonly stored: Values | null;
  readonly rebuilt: Values | null;
}

interface Slot {
  stored: bigint[] | null;
  rebuilt: bigint[] | null;
}

const SLOTS_MAX_COUNT = 20_000;
/** Behind every other in the order of the scratch file. */
const LAST_CHARACTER = "\u{10ffff}";

/** Exact sums by key, kept in a scratch file so that memory stays flat. */
export class RebuiltSums {
  readonly #slots = new Map<string, Slot>();
  readonly #scratch: DatabaseSync;
  readonly #table: string;
  readonly #insert: StatementSync;

  constructor(scratch: DatabaseSync, name: string) {
    this.#scratch = scratch;
    this.#table = `sums_${name}`;
    scratch.exec(`CREATE TABLE ${this.#table} (key TEXT, stored TEXT, rebuilt TEXT)`);
    this.#insert = scratch.prepare(`INSERT INTO ${this.#table} VALUES (?, ?, ?)`);
  }

  addStored(key: string, values: Values): void {
    const slot = this.#slot(key);
    slot.stored = plus(slot.stored, values);
  }

  addRebuilt(key: string, values: Values): void {
    const slot = this.#slot(key);
    slot.rebuilt = plus(slot.rebuilt, values);
  }

  #slot(key: string): Slot {
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    if (this.#slots.size >= SLOTS_MAX_COUNT) this.#spill();
    const slot: Slot = { stored: null, rebuilt: null };
    this.#slots.set(key, slot);
    return slot;
  }

  #spill(): void {
    this.#scratch.exec("BEGIN");
    for (const [key, { stored, rebuilt }] of this.#slots) {
      this.#insert.run(key, encode(stored), encode(rebuilt));
    }
    this.#scratch.exec("COMMIT");
    this.#slots.clear();
  }

  /** Every key that either side has, in key order. */
  *compared(): Generator<ComparedSum> {
    this.#spill();
    let key: string | undefined;
    let slot: Slot = { stored: null, rebuilt: null };
    const all = this.#scratch.prepare(`SELECT * FROM ${this.#table} ORDER BY key`);
    for (const row of all.iterate()) {
      if (row.key !== key) {
        if (key !== undefined) yield { key, ...slot };
        key = row.key as string;
        slot = { stored: null, rebuilt: null };
      }
      const stored = decode(row.stored as string | null);
      const rebuilt = decode(row.rebuilt as string | null);
      if (stored !== null) slot.stored = plus(slot.stored, stored);
      if (rebuilt !== null) slot.rebuilt = plus(slot.rebuilt, rebuilt);
    }
    if (key !== undefined) yield { key, ...slot };
  }

  /** What was rebuilt for the keys that begin with a text, by the rest of the key. */
  rebuiltUnder(prefix: string): ReadonlyMap<string, Values> {
    this.#spill();
    this.#scratch.exec(`CREATE INDEX IF NOT EXISTS ${this.#table}_by_key ON ${this.#table} (key)`);
    const sql = `SELECT key, rebuilt FROM ${this.#table} WHERE key >= ? AND key < ?`;
    const found = new Map<string, bigint[]>();
    for (const row of this.#scratch.prepare(sql).iterate(prefix, `${prefix}${LAST_CHARACTER}`)) {
      const key = (row.key as string).slice(prefix.length);
      const rebuilt = decode(row.rebuilt as string | null);
      if (rebuilt !== null) found.set(key, plus(found.get(key) ?? null, rebuilt));
    }
    return found;
  }

  /** Every key whose sides differ; an absent side counts as zero. */
  *differing(): Generator<ComparedSum> {
    for (const sum of this.compared()) {
      const { stored, rebuilt } = sum;
      const width = (stored ?? rebuilt ?? []).length;
      for (let at = 0; at < width; at += 1) {
        if ((stored?.[at] ?? 0n) === (rebuilt?.[at] ?? 0n)) continue;
        yield sum;
        break;
      }
    }
  }
}

function plus(sum: bigint[] | null, values: Values): bigint[] {
  if (sum === null) return [...values];
  for (const [at, value] of values.entries()) sum[at] = (sum[at] ?? 0n) + value;
  return sum;
}

function encode(values: Values | null): string | null {
  return values === null ? null : values.join(",");
}

function decode(text: string | null): bigint[] | null {
  return text === null ? null : text.split(",").map(BigInt);
}
