/**
 * Which identities runs hold, in memory, so that nearly every step that arrives is known to be new
 * without asking the store.
 *
 * An identity is kept as 32 bits of a hash, in one table for all runs: sets of ids, one a run, took
 * ten times the memory and as many cache misses. Where two identities share the bits the store is
 * asked once too often, which is no harm: of a full table, one time in 18,000.
 *
 * There are two tables. When the younger one is full it becomes the older, and what that held is
 * forgotten: of runs that were begun or read by then nothing is known any more.
 */

/** Identities in one table, of which there are two: 2 MiB each when full. */
export const TABLE_MAX_COUNT = 240_000;

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
  readonly #tableMaxCount: number;

  /** `tableMaxCount` is for tests. (Default: TABLE_MAX_COUNT.) */
  constructor(tableMaxCount = TABLE_MAX_COUNT) {
    this.#tableMaxCount = tableMaxCount;
  }

  /** How many are kept. */
  get count(): number {
    return this.#younger.count + this.#older.count;
  }

  /** Memory that both tables take. */
  get bytes(): number {
    return this.#younger.bytes + this.#older.bytes;
  }

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
    if (this.isKept(run)) this.addPrint(printOf(run.runNo, sourceNo, id));
  }

  /** The same by its print, whose run is kept or not. */
  addPrint(print: number): void {
    this.#younger.add(print);
    if (this.#younger.count < this.#tableMaxCount) return;
    this.#older = this.#younger;
    this.#younger = new PrintTable();
    this.#tableNo += 1;
  }
}

/** What is kept of an identity: never 0. */
export function printOf(runNo: number, sourceNo: number, id: string): number {
  return printOfText(Math.imul(runNo, 0x9e3779b1) ^ sourceNo, id);
}

/** Goes on with a hash by multiplication, one character after the other; mixed, never 0. */
export function printOfText(begun: number, text: string): number {
  let hash = begun;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  // Every bit has a part in the low ones, which say where a print stands.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0 || 1;
}

/** Each workspace has four tables, and most of many have few runs. */
const LEAST_PLACES = 16;

/** A set of prints by open addressing, at most half full. */
export class PrintTable {
  #places = new Uint32Array(LEAST_PLACES);
  count = 0;

  get bytes(): number {
    return this.#places.byteLength;
  }

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
    this.#places = new Uint32Array(2 * former.length);
    for (const print of former) if (print !== 0) this.#places[this.#placeOf(print)] = print;
  }
}
