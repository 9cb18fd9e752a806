/** Rows by the identity of a step. */
import type { StepKey } from "./ports.ts";

/**
 * Rows by identity. Ids rarely repeat, so the id alone finds them, without a joined key: making one
 * and looking for it takes longer than all else that is done with it.
 */
export class ByIdentity<T extends StepKey> {
  readonly #byId = new Map<string, T | T[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get({ run, source, id }: StepKey): T | undefined {
    const found = this.#byId.get(id);
    if (found === undefined) return undefined;
    if (!Array.isArray(found)) return isOf(found, run, source) ? found : undefined;
    return found.find((row) => isOf(row, run, source));
  }

  /** Puts a row in its place. Returns the one that had it. */
  set(row: T): T | undefined {
    const former = this.delete(row);
    const others = this.#byId.get(row.id);
    if (others === undefined) this.#byId.set(row.id, row);
    else this.#byId.set(row.id, Array.isArray(others) ? [...others, row] : [others, row]);
    this.#size += 1;
    return former;
  }

  /** Takes the row of this identity away. Returns it. */
  delete(key: StepKey): T | undefined {
    const former = this.get(key);
    if (former === undefined) return undefined;
    const others = this.#byId.get(key.id);
    const rest = Array.isArray(others) ? others.filter((row) => row !== former) : [];
    if (rest.length === 0) this.#byId.delete(key.id);
    else this.#byId.set(key.id, rest);
    this.#size -= 1;
    return former;
  }

  *values(): Generator<T> {
    for (const found of this.#byId.values()) {
      if (Array.isArray(found)) yield* found;
      else yield found;
    }
  }
}

function isOf(row: StepKey, run: string, source: string): boolean {
  return row.run === run && row.source === source;
}
