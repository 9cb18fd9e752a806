/**
 * Rows that belong together and are nearly always few, such as what one customer's period counts.
 * A short chain is looked through, which takes a third of a Map's time and a sixth of its memory; a
 * long one (a matrix of a thousand cells) gets an index by a short key. The keys stand beside the
 * rows, since looking at a row that was not used lately costs more than everything else here. It
 * is a chain because most hold one row or two, and a list makes room for seventeen.
 */

/** So many rows are looked through. */
const LOOKED_THROUGH_MAX_COUNT = 16;

/** A row in its place, and the one that was put next. */
interface Place<T> {
  readonly key: string;
  readonly row: T;
  next: Place<T> | null;
}

/** Rows that are found by a key which several may share, and by what is wanted. */
export class Shelf<T, Wanted> {
  readonly #isWanted: (row: T, wanted: Wanted) => boolean;
  #first: Place<T> | null = null;
  #last: Place<T> | null = null;
  #count = 0;
  #byKey: Map<string, T[]> | null = null;

  /** `isWanted` is asked of rows with the key alone. */
  constructor(isWanted: (row: T, wanted: Wanted) => boolean) {
    this.#isWanted = isWanted;
  }

  get count(): number {
    return this.#count;
  }

  /** Every row, in the order in which they were put: a list of its own. */
  get rows(): T[] {
    const rows = new Array<T>(this.#count);
    let at = 0;
    this.each((row) => {
      rows[at] = row;
      at += 1;
    });
    return rows;
  }

  /** Visits every row in the same order, without making a list. */
  each(visit: (row: T) => void): void {
    for (let place = this.#first; place !== null; place = place.next) visit(place.row);
  }

  find(key: string, wanted: Wanted): T | undefined {
    if (this.#byKey !== null) {
      return this.#byKey.get(key)?.find((row) => this.#isWanted(row, wanted));
    }
    for (let place = this.#first; place !== null; place = place.next) {
      if (place.key === key && this.#isWanted(place.row, wanted)) return place.row;
    }
    return undefined;
  }

  put(key: string, row: T): void {
    const place: Place<T> = { key, row, next: null };
    if (this.#last === null) this.#first = place;
    else this.#last.next = place;
    this.#last = place;
    this.#count += 1;
    if (this.#byKey !== null) index(this.#byKey, place);
    else if (this.#count > LOOKED_THROUGH_MAX_COUNT) this.#byKey = this.#indexed();
  }

  #indexed(): Map<string, T[]> {
    const byKey = new Map<string, T[]>();
    for (let place = this.#first; place !== null; place = place.next) index(byKey, place);
    return byKey;
  }
}

function index<T>(byKey: Map<string, T[]>, { key, row }: Place<T>): void {
  const known = byKey.get(key);
  if (known === undefined) byKey.set(key, [row]);
  else known.push(row);
}
