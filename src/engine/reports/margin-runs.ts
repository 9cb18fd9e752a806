/** What each run brings and costs, read from its steps: for margin that roll-ups cannot tell. */

import { present } from "../../domain/assert.ts";
import { FUTURE_TOLERANCE_MS, REPORT_STEPS_MAX_COUNT } from "../../domain/limits.ts";
import {
  entriesOfRun,
  type MarginEntry,
  type MarginPlace,
  singleOutcome,
} from "../../domain/margin/margin-entry.ts";
import type { OutcomeState, Run } from "../../domain/run/run.ts";
import type { Tariff } from "../cards/tariff.ts";
import { othersTurn } from "../commit/others-turn.ts";
import type { Store } from "../ports.ts";
import { requireSteps } from "../retention/require-steps.ts";
import { tooLarge } from "./report-periods.ts";

const ROOTS_A_READ = 100;
/** Runs and steps read before others have their turn: some milliseconds of work. */
const READS_A_TURN = 250;

/** Which runs to read, and the periods that are asked for. */
export interface MarginRunScope {
  /** Null: all customers. */
  readonly customer: string | null;
  readonly tariff: Tariff;
  placeOf(customer: string, period: string): MarginPlace | null;
  /** When the first of the periods starts. */
  readonly fromMs: number;
  /** Most runs and steps to read. (Default: REPORT_STEPS_MAX_COUNT.) */
  readonly max?: number;
}

/** What a run itself brings and costs. */
export interface RunMargin {
  readonly root: Run;
  readonly run: Run;
  readonly entries: readonly MarginEntry[];
}

/** Goes through runs, newest root first. Throws `report.too_large`, `steps.removed`. */
export class MarginRuns {
  readonly #store: Store;
  readonly #workspace: string;
  readonly #scope: MarginRunScope;
  readonly #max: number;
  #read = 0;
  #readAtPause = 0;

  constructor(store: Store, workspace: string, scope: MarginRunScope) {
    this.#store = store;
    this.#workspace = workspace;
    this.#scope = scope;
    this.#max = scope.max ?? REPORT_STEPS_MAX_COUNT;
  }

  async *all(): AsyncGenerator<RunMargin> {
    const { customer, fromMs } = this.#scope;
    await requireSteps(this.#store, this.#workspace, fromMs);
    const of = customer === null ? {} : { customer };
    let after: string | undefined;
    for (;;) {
      const from = after === undefined ? {} : { after };
      const filter = { ...of, ...from, roots: true, limit: ROOTS_A_READ };
      const roots = await this.#store.listRuns(this.#workspace, filter);
      yield* this.#trees(roots.filter((root) => root.customer !== null));
      after = roots.at(-1)?.id;
      if (roots.length < ROOTS_A_READ) return;
    }
  }

  /** One may become final long after its run was last heard of, so those of all runs are asked. */
  async *#trees(roots: readonly Run[]): AsyncGenerator<RunMargin> {
    const trees: Run[][] = [];
    for (const root of roots) trees.push(await this.#below(root));
    const ids = trees.flat().map(({ id }) => id);
    const found: OutcomeState[] = [];
    for (let at = 0; at < ids.length; at += READS_A_TURN) {
      const some = ids.slice(at, at + READS_A_TURN);
      found.push(...(await this.#store.outcomesOfRuns(this.#workspace, some)));
      await othersTurn();
    }
    const outcomes = Map.groupBy(found, ({ run }) => run);
    for (const runs of trees) yield* this.#tree(runs, outcomes);
  }

  async *#tree(
    runs: readonly Run[],
    all: ReadonlyMap<string, readonly OutcomeState[]>,
  ): AsyncGenerator<RunMargin> {
    const { tariff, placeOf } = this.#scope;
    const root = present(runs[0], "the root of a tree");
    const outcomes = new Map(runs.map(({ id }) => [id, all.get(id) ?? []]));
    const treeOutcome = singleOutcome([...outcomes.values()].flat());
    const cardKeyOf = (id: number) => tariff.cardById(id).cardKey;
    const around = { root, treeOutcome, placeOf, cardKeyOf };
    for (const run of runs) {
      const steps = this.#mayHaveSteps(run)
        ? await this.#store.stepsOfRun(this.#workspace, run.id)
        : [];
      this.#count(steps.length);
      const had = { steps, outcomes: outcomes.get(run.id) ?? [] };
      yield { root, run, entries: entriesOfRun(run, had, around) };
      await this.#pause();
    }
  }

  /** Nothing is rated later than this much after its receipt, which is a sign of life. */
  #mayHaveSteps({ lastSeenAtMs }: Run): boolean {
    return lastSeenAtMs + FUTURE_TOLERANCE_MS >= this.#scope.fromMs;
  }

  async #below(root: Run): Promise<Run[]> {
    const runs = [root];
    for (let at = 0; at < runs.length; at += 1) {
      const run = runs[at];
      this.#count(1);
      if (run === undefined || run.height === 0) continue;
      runs.push(...(await this.#store.children(this.#workspace, run.id)));
    }
    return runs;
  }

  /** Others have their turn while a long report is read. */
  async #pause(): Promise<void> {
    if (this.#read - this.#readAtPause < READS_A_TURN) return;
    this.#readAtPause = this.#read;
    await othersTurn();
  }

  #count(more: number): void {
    this.#read += more;
    if (this.#read > this.#max) throw tooLarge("runs and steps", this.#max);
  }
}
