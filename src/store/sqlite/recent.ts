/** A bounded cache of rows: what was set longest ago goes first. Only the one writer fills it. */
export class Recent<K, V> {
  readonly #rows = new Map<K, V>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: K): V | undefined {
    return this.#rows.get(key);
  }

  /** A row that is set again keeps its place: moving it would cost more than it saves. */
  set(key: K, row: V): void {
    this.#rows.set(key, row);
    if (this.#rows.size <= this.#capacity) return;
    const oldest = this.#rows.keys().next();
    if (!oldest.done) this.#rows.delete(oldest.value);
  }

  delete(key: K): void {
    this.#rows.delete(key);
  }

  clear(): void {
    this.#rows.clear();
  }
}
