/** A bounded cache of rows: what was set longest ago goes first. Only the one writer fills it. */
export class Recent<K, V> {
  readonly #rows = new Map<K, V>();
  readonly #capacity: number;
  readonly #forgotten: (row: V) => void;

  /** `forgotten` is told of each row that goes for want of room. (Default: nobody is.) */
  constructor(capacity: number, forgotten: (row: V) => void = () => undefined) {
    this.#capacity = capacity;
    this.#forgotten = forgotten;
  }

  get(key: K): V | undefined {
    return this.#rows.get(key);
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Forgets what was set longest ago for as long as it is too much. */
  forgetWhile(isTooMuch: () => boolean): void {
    for (const [key, row] of this.#rows) {
      if (!isTooMuch()) return;
      this.#rows.delete(key);
      this.#forgotten(row);
    }
  }

  /** A row that is set again keeps its place: moving it would cost more than it saves. */
  set(key: K, row: V): void {
    this.#rows.set(key, row);
    if (this.#rows.size > this.#capacity) this.#forgetOldest();
  }

  /**
   * An eighth at once: a Map whose first entries are gone looks through their places until it is
   * made anew, which costs more with each row that is forgotten alone.
   */
  #forgetOldest(): void {
    let left = Math.ceil(this.#capacity / 8);
    for (const [key, row] of this.#rows) {
      if (left === 0) return;
      this.#rows.delete(key);
      this.#forgotten(row);
      left -= 1;
    }
  }

  delete(key: K): void {
    this.#rows.delete(key);
  }

  clear(): void {
    this.#rows.clear();
  }
}
