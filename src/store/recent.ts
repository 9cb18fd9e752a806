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
    this.hold(key, row);
    this.trim();
  }

  /** Sets a row, and forgets none for it before the next `trim`. */
  hold(key: K, row: V): void {
    this.#rows.set(key, row);
  }

  /**
   * Forgets what is too much, and an eighth at once: a Map whose first entries are gone looks
   * through their places until it is made anew, which costs more with each row that is forgotten
   * alone.
   */
  trim(): void {
    if (this.#rows.size <= this.#capacity) return;
    const left = this.#capacity + 1 - Math.ceil(this.#capacity / 8);
    this.forgetWhile(() => this.#rows.size > left);
  }

  delete(key: K): void {
    this.#rows.delete(key);
  }

  clear(): void {
    this.#rows.clear();
  }
}
