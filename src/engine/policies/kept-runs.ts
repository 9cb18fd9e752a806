/**
 * What rules look at of runs, kept from one unit of work to the next. All of it follows from stored
 * rows, so whatever is not here is read again: after a restart, after a failed unit, and where the
 * runs of many are more than memory is given for.
 */
import { POLICY_MEMORY_MAX_BYTES } from "../../domain/limits.ts";
import type { LastSteps } from "../../domain/policy/last-steps.ts";
import type { PolicyHit } from "../../domain/policy/policy.ts";
import type { Episode, SpendMinute } from "../../domain/policy/run-levels.ts";

/**
 * What is kept of one run. A unit of work goes on with it in place: copies would cost more than the
 * rules. A unit that fails has all that is kept read again.
 */
export interface KeptRun {
  readonly recent: LastSteps;
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

/** What a run takes up beside its steps, and what a second of its minute and a rule told do. */
const RUN_BYTES = 1_000;
const SECOND_BYTES = 160;
const TOLD_BYTES = 400;

function bytesOf({ recent, minute, told }: KeptRun): number {
  return RUN_BYTES + recent.bytes + minute.size * SECOND_BYTES + told.size * TOLD_BYTES;
}

/** Room for what is kept of runs in all workspaces; those worked on longest ago make room first. */
export class KeptRoom {
  readonly #most: number;
  /** Those that took some of it, the last one at the end. */
  readonly #users = new Set<KeptRuns>();
  #last: KeptRuns | null = null;
  #used = 0;

  constructor(most: number = POLICY_MEMORY_MAX_BYTES) {
    this.#most = most;
  }

  /** Bytes that are taken. */
  get used(): number {
    return this.#used;
  }

  get isOver(): boolean {
    return this.#used > this.#most;
  }

  take(user: KeptRuns, bytes: number): void {
    this.#used += bytes;
    if (this.#last !== user) {
      this.#users.delete(user);
      this.#users.add(user);
      this.#last = user;
    }
    for (const other of this.#users) {
      if (!this.isOver || other === user) return;
      other.clear();
    }
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }

  /** A workspace has nothing here any more. */
  leave(user: KeptRuns): void {
    this.#users.delete(user);
    if (this.#last === user) this.#last = null;
  }
}

/** The runs of one workspace by id, those that were seen last at the end. */
export class KeptRuns {
  /** With the size that each was kept with: a unit changes it in place. */
  readonly #runs = new Map<string, { readonly run: KeptRun; readonly bytes: number }>();
  readonly #room: KeptRoom;
  #isRetired = false;
  /** Where the chain ended when this was kept: where it ends elsewhere, another node went on. */
  asOf = "";

  constructor(room: KeptRoom) {
    this.#room = room;
  }

  get(id: string): KeptRun | undefined {
    return this.#runs.get(id)?.run;
  }

  /** Keeps a run, and lets those go that were not seen for the longest time. */
  put(id: string, run: KeptRun): void {
    if (this.#isRetired) return;
    this.delete(id);
    const bytes = bytesOf(run);
    this.#runs.set(id, { run, bytes });
    this.#room.take(this, bytes);
    // To find the oldest takes a walk past all places that were given up.
    if (!this.#room.isOver) return;
    for (const oldest of this.#runs.keys()) {
      if (!this.#room.isOver) return;
      this.delete(oldest);
    }
  }

  delete(id: string): void {
    const known = this.#runs.get(id);
    if (known === undefined) return;
    this.#runs.delete(id);
    this.#room.give(known.bytes);
  }

  clear(): void {
    for (const { bytes } of this.#runs.values()) this.#room.give(bytes);
    this.#runs.clear();
    this.#room.leave(this);
  }

  /** Other policies look at other things: what a unit that still runs would keep is let go. */
  retire(): void {
    this.#isRetired = true;
    this.clear();
  }
}
