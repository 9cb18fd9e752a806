/**
 * A unit of work that is on its way to the disk while the next one is put together. The file lacks
 * its rows still; memory has what they make of totals, as after any unit. If it fails, so does the
 * next one, which writes nothing then.
 */
import type { Step } from "../../domain/event/step.ts";
import { StepRows } from "../../engine/commit/step-rows.ts";
import type { StepKey } from "../../engine/ports.ts";

/** New steps, and rows that came with them. */
export class UnitAhead {
  readonly ws: number;
  /** Rejects with what the commit failed with. */
  readonly committed: Promise<void>;
  /** True once its failure, if it failed, has been dealt with. */
  hasLanded = false;
  /** Resolves when the unit that began on top of it has ended, if one did. Never rejects. */
  follower: Promise<unknown> = Promise.resolve();
  readonly #steps: readonly Step[];
  #byIdentity: StepRows | null = null;

  constructor(ws: number, steps: readonly Step[], committed: Promise<void>) {
    this.ws = ws;
    this.#steps = steps;
    this.committed = committed;
  }

  /** Its step of this identity. Most units bring little that came before: few are asked for. */
  step(key: StepKey): Step | undefined {
    if (this.#byIdentity === null) {
      this.#byIdentity = new StepRows();
      for (const step of this.#steps) this.#byIdentity.load(step);
    }
    return this.#byIdentity.get(key);
  }

  /** What a read of the file says once the file has its rows. Rejects if it never will. */
  async thenRead<T>(read: () => T): Promise<T> {
    await this.committed;
    return read();
  }
}
