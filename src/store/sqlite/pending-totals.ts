import type { Run } from "../../domain/run/run.ts";
import type { KnownIds } from "../kept-identities.ts";
import type { CounterSlot, Page, RollupSlot } from "./counted-page.ts";

/** A run, the number of its row, and what is known of its steps. */
export interface RunSlot extends KnownIds {
  run: Run;
  isPending: boolean;
}

/** Totals of one workspace that are not in the file yet. */
export class PendingTotals {
  readonly runs = new Map<string, RunSlot>();
  readonly counters: CounterSlot[] = [];
  readonly rollups: RollupSlot[] = [];
  /** Pages that hold pending slots: they must not be read from the file again. */
  readonly pages = new Map<string, Page[]>();
  /** Slots whose row the transaction under way has made. */
  readonly fresh: (CounterSlot | RollupSlot)[] = [];
  steps = 0;

  get isEmpty(): boolean {
    return this.runs.size === 0 && this.counters.length === 0 && this.rollups.length === 0;
  }
}
