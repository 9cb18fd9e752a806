/**
 * The rows that one unit of work touches, and what it changes of them. Loaded before, written
 * after: the rules in between are plain functions over this state.
 */
import type { JournalEntry, JournalKind } from "../domain/event/journal.ts";
import type { Step } from "../domain/event/step.ts";
import type { Adjustment, PeriodState } from "../domain/period/records.ts";
import type { Counter } from "../domain/rating/counter.ts";
import type { RollupDelta, RollupKey } from "../domain/run/rollup.ts";
import { addRollup, rollupKeyText } from "../domain/run/rollup.ts";
import type { OutcomeState, Run } from "../domain/run/run.ts";
import { newRun } from "../domain/run/run.ts";
import type {
  Call,
  Conflict,
  CounterKey,
  Customer,
  StepKey,
  StoredCounter,
  Suspended,
  Witness,
  Writes,
} from "./ports.ts";

export function stepKeyText(key: StepKey): string {
  return `${key.run}\u0000${key.source}\u0000${key.id}`;
}

export function callKeyText(customer: string, callId: string): string {
  return `${customer}\u0000${callId}`;
}

export function counterKeyText(key: CounterKey): string {
  return `${key.customer}\u0000${key.period}`;
}

/** A keyed set of rows that remembers which of them were changed. */
export class Rows<T> {
  readonly #rows = new Map<string, T>();
  readonly #changed = new Set<string>();

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
    this.#rows.set(key, row);
    this.#changed.add(key);
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

  /** Rows to write, in key order, so that every writer locks in one order. */
  changed(): T[] {
    const rows: T[] = [];
    for (const key of [...this.#changed].sort()) {
      const row = this.#rows.get(key);
      if (row !== undefined) rows.push(row);
    }
    return rows;
  }
}

export class BatchState {
  readonly receivedAtMs: number;
  #seq: number;
  readonly runs = new Rows<Run>();
  readonly steps = new Rows<Step>();
  readonly calls = new Rows<Call>();
  readonly witnesses = new Rows<Witness>();
  readonly customers = new Rows<Customer>();
  readonly outcomes = new Rows<OutcomeState>();
  readonly suspended = new Rows<Suspended>();
  readonly conflicts = new Rows<Conflict>();
  readonly periods = new Rows<PeriodState>();
  readonly counters = new Rows<StoredCounter>();
  readonly journal = new Rows<JournalEntry>();
  readonly formerSteps: Step[] = [];
  readonly released: StepKey[] = [];
  readonly freedCalls: Call[] = [];
  readonly promoted: StepKey[] = [];
  readonly adjustments: Adjustment[] = [];
  readonly #rollups = new Map<string, RollupDelta>();

  constructor(receivedAtMs: number, lastSeq: number) {
    this.receivedAtMs = receivedAtMs;
    this.#seq = lastSeq;
  }

  get lastSeq(): number {
    return this.#seq;
  }

  nextSeq(): number {
    this.#seq += 1;
    return this.#seq;
  }

  /** The run of this id, made now if nobody has heard of it. */
  runOrNew(id: string): Run {
    return this.runs.get(id) ?? newRun(id, this.receivedAtMs);
  }

  saveRun(run: Run): void {
    this.runs.set(run.id, run);
  }

  childrenOf(id: string): Run[] {
    return [...this.runs.values()].filter((run) => run.parent === id);
  }

  /** Records an accepted event or act that is not a step. */
  record(
    kind: JournalKind,
    key: StepKey & { readonly contentHash: string },
    document: string,
  ): void {
    const entry: JournalEntry = {
      seq: this.nextSeq(),
      kind,
      run: key.run,
      source: key.source,
      id: key.id,
      contentHash: key.contentHash,
      receivedAtMs: this.receivedAtMs,
      document,
    };
    this.journal.set(stepKeyText(key), entry);
  }

  counter(key: CounterKey, cardKey: string, charge: { chargeKey: string; cell: string }) {
    const text = `${counterKeyText(key)}\u0000${cardKey}\u0000${charge.chargeKey}\u0000${charge.cell}`;
    const stored = this.counters.get(text);
    const save = (counter: Counter): void => {
      this.counters.set(text, {
        customer: key.customer,
        period: key.period,
        cardKey,
        chargeKey: charge.chargeKey,
        cell: charge.cell,
        counter,
      });
    };
    return { counter: stored?.counter, save };
  }

  loadCounter(stored: StoredCounter): void {
    const { cardKey, chargeKey, cell } = stored;
    const text = `${counterKeyText(stored)}\u0000${cardKey}\u0000${chargeKey}\u0000${cell}`;
    this.counters.load(text, stored);
  }

  isClosed(key: CounterKey): boolean {
    return this.periods.has(counterKeyText(key));
  }

  addRollup(key: RollupKey, delta: Omit<RollupDelta, keyof RollupKey>): void {
    const text = rollupKeyText(key);
    const full: RollupDelta = { ...key, ...delta };
    const before = this.#rollups.get(text);
    this.#rollups.set(text, before === undefined ? full : addRollup(before, full));
  }

  rollups(): RollupDelta[] {
    return [...this.#rollups.keys()].sort().flatMap((key) => this.#rollups.get(key) ?? []);
  }

  /** True where something changed without taking a seq, such as a run's sign of life. */
  touched(): boolean {
    return this.runs.isChanged || this.customers.isChanged || this.periods.isChanged;
  }

  /** Everything changed, in key order; the chain link is added by whoever seals it. */
  toWrites(): Omit<Writes, "link" | "head"> {
    return {
      steps: this.steps.changed(),
      formerSteps: this.formerSteps,
      runs: this.runs.changed(),
      customers: this.customers.changed(),
      outcomes: this.outcomes.changed(),
      counters: this.counters.changed(),
      rollups: this.rollups(),
      calls: this.calls.changed(),
      freedCalls: this.freedCalls,
      witnesses: this.witnesses.changed(),
      promoted: this.promoted,
      suspended: this.suspended.changed(),
      released: this.released,
      conflicts: this.conflicts.changed(),
      adjustments: this.adjustments,
      periods: this.periods.changed(),
      statements: [],
      cards: [],
      prices: [],
      journal: this.journal.changed(),
    };
  }
}
