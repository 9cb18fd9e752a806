/** Rows that a unit of work loaded, and what it changed of them. */

/** A keyed set of rows that remembers which of them were changed. */
export class Rows<T> {
  readonly #rows = new Map<string, T>();
  /** Keys of rows to write, each with its row as it was stored. */
  readonly #changed = new Map<string, T | undefined>();
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
    if (!this.#changed.has(key)) this.#changed.set(key, this.#rows.get(key));
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

  /** Rows to write, in the order in which they were first changed. */
  changed(): T[] {
    const rows: T[] = [];
    for (const key of this.#changed.keys()) {
      const row = this.#rows.get(key);
      if (row !== undefined) rows.push(row);
    }
    return rows;
  }

  /** Changed rows that were loaded, as they were and as they are. */
  replaced(): { readonly before: T; readonly after: T }[] {
    const replaced: { readonly before: T; readonly after: T }[] = [];
    for (const [key, before] of this.#changed) {
      const after = this.#rows.get(key);
      if (before !== undefined && after !== undefined) replaced.push({ before, after });
    }
    return replaced;
  }

  /** A row as it was before this unit changed it; undefined where there was none. */
  stored(key: string): T | undefined {
    return this.#changed.has(key) ? this.#changed.get(key) : this.#rows.get(key);
  }

  /** Each changed row with what it was before this unit. */
  changes(): Change<T>[] {
    const changes: Change<T>[] = [];
    for (const [key, before] of this.#changed) {
      const after = this.#rows.get(key);
      if (after !== undefined) changes.push({ before, after });
    }
    return changes;
  }
}

/** A row before and after a unit of work. */
export interface Change<T> {
  readonly before: T | undefined;
  readonly after: T;
}
