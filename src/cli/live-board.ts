/** What a live view has told, put together: runs, budgets, stops, and what came last. */
import type { BalanceView, StopView } from "./render/budgets.ts";

/** A run as a live view tells it. */
export interface LiveRunView {
  readonly run: string;
  readonly parentRun: string | null;
  readonly customer: string | null;
  readonly agent: string | null;
  readonly status: string;
  readonly openedAt: string;
  readonly steps: number;
  readonly tree: {
    readonly steps: number;
    readonly unpriced: number;
    readonly cost: string;
    readonly charge: string;
  };
  readonly chargeCurrency: string | null;
}

/** A step as a live view tells it. */
export interface LiveStepView {
  readonly run: string;
  readonly id: string;
  readonly kind: string;
  readonly model: string | null;
  readonly tool: string | null;
  readonly status: string;
  readonly voided: boolean;
  readonly occurredAt: string;
  readonly cost: string;
  readonly costStatus: string;
  readonly charge: string;
}

/** A decision on a hold. */
export interface LiveDecisionView {
  readonly run: string;
  readonly id: string;
  readonly decision: string;
  readonly reason: string | null;
  readonly budget: string | null;
  readonly policy: { readonly policy: string; readonly rule: string } | null;
}

/** A rule that a run is beyond. */
export interface LiveReachedView {
  readonly policy: string;
  readonly rule: string;
  readonly do: string;
  readonly mode: string;
  readonly run: string;
  readonly level: string;
  readonly moreThan: string;
}

/** What one message says; what there is none of is left out. */
export interface LiveMessage {
  readonly runs?: readonly LiveRunView[];
  readonly budgets?: readonly BalanceView[];
  readonly stops?: readonly StopView[];
  readonly steps?: readonly LiveStepView[];
  readonly earlierSteps?: number;
  readonly decisions?: readonly LiveDecisionView[];
  readonly reached?: readonly LiveReachedView[];
}

/** Runs that are shown: a view of a whole workspace may be of any number. */
const RUNS_MAX_COUNT = 200;
const STEPS_MAX_COUNT = 8;

/** All of a view, kept up to date by its messages. */
export class LiveBoard {
  readonly runs = new Map<string, LiveRunView>();
  readonly budgets = new Map<string, BalanceView>();
  readonly stops = new Map<string, StopView>();
  readonly reached: LiveReachedView[] = [];
  steps: readonly LiveStepView[] = [];

  /** Begins anew with all of it. */
  begin(message: LiveMessage): void {
    this.runs.clear();
    this.budgets.clear();
    this.stops.clear();
    // The newest run comes first in a listing, and last on the board.
    this.#take({ ...message, runs: (message.runs ?? []).toReversed() });
  }

  change(message: LiveMessage): void {
    this.#take(message);
    this.steps = [...this.steps, ...(message.steps ?? [])].slice(-STEPS_MAX_COUNT);
    this.reached.push(...(message.reached ?? []));
    this.reached.splice(0, this.reached.length - STEPS_MAX_COUNT);
  }

  #take({ runs = [], budgets = [], stops = [] }: LiveMessage): void {
    for (const run of runs) this.runs.set(run.run, run);
    for (const id of this.runs.keys()) {
      if (this.runs.size <= RUNS_MAX_COUNT) break;
      this.runs.delete(id);
    }
    for (const one of budgets) this.budgets.set(JSON.stringify([one.budget, one.scope]), one);
    for (const stop of stops) this.stops.set(JSON.stringify([stop.of, stop.id]), stop);
  }
}
