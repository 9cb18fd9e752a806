/** Rows that a unit of work loaded, and what it changed of them. */

/** A keyed set of rows that remembers which of them were changed. */
export class Rows<T> {
  readonly #rows = new Map<string, T>();
  /** Rows to write, each with what it was when it was stored. */
  readonly #changed = new Map<string, { readonly before: T | undefined; after: T }>();
  /** The row asked for last: each step of a rule asks for the run of its event again. */
  #lastKey: string | null = null;
  #lastRow: T | undefined;

  /** Puts a row as it is stored. */
  load(key: string, row: T): void {
    if (this.#rows.has(key)) return;
    this.#rows.set(key, row);
    this.#lastKey = null;
  }

  get(key: string): T | undefined {
    if (key === this.#lastKey) return this.#lastRow;
    this.#lastRow = this.#rows.get(key);
    this.#lastKey = key;
    return this.#lastRow;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** Puts a row that will be written. */
  set(key: string, row: T): void {
    const change = this.#changed.get(key);
    if (change === undefined) this.#changed.set(key, { before: this.#rows.get(key), after: row });
    else change.after = row;
    this.#rows.set(key, row);
    this.#lastKey = key;
    this.#lastRow = row;
  }

  delete(key: string): void {
    this.#rows.delete(key);
    this.#changed.delete(key);
    this.#lastKey = null;
  }

  values(): IterableIterator<T> {
    return this.#rows.values();
  }

  keys(): IterableIterator<string> {
    return this.#rows.keys();
  }

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  get isChanged(): boolean {
    return this.#changed.size > 0;
  }

  /** A row that will be written; undefined where it is as it was stored, or is not there. */
  changedRow(key: string): T | undefined {
    return this.#changed.get(key)?.after;
  }

  /** Rows to write, in the order in which they were first changed. */
  changed(): T[] {
    const rows: T[] = [];
    for (const { after } of this.#changed.values()) rows.push(after);
    return rows;
  }

  /** Changed rows that were loaded, as they were and as they are. */
  replaced(): { readonly before: T; readonly after: T }[] {
    const replaced: { readonly before: T; readonly after: T }[] = [];
    for (const { before, after } of this.#changed.values()) {
      if (before !== undefined) replaced.push({ before, after });
    }
    return replaced;
  }

  /** A row as it was before this unit changed it; undefined where there was none. */
  stored(key: string): T | undefined {
    const change = this.#changed.get(key);
    return change === undefined ? this.#rows.get(key) : change.before;
  }

  /** Each changed row with what it was before this unit. */
  changes(): Change<T>[] {
    return [...this.#changed.values()];
  }
}

/** A row before and after a unit of work. */
export interface Change<T> {
  readonly before: T | undefined;
  readonly after: T;
}
