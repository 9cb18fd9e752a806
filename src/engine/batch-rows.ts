/** Rows of a unit of work by their keys, and which of them it changed. */
import type { Step } from "../domain/event/step.ts";
import type { StepKey } from "./ports.ts";

/** A keyed set of rows that remembers which of them were changed. */
export class Rows<T> {
  readonly #rows = new Map<string, T>();
  readonly #changed = new Set<string>();
  /** What changed rows were as they were loaded. */
  readonly #loaded = new Map<string, T>();

  /** Puts a row as it is stored. */
  load(key: string, row: T): void {
    if (!this.#rows.has(key)) this.#rows.set(key, row);
  }

  get(key: string): T | undefined {
    return this.#rows.get(key);
  }

  has(key: string): boolean {
    return this.#rows.has(key);
  }

  /** Puts a row that will be written. */
  set(key: string, row: T): void {
    if (!this.#changed.has(key)) {
      const loaded = this.#rows.get(key);
      if (loaded !== undefined) this.#loaded.set(key, loaded);
      this.#changed.add(key);
    }
    this.#rows.set(key, row);
  }

  /** Changed rows that were loaded, as they were and as they are. */
  *replaced(): Generator<{ readonly before: T; readonly after: T }> {
    for (const [key, before] of this.#loaded) {
      const after = this.#rows.get(key);
      if (after !== undefined) yield { before, after };
    }
  }

  delete(key: string): void {
    this.#rows.delete(key);
    this.#changed.delete(key);
  }

  values(): IterableIterator<T> {
    return this.#rows.values();
  }

  get isChanged(): boolean {
    return this.#changed.size > 0;
  }

  /** Rows to write, in the order in which they were first changed. */
  changed(): T[] {
    const rows: T[] = [];
    for (const key of this.#changed) {
      const row = this.#rows.get(key);
      if (row !== undefined) rows.push(row);
    }
    return rows;
  }
}

/** Steps by identity. Ids rarely repeat, so the id finds them without making a joined key. */
export class StepRows {
  readonly #byId = new Map<string, Step[]>();
  readonly #changed = new Set<Step>();

  get(key: StepKey): Step | undefined {
    const rows = this.#byId.get(key.id);
    if (rows === undefined) return undefined;
    for (const row of rows) if (row.run === key.run && row.source === key.source) return row;
    return undefined;
  }

  /** Puts a step as it is stored. */
  load(step: Step): void {
    if (this.get(step) === undefined) this.#put(step);
  }

  /** Puts a step that will be written, in place of its former revision. */
  set(step: Step): void {
    this.#put(step);
    this.#changed.add(step);
  }

  #put(step: Step): void {
    const rows = this.#byId.get(step.id);
    if (rows === undefined) {
      this.#byId.set(step.id, [step]);
      return;
    }
    const at = rows.findIndex((row) => row.run === step.run && row.source === step.source);
    const former = rows[at];
    if (former === undefined) {
      rows.push(step);
      return;
    }
    rows[at] = step;
    this.#changed.delete(former);
  }

  *values(): Generator<Step> {
    for (const rows of this.#byId.values()) yield* rows;
  }

  changed(): Step[] {
    return [...this.#changed];
  }
}
