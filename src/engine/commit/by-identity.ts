/** Rows by the identity of a step. */
import type { StepKey } from "../ports.ts";

/**
 * Rows by identity. Most ids are of one row, so the id alone finds it, without a joined key: making
 * one and looking for it takes longer than all else that is done with it. Producers that count
 * within each run repeat every id: the rows of one id have joined keys.
 */
export class ByIdentity<T extends StepKey> {
  readonly #byId = new Map<string, T | Map<string, T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: StepKey): T | undefined {
    const found = this.#byId.get(key.id);
    if (found === undefined || found instanceof Map) return found?.get(placeOf(key));
    return isOf(found, key) ? found : undefined;
  }

  /** Puts a row in its place. Returns the one that had it. */
  set(row: T): T | undefined {
    const found = this.#byId.get(row.id);
    if (found === undefined || (!(found instanceof Map) && isOf(found, row))) {
      this.#byId.set(row.id, row);
      if (found === undefined) this.#size += 1;
      return found;
    }
    const rows = found instanceof Map ? found : new Map([[placeOf(found), found]]);
    this.#byId.set(row.id, rows);
    const place = placeOf(row);
    const former = rows.get(place);
    rows.set(place, row);
    if (former === undefined) this.#size += 1;
    return former;
  }

  /** Takes the row of this identity away. Returns it. */
  delete(key: StepKey): T | undefined {
    const former = this.get(key);
    if (former === undefined) return undefined;
    const found = this.#byId.get(key.id);
    if (found instanceof Map) found.delete(placeOf(key));
    if (!(found instanceof Map) || found.size === 0) this.#byId.delete(key.id);
    this.#size -= 1;
    return former;
  }

  *values(): Generator<T> {
    for (const found of this.#byId.values()) {
      if (found instanceof Map) yield* found.values();
      else yield found;
    }
  }
}

/** Where a row stands among those of its id. No id holds a character as low as the separator. */
function placeOf({ run, source }: StepKey): string {
  return `${run}\u0000${source}`;
}

function isOf(row: StepKey, { run, source }: StepKey): boolean {
  return row.run === run && row.source === source;
}
