/**
 * What rules look at of the runs that one unit of work touches: taken from what is kept, or read
 * from stored rows, then brought up to date with what the unit changed. It is kept only once the
 * unit is on disk; whoever lets a unit fail has all of it read again.
 */
import { present } from "../../domain/assert.ts";
import type { Step } from "../../domain/event/step.ts";
import { ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { JudgedRun, Wanted } from "../../domain/policy/judge-run.ts";
import { LastSteps } from "../../domain/policy/last-steps.ts";
import { type PolicyHit, ruleText } from "../../domain/policy/policy.ts";
import {
  countsForRules,
  type Episode,
  recentStep,
  SpendMinute,
  spentAtMs,
  WHOLE_RUN,
} from "../../domain/policy/run-levels.ts";
import { ancestry, type Run } from "../../domain/run/run.ts";
import type { Change } from "../commit/batch-rows.ts";
import type { Spending } from "../limits/load-spending.ts";
import type { Store } from "../ports.ts";
import type { KeptRun } from "./kept-runs.ts";
import type { PolicyBook } from "./policy-books.ts";
import { lastEpisode, reachedSince } from "./run-episodes.ts";
import { inParts } from "./runs-in-parts.ts";

/** What watching needs beside the state of the unit. */
export interface Watching extends Pick<Spending, "unit" | "state" | "tariff"> {
  readonly store: Store;
  readonly workspace: string;
  readonly policies: PolicyBook;
  /** Now, by what holds keep their distance by. */
  readonly pacedAtMs: number;
}

/** What is known of one run while its unit of work goes on. */
export interface WatchedRow {
  readonly recent: LastSteps;
  children: number;
  minute: SpendMinute;
  readonly since: Episode;
  readonly told: Map<string, PolicyHit>;
  grantedAtMs: number;
  /** Something left its window that no later step brings back: read it again next time. */
  isStale: boolean;
}

/** The runs that one unit of work watches. */
export class WatchedRuns {
  readonly watching: Watching;
  readonly #rows = new Map<string, WatchedRow>();

  constructor(watching: Watching) {
    this.watching = watching;
  }

  /** A run and all above it, the run first; none of a standing run, which no rule is for. */
  path(id: string): readonly Run[] {
    const { state } = this.watching;
    const path: Run[] = [];
    for (const run of ancestry(id, (one) => state.runs.get(one))) {
      if (run.standing) return [];
      path.push(run);
    }
    return path;
  }

  /** What is known of a run, as it was before this unit where the unit was not noted yet. */
  async of(id: string): Promise<WatchedRow> {
    const known = this.#rows.get(id);
    if (known !== undefined) return known;
    await this.load([id]);
    return present(this.#rows.get(id), `what is known of run "${id}"`);
  }

  /**
   * Has these runs known, as `of` would. Those that must be read are read at once, since a store
   * may answer all of them by one query, but no more of their steps than memory has room for.
   */
  async load(ids: Iterable<string>): Promise<void> {
    const unknown: [id: string, stored: Run | undefined][] = [];
    for (const id of new Set(ids)) {
      if (this.#rows.has(id)) continue;
      const stored = this.watching.state.runs.stored(id);
      const row = this.#kept(id, stored);
      if (row === null) unknown.push([id, stored]);
      else this.#rows.set(id, row);
    }
    for (const some of inParts(unknown, ([, stored]) => this.#stepsToRead(stored))) {
      const rows = await Promise.all(some.map(([, stored]) => this.#read(stored)));
      for (const [at, [id]] of some.entries())
        this.#rows.set(id, present(rows[at], "a row of each"));
    }
  }

  /** What is kept of a run; null where it was other than it is stored now. */
  #kept(id: string, stored: Run | undefined): WatchedRow | null {
    const kept = this.watching.policies.kept.get(id);
    const isAsStored =
      kept !== undefined &&
      kept.ownSteps === (stored?.own.steps ?? 0) &&
      kept.treeSteps === (stored?.tree.steps ?? 0);
    return isAsStored ? rowOf(kept) : null;
  }

  #stepsToRead(run: Run | undefined): number {
    if (run === undefined) return 0;
    return isMinuteOf(this.watching.policies.wanted, run) ? run.tree.steps : run.own.steps;
  }

  async #read(stored: Run | undefined): Promise<WatchedRow> {
    const { unit, policies } = this.watching;
    const { wanted } = policies;
    const row: WatchedRow = {
      ...{ recent: new LastSteps(wanted.steps), minute: new SpendMinute(), children: 0 },
      ...{ since: WHOLE_RUN, told: new Map(), grantedAtMs: 0, isStale: false },
    };
    if (stored === undefined) return row;
    const hasMinute = isMinuteOf(wanted, stored);
    const [since, below, own] = await Promise.all([
      this.#readTold(stored.id, row.told),
      needsBelow(wanted, stored) ? unit.descendants(stored.id) : [],
      wanted.steps > 0 || hasMinute ? unit.stepsOfRun(stored.id) : [],
    ]);
    row.children = below.filter(({ parent }) => parent === stored.id).length;
    if (wanted.steps > 0) for (const step of own) this.#noteStep(row, step);
    if (!hasMinute) return { ...row, since };
    for (const step of own) noteSpend(row, step, 1n);
    for (const some of inParts(below, (run) => run.own.steps)) {
      const steps = await Promise.all(some.map(({ id }) => unit.stepsOfRun(id)));
      for (const step of steps.flat()) noteSpend(row, step, 1n);
    }
    return { ...row, since };
  }

  /** Reads the rules that a run was beyond into `told`. Returns since when it goes on. */
  async #readTold(run: string, told: WatchedRow["told"]): Promise<Episode> {
    const { store, workspace } = this.watching;
    const { episode, seq } = await lastEpisode(store, workspace, run);
    for (const hit of await reachedSince(store, workspace, { run, seq })) {
      told.set(ruleText(hit), hit);
    }
    return episode;
  }

  #noteStep({ recent }: WatchedRow, step: Step): void {
    if (!countsForRules(step)) return;
    recent.put(recentStep(step));
  }

  /** Takes up a step that the unit recorded, revised or voided. */
  async note({ before, after }: Change<Step>): Promise<void> {
    const path = this.path(after.run);
    const root = path.at(-1);
    if (root === undefined) return;
    const { wanted } = this.watching.policies;
    if (wanted.steps > 0) this.#renew(await this.of(after.run), { before, after });
    if (!wanted.minute) return;
    const row = await this.of(root.id);
    if (before !== undefined) noteSpend(row, before, -1n);
    noteSpend(row, after, 1n);
    // Where the newest step is gone, an earlier minute is the last one.
    if (!countsForRules(after)) row.isStale = true;
  }

  #renew(row: WatchedRow, { before, after }: Change<Step>): void {
    if (before === undefined || !countsForRules(before)) {
      this.#noteStep(row, after);
      return;
    }
    const { isFull } = row.recent;
    // What is older than the window concerns no rule, whatever became of it.
    if (!row.recent.remove(before.seq)) return;
    if (countsForRules(after)) this.#noteStep(row, after);
    else row.isStale ||= isFull;
  }

  /** Takes up that a run came below another, or left it: its parent differs. */
  async noteParent({ before, after }: Change<Run>): Promise<void> {
    const was = before?.parent ?? null;
    if (was !== null) (await this.of(was)).children -= 1;
    if (after.parent !== null) (await this.of(after.parent)).children += 1;
    // What its tree had spent comes along: trees that were linked are read again.
    if (before === undefined || before.tree.steps === 0) return;
    const roots = [was, after.parent].flatMap((id) => (id === null ? [] : this.path(id).slice(-1)));
    for (const { id } of [...roots, after]) (await this.of(id)).isStale = true;
  }

  /** A run, as rules look at it. */
  judged(run: Run, row: WatchedRow, depth: number): JudgedRun {
    const { policies, tariff, state } = this.watching;
    const { customer, agent } = run;
    const looksAtCard = policies.looksAtCards || policies.wanted.minute;
    const payer = customer === null || !looksAtCard ? undefined : state.customers.get(customer);
    const card = payer === undefined ? null : tariff.cardFor(payer, run.openedAtMs);
    return {
      id: run.id,
      subject: { customer, agent, card: card?.cardKey ?? null },
      depth,
      openedAtMs: run.openedAtMs,
      steps: run.own.steps,
      children: row.children,
      isRoot: run.parent === null,
      cost: run.tree.cost,
      charge: run.tree.charge,
      currency: card?.currency ?? null,
      recent: row.recent,
      minute: row.minute,
      since: row.since,
    };
  }

  /** Keeps what was watched, now that it is on disk. */
  keep(): void {
    const { state, policies } = this.watching;
    for (const [id, row] of this.#rows) {
      const run = state.runs.get(id);
      if (run === undefined || row.isStale || run.status !== "open") policies.kept.delete(id);
      else policies.kept.put(id, { ...row, ownSteps: run.own.steps, treeSteps: run.tree.steps });
    }
  }
}

function rowOf({ recent, children, minute, since, told, grantedAtMs }: KeptRun): WatchedRow {
  return { recent, children, minute, since, told, grantedAtMs, isStale: false };
}

function needsBelow(wanted: Wanted, run: Run): boolean {
  return run.height > 0 && (wanted.children || isMinuteOf(wanted, run));
}

/** Whether it is looked at what a run and all below it spent in a minute. */
function isMinuteOf({ minute }: Wanted, { parent }: Run): boolean {
  return minute && parent === null;
}

/** What providers charge us counts; what the customer pays them does not. */
function noteSpend({ minute }: WatchedRow, step: Step, sign: bigint): void {
  if (!countsForRules(step)) return;
  const cost = step.payer === "us" ? step.cost : ZERO_AMOUNT;
  minute.add(spentAtMs(step), { cost: sign * cost, charge: sign * step.charge });
}
