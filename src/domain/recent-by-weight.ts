/**
 * A bounded cache of things that differ in size: what was used longest ago goes first, while all
 * together weigh too much. A thing grows where it is kept, so it is weighed whenever it was used.
 */
interface Kept<V> {
  readonly value: V;
  readonly weight: number;
}

/** Things by their keys, of which those used last are kept. */
export class RecentByWeight<K, V> {
  readonly #kept = new Map<K, Kept<V>>();
  readonly #maxWeight: number;
  readonly #letGo: (key: K, value: V) => void;
  #weight = 0;

  /** `letGo` is told of each that goes for want of room. (Default: nobody is.) */
  constructor(maxWeight: number, letGo: (key: K, value: V) => void = () => undefined) {
    this.#maxWeight = maxWeight;
    this.#letGo = letGo;
  }

  get size(): number {
    return this.#kept.size;
  }

  get(key: K): V | undefined {
    return this.#kept.get(key)?.value;
  }

  /** It was used, and weighs so much now: whatever else is too much goes. It stays by itself. */
  set(key: K, value: V, weight: number): void {
    this.delete(key);
    this.#kept.set(key, { value, weight });
    this.#weight += weight;
    for (const [oldest, { value: gone }] of this.#kept) {
      if (this.#weight <= this.#maxWeight || oldest === key) return;
      this.delete(oldest);
      this.#letGo(oldest, gone);
    }
  }

  delete(key: K): void {
    this.#weight -= this.#kept.get(key)?.weight ?? 0;
    this.#kept.delete(key);
  }
}
