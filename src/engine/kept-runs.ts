/**
 * What rules look at of runs, kept from one unit of work to the next. All of it follows from stored
 * rows, so whatever is not here is read again: after a restart, after a failed unit, and where the
 * runs of many are more than memory is given for.
 */
import { POLICY_STEPS_IN_MEMORY_MAX_COUNT } from "../domain/limits.ts";
import type { PolicyHit } from "../domain/policy/policy.ts";
import type { Episode, RecentStep, SpendMinute } from "../domain/policy/run-levels.ts";

/**
 * What is kept of one run. A unit of work goes on with it in place: copies would cost more than the
 * rules. A unit that fails has all that is kept read again.
 */
export interface KeptRun {
  /** Its last steps, oldest first. */
  readonly recent: RecentStep[];
  readonly children: number;
  /** Of a root's tree. */
  readonly minute: SpendMinute;
  readonly since: Episode;
  /** Rules that it was beyond since then, by `ruleText`: each is put on record once. */
  readonly told: Map<string, PolicyHit>;
  /** When a slowed-down hold was granted last. Not stored: a restart forgives one distance. */
  readonly grantedAtMs: number;
  /** Steps of its own, and of its tree, that this is as of: with others, it is read again. */
  readonly ownSteps: number;
  readonly treeSteps: number;
}

/** Room that a run takes up beside its steps. */
const RUN_SIZE = 5;

function sizeOf({ recent, minute, told }: KeptRun): number {
  return RUN_SIZE + recent.length + minute.size + told.size;
}

/** Runs by id, those that were seen last at the end. */
export class KeptRuns {
  /** With the size that each was kept with: a unit changes it in place. */
  readonly #runs = new Map<string, { readonly run: KeptRun; readonly size: number }>();
  readonly #most: number;
  #size = 0;
  /** Where the chain ended when this was kept: where it ends elsewhere, another node went on. */
  asOf = "";

  constructor(most: number = POLICY_STEPS_IN_MEMORY_MAX_COUNT) {
    this.#most = most;
  }

  /** How much is kept, in steps. */
  get size(): number {
    return this.#size;
  }

  get(id: string): KeptRun | undefined {
    return this.#runs.get(id)?.run;
  }

  /** Keeps a run, and lets those go that were not seen for the longest time. */
  put(id: string, run: KeptRun): void {
    this.delete(id);
    const size = sizeOf(run);
    this.#runs.set(id, { run, size });
    this.#size += size;
    for (const [oldest, former] of this.#runs) {
      if (this.#size <= this.#most) return;
      this.#runs.delete(oldest);
      this.#size -= former.size;
    }
  }

  delete(id: string): void {
    const known = this.#runs.get(id);
    if (known === undefined) return;
    this.#runs.delete(id);
    this.#size -= known.size;
  }

  clear(): void {
    this.#runs.clear();
    this.#size = 0;
  }
}
