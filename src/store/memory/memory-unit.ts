/** One unit of work over the tables of a workspace; its writes are handed on, not applied. */

import type { JournalEntry } from "../../domain/event/journal.ts";
import type { Step } from "../../domain/event/step.ts";
import type { Adjustment, PeriodState } from "../../domain/period/records.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import { isUnfinished, type OutcomeState, type Run } from "../../domain/run/run.ts";
import { countedPages } from "../../engine/commit/ledger-page.ts";
import { ALL_BY_SEQ } from "../../engine/history.ts";
import type {
  Call,
  ChainHead,
  Conflict,
  CountedPage,
  CounterKey,
  CreditBookRow,
  Customer,
  StepKey,
  StoredCounter,
  Suspended,
  UnitOfWork,
  Witness,
  Writes,
} from "../../engine/ports.ts";
import { SoleUnit } from "../sole-writer.ts";
import { MemorySpending } from "./memory-spending.ts";
import { byBytes, keyOf, pick, stepKey, type Tables } from "./tables.ts";

/** Reads tables as they were when the unit began. */
export class MemoryUnit extends SoleUnit implements UnitOfWork {
  readonly #tables: Tables;
  readonly write: (writes: Writes) => void;
  readonly spending: MemorySpending;

  constructor(tables: Tables, write: (writes: Writes) => void) {
    super();
    this.#tables = tables;
    this.write = write;
    this.spending = new MemorySpending(tables);
  }

  head(): ChainHead {
    return this.#tables.head;
  }

  runs(ids: readonly string[]): Run[] {
    return pick(this.#tables.runs, ids);
  }

  descendants(id: string): Run[] {
    const children = [...this.#tables.runs.values()].filter((run) => run.parent === id);
    return children.flatMap((child) => [child, ...this.descendants(child.id)]);
  }

  steps(keys: readonly StepKey[]): Step[] {
    return pick(this.#tables.steps, keys.map(stepKey));
  }

  stepsOfRun(run: string, limit?: number): Step[] {
    return [...this.#tables.steps.values()].filter((step) => step.run === run).slice(0, limit);
  }

  suspended(keys: readonly StepKey[]): Suspended[] {
    return pick(this.#tables.suspended, keys.map(stepKey));
  }

  suspendedOfRuns(runs: readonly string[]): Suspended[] {
    const wanted = new Set(runs);
    return [...this.#tables.suspended.values()].filter((row) => wanted.has(row.run));
  }

  conflicts(keys: readonly StepKey[]): Conflict[] {
    const wanted = new Set(keys.map(stepKey));
    return [...this.#tables.conflicts.values()].filter((row) => wanted.has(stepKey(row)));
  }

  calls(callIds: readonly string[]): Call[] {
    const wanted = new Set(callIds);
    return [...this.#tables.calls.values()].filter((row) => wanted.has(row.callId));
  }

  witnesses(keys: readonly StepKey[]): Witness[] {
    return pick(this.#tables.witnesses, keys.map(stepKey));
  }

  witnessesOfCalls(callIds: readonly string[]): Witness[] {
    const wanted = new Set(callIds);
    return [...this.#tables.witnesses.values()].filter((row) => wanted.has(row.callId));
  }

  customers(ids: readonly string[]): Customer[] {
    return pick(this.#tables.customers, ids);
  }

  outcomes(keys: readonly { run: string; key: string }[]): OutcomeState[] {
    return pick(
      this.#tables.outcomes,
      keys.map(({ run, key }) => keyOf(run, key)),
    );
  }

  outcomesOfRun(run: string): OutcomeState[] {
    return [...this.#tables.outcomes.values()].filter((row) => row.run === run);
  }

  journalled(keys: readonly StepKey[]): JournalEntry[] {
    const wanted = new Set(keys.filter((key) => key.run !== "").map(stepKey));
    return [...this.#tables.journal.values()].filter((entry) => wanted.has(stepKey(entry)));
  }

  counters(keys: readonly CounterKey[]): StoredCounter[] {
    const wanted = new Set(keys.map(({ customer, period }) => keyOf(customer, period)));
    return [...this.#tables.counters.values()].filter((row) =>
      wanted.has(keyOf(row.customer, row.period)),
    );
  }

  counted(keys: readonly CounterKey[]): CountedPage[] {
    return countedPages(this.counters(keys), keys);
  }

  periods(keys: readonly CounterKey[]): PeriodState[] {
    return pick(
      this.#tables.periods,
      keys.map(({ customer, period }) => keyOf(customer, period)),
    );
  }

  periodsOf(customer: string): PeriodState[] {
    return [...this.#tables.periods.values()].filter((row) => row.customer === customer);
  }

  chargedPeriods(customer: string): string[] {
    const isOwn = (row: { readonly customer: string }) => row.customer === customer;
    const used = [...this.#tables.rollups.values()].filter(isOwn).map(({ period }) => period);
    const booked = this.#tables.adjustments.filter(isOwn).map((row) => row.bookedPeriod);
    return [...new Set([...used, ...booked])];
  }

  rollups({ customer, period }: CounterKey): RollupRow[] {
    const all = [...this.#tables.rollups.values()];
    return all.filter((row) => row.customer === customer && row.period === period);
  }

  adjustments(key: CounterKey, { after, limit } = ALL_BY_SEQ): Adjustment[] {
    return this.#tables.adjustments
      .filter((row) => row.customer === key.customer && row.bookedPeriod === key.period)
      .filter(({ seq }) => seq > after)
      .sort((a, b) => a.seq - b.seq)
      .slice(0, limit);
  }

  creditBooks(customers: readonly string[]): CreditBookRow[] {
    return pick(this.#tables.creditBooks, customers);
  }

  silentRuns(beforeMs: number, limit: number): Run[] {
    return [...this.#tables.runs.values()]
      .filter((run) => run.status === "open" && !run.standing && run.lastSeenAtMs < beforeMs)
      .sort((a, b) => a.lastSeenAtMs - b.lastSeenAtMs || byBytes(a.id, b.id))
      .slice(0, limit);
  }

  unfinishedRuns(limit: number, customer?: string): Run[] {
    return [...this.#tables.runs.values()]
      .filter((run) => isUnfinished(run) && (customer ?? run.customer) === run.customer)
      .sort((a, b) => byBytes(a.customer ?? "", b.customer ?? "") || byBytes(a.id, b.id))
      .slice(0, limit);
  }

  dueOutcomes(
    atMs: number,
    { customer, limit }: { readonly customer?: string; readonly limit: number },
  ): OutcomeState[] {
    return [...this.#tables.outcomes.values()]
      .filter((row) => row.status === "provisional" && (row.finalAtMs ?? 0) <= atMs)
      .filter((row) => customer === undefined || row.customer === customer)
      .sort((a, b) => (a.finalAtMs ?? 0) - (b.finalAtMs ?? 0) || byOutcome(a, b))
      .slice(0, limit);
  }
}

function byOutcome(a: OutcomeState, b: OutcomeState): number {
  return byBytes(a.run, b.run) || byBytes(a.key, b.key);
}
