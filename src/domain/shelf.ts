/**
 * Rows that belong together and are nearly always few, such as what one customer's period counts.
 * A short shelf is looked through, which takes a third of a Map's time and a sixth of its memory; a
 * long one (a matrix of a thousand cells) gets an index by a short key. The keys stand beside the
 * rows, since looking at a row that was not used lately costs more than everything else here; and
 * both stand in one list, since following a chain of ten through memory costs as much again. The
 * list is made anew when it is full: one that grows by itself makes room for seventeen.
 */

/** So many rows are looked through. */
const LOOKED_THROUGH_MAX_COUNT = 16;
/** A key, then its row. */
const PAIR = 2;

/** Rows that are found by a key which several may share, and by what is wanted. */
export class Shelf<T extends object, Wanted> {
  readonly #isWanted: (row: T, wanted: Wanted) => boolean;
  /** Keys and rows in turn, then room. */
  #pairs: (string | T | undefined)[] = NOTHING;
  /** Where the next pair goes. */
  #end = 0;
  #byKey: Map<string, T[]> | null = null;

  /** `isWanted` is asked of rows with the key alone. */
  constructor(isWanted: (row: T, wanted: Wanted) => boolean) {
    this.#isWanted = isWanted;
  }

  get count(): number {
    return this.#end / PAIR;
  }

  /** Every row, in the order in which they were put: a list of its own. */
  get rows(): T[] {
    const rows = new Array<T>(this.count);
    for (let at = 0; at < rows.length; at += 1) rows[at] = this.#pairs[PAIR * at + 1] as T;
    return rows;
  }

  /** Visits every row in the same order, without making a list. */
  each(visit: (row: T) => void): void {
    for (let at = 1; at < this.#end; at += PAIR) visit(this.#pairs[at] as T);
  }

  find(key: string, wanted: Wanted): T | undefined {
    if (this.#byKey !== null) {
      return this.#byKey.get(key)?.find((row) => this.#isWanted(row, wanted));
    }
    const pairs = this.#pairs;
    const end = this.#end;
    for (let at = 0; at < end; at += PAIR) {
      if (pairs[at] !== key) continue;
      const row = pairs[at + 1] as T;
      if (this.#isWanted(row, wanted)) return row;
    }
    return undefined;
  }

  put(key: string, row: T): void {
    if (this.#end === this.#pairs.length) this.#makeRoom();
    this.#pairs[this.#end] = key;
    this.#pairs[this.#end + 1] = row;
    this.#end += PAIR;
    if (this.#byKey !== null) index(this.#byKey, key, row);
    else if (this.count > LOOKED_THROUGH_MAX_COUNT) this.#byKey = this.#indexed();
  }

  #makeRoom(): void {
    const pairs = new Array<string | T | undefined>(Math.max(PAIR, 2 * this.#end));
    for (let at = 0; at < this.#end; at += 1) pairs[at] = this.#pairs[at];
    this.#pairs = pairs;
  }

  #indexed(): Map<string, T[]> {
    const byKey = new Map<string, T[]>();
    for (let at = 0; at < this.#end; at += PAIR) {
      index(byKey, this.#pairs[at] as string, this.#pairs[at + 1] as T);
    }
    return byKey;
  }
}

const NOTHING: never[] = [];

function index<T>(byKey: Map<string, T[]>, key: string, row: T): void {
  const known = byKey.get(key);
  if (known === undefined) byKey.set(key, [row]);
  else known.push(row);
}
