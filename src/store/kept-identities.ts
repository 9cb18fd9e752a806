/**
 * Which identities runs hold, in memory, so that nearly every step that arrives is known to be new
 * without asking the store.
 *
 * An identity is kept as 52 bits of a hash, in one table for all runs: sets of ids, one a run, took
 * ten times the memory and as many cache misses. Where two identities share the bits the store is
 * asked once too often, which is no harm.
 *
 * There are two tables. When the younger one is full it becomes the older, and what that held is
 * forgotten: of runs that were begun or read by then nothing is known any more.
 */

/** Identities in one table, of which there are two: 1 MiB each when full. */
export const TABLE_MAX_COUNT = 60_000;

const UNREAD = 0;

/** What is known of a run's identities; part of its slot in memory. */
export interface KnownIds {
  readonly runNo: number;
  /** From which table on all its identities are kept; 0 or less: they are not. */
  idsFrom: number;
}

/** A run of which nothing is known yet. */
export function unreadRun(runNo: number): KnownIds {
  return { runNo, idsFrom: UNREAD };
}

/** The identities of the runs that were worked on last. */
export class KeptIdentities {
  #younger = new PrintTable();
  #older = new PrintTable();
  /** Number of the younger table. */
  #tableNo = 1;

  /** A run whose identities are kept from here on: it has no step yet, or all are added next. */
  begin(run: KnownIds): void {
    run.idsFrom = this.#tableNo;
  }

  /**
   * False: the run holds no such step. True: it may, and the store knows; so it is also for a run
   * whose identities are not kept.
   */
  mayHold(run: KnownIds, sourceNo: number, id: string): boolean {
    if (!this.isKept(run)) return true;
    const print = printOf(run.runNo, sourceNo, id);
    return this.#younger.has(print) || this.#older.has(print);
  }

  protected isKept({ idsFrom }: KnownIds): boolean {
    return idsFrom > 0 && idsFrom >= this.#tableNo - 1;
  }

  /** A step was added, or replaced. */
  add(run: KnownIds, sourceNo: number, id: string): void {
    if (!this.isKept(run)) return;
    this.#younger.add(printOf(run.runNo, sourceNo, id));
    if (this.#younger.count < TABLE_MAX_COUNT) return;
    this.#older = this.#younger;
    this.#younger = new PrintTable();
    this.#tableNo += 1;
  }
}

/** 52 bits of an identity, never 0: two hashes by multiplication, of 32 and of 20 bits. */
function printOf(runNo: number, sourceNo: number, id: string): number {
  let high = Math.imul(runNo, 0x9e3779b1) ^ sourceNo;
  let low = Math.imul(runNo, 0x85ebca6b) + sourceNo;
  for (let at = 0; at < id.length; at += 1) {
    const code = id.charCodeAt(at);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x5bd1e995);
  }
  high ^= high >>> 15;
  return (high >>> 0) * 2 ** 20 + (low >>> 12) + 1;
}

const LEAST_PLACES = 1_024;

/** A set of prints by open addressing, at most half full. */
export class PrintTable {
  #places = new Float64Array(LEAST_PLACES);
  count = 0;

  has(print: number): boolean {
    return this.#places[this.#placeOf(print)] === print;
  }

  add(print: number): void {
    const place = this.#placeOf(print);
    if (this.#places[place] === print) return;
    this.#places[place] = print;
    this.count += 1;
    if (2 * this.count > this.#places.length) this.#grow();
  }

  /** Where the print stands, or would stand. */
  #placeOf(print: number): number {
    const places = this.#places;
    const last = places.length - 1;
    let place = print & last;
    for (let kept = places[place]; kept !== 0 && kept !== print; kept = places[place]) {
      place = (place + 1) & last;
    }
    return place;
  }

  #grow(): void {
    const former = this.#places;
    this.#places = new Float64Array(2 * former.length);
    for (const print of former) if (print !== 0) this.#places[this.#placeOf(print)] = print;
  }
}
