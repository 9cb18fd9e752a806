/**
 * The rows that one unit of work touches, and what it changes of them. Loaded before, written
 * after: the rules in between are plain functions over this state.
 */
import { present } from "../domain/assert.ts";
import type { JournalEntry, JournalKind } from "../domain/event/journal.ts";
import type { Step } from "../domain/event/step.ts";
import { ZERO_QUANTITY } from "../domain/money/decimal.ts";
import type { Adjustment, PeriodState } from "../domain/period/records.ts";
import type { Counter } from "../domain/rating/counter.ts";
import type { RollupDelta, RollupKey } from "../domain/run/rollup.ts";
import type { OutcomeState, Run, Totals } from "../domain/run/run.ts";
import { NO_TOTALS, newRun } from "../domain/run/run.ts";
import type {
  Call,
  Conflict,
  CounterKey,
  CreditBookRow,
  Customer,
  StepKey,
  StoredCounter,
  Suspended,
  Witness,
  Writes,
} from "./ports.ts";

/** An identity as one text; ids hold no control character, so no two share one. */
export function stepKeyText(key: StepKey): string {
  return `${key.run}\u0000${key.source}\u0000${key.id}`;
}

/** A call of a customer as one text. */
export function callKeyText(customer: string, callId: string): string {
  return `${customer}\u0000${callId}`;
}

/** A customer's period as one text. */
export function counterKeyText(key: CounterKey): string {
  return `${key.customer}\u0000${key.period}`;
}

type Editable<T> = { -readonly [K in keyof T]: T[K] };

/** A run while its unit of work edits it. */
export type EditableRun = Editable<Omit<Run, "own" | "tree">> & {
  own: Editable<Totals>;
  tree: Editable<Totals>;
};

export type EditableRollup = Editable<RollupDelta>;

interface ChargeCell {
  readonly chargeKey: string;
  readonly cell: string;
}

/** The place of a counter in a unit of work; `moveCounter` moves it. */
export interface CounterSlot extends CounterKey, ChargeCell {
  readonly cardKey: string;
  readonly counter: Counter | undefined;
}

type EditableSlot = Editable<CounterSlot> & { isMoved: boolean };

/** Counters and roll-ups of one customer and period, found by short keys of their own. */
interface LedgerPage {
  /** As they are stored: a slot is made when one is asked for. */
  readonly stored: StoredCounter[];
  /** By charge key; a charge has a slot for each cell. */
  readonly counters: Map<string, EditableSlot[]>;
  /** By model or tool. */
  readonly rollups: Map<string, EditableRollup[]>;
}

function listIn<T>(lists: Map<string, T[]>, key: string): T[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list: T[] = [];
  lists.set(key, list);
  return list;
}

function isSameRollup(a: RollupKey, b: RollupKey): boolean {
  return (
    a.model === b.model &&
    a.tool === b.tool &&
    a.kind === b.kind &&
    a.agent === b.agent &&
    a.provider === b.provider
  );
}

/** A keyed set of rows that remembers which of them were changed. */
class Rows<T> {
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
class StepRows {
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

/** What one unit of work loaded and changed. */
export class BatchState {
  readonly receivedAtMs: number;
  #seq: number;
  readonly runs = new Rows<Run>();
  readonly steps = new StepRows();
  readonly calls = new Rows<Call>();
  readonly witnesses = new Rows<Witness>();
  readonly customers = new Rows<Customer>();
  readonly outcomes = new Rows<OutcomeState>();
  readonly suspended = new Rows<Suspended>();
  readonly conflicts = new Rows<Conflict>();
  readonly periods = new Rows<PeriodState>();
  readonly creditBooks = new Rows<CreditBookRow>();
  readonly journal = new Rows<JournalEntry>();
  readonly formerSteps: Step[] = [];
  readonly released: StepKey[] = [];
  readonly freedCalls: Call[] = [];
  readonly promoted: StepKey[] = [];
  readonly adjustments: Adjustment[] = [];
  readonly #pages = new Map<string, Map<string, LedgerPage>>();
  readonly #moved: EditableSlot[] = [];
  #lastPage: { readonly key: CounterKey; readonly page: LedgerPage } | null = null;
  readonly #editable = new Map<string, EditableRun>();

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

  /** A working copy of a run, written when the unit ends; made once, then edited in place. */
  editRun(id: string): EditableRun {
    const known = this.#editable.get(id);
    if (known !== undefined) return known;
    const run = this.runOrNew(id);
    const copy = { ...run, own: { ...run.own }, tree: { ...run.tree } };
    this.runs.set(id, copy);
    this.#editable.set(id, copy);
    return copy;
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

  /** What a customer's period counts in this unit. */
  #page(key: CounterKey): LedgerPage {
    const { customer, period } = key;
    const last = this.#lastPage;
    if (last !== null && last.key.customer === customer && last.key.period === period) {
      return last.page;
    }
    let periods = this.#pages.get(customer);
    if (periods === undefined) {
      periods = new Map();
      this.#pages.set(customer, periods);
    }
    let page = periods.get(period);
    if (page === undefined) {
      page = { stored: [], counters: new Map(), rollups: new Map() };
      periods.set(period, page);
    }
    this.#lastPage = { key, page };
    return page;
  }

  *#allPages(): Generator<LedgerPage> {
    for (const periods of this.#pages.values()) yield* periods.values();
  }

  /** The counter of a charge, to be read and then moved. */
  counter(key: CounterKey, cardKey: string, charge: ChargeCell): CounterSlot {
    const page = this.#page(key);
    const slots = listIn(page.counters, charge.chargeKey);
    for (const slot of slots) {
      if (slot.cell === charge.cell && slot.cardKey === cardKey) return slot;
    }
    const { chargeKey, cell } = charge;
    const stored = page.stored.find(
      (one) => one.chargeKey === chargeKey && one.cell === cell && one.cardKey === cardKey,
    );
    const slot: EditableSlot = {
      customer: key.customer,
      period: key.period,
      cardKey,
      chargeKey,
      cell,
      counter: stored?.counter,
      isMoved: false,
    };
    slots.push(slot);
    return slot;
  }

  /** Gives a counter its new value, which will be written. */
  moveCounter(given: CounterSlot, counter: Counter): void {
    const slot = given as EditableSlot;
    slot.counter = counter;
    if (slot.isMoved) return;
    slot.isMoved = true;
    this.#moved.push(slot);
  }

  loadCounter(stored: StoredCounter): void {
    this.#page(stored).stored.push(stored);
  }

  #movedCounters(): StoredCounter[] {
    return this.#moved.map(({ customer, period, cardKey, chargeKey, cell, counter }) => ({
      customer,
      period,
      cardKey,
      chargeKey,
      cell,
      counter: present(counter, "the value of a moved counter"),
    }));
  }

  isClosed(key: CounterKey): boolean {
    return this.periods.has(counterKeyText(key));
  }

  /** What a roll-up row gains in this unit, to be added to in place. */
  rollup(key: RollupKey): EditableRollup {
    const rows = listIn(this.#page(key).rollups, key.model === "" ? key.tool : key.model);
    for (const row of rows) if (isSameRollup(row, key)) return row;
    const none: EditableRollup = {
      ...key,
      ...NO_TOTALS,
      inputTokens: ZERO_QUANTITY,
      outputTokens: ZERO_QUANTITY,
    };
    rows.push(none);
    return none;
  }

  #gainedRollups(): RollupDelta[] {
    const gained: RollupDelta[] = [];
    for (const page of this.#allPages()) {
      for (const rows of page.rollups.values()) gained.push(...rows);
    }
    return gained;
  }

  /** True where something changed without taking a seq, such as a run's sign of life. */
  touched(): boolean {
    return this.runs.isChanged || this.customers.isChanged || this.periods.isChanged;
  }

  /** Everything changed, in key order; the chain link is added by whoever seals it. */
  toWrites(): Omit<Writes, "link" | "sealedSteps" | "head"> {
    return {
      steps: this.steps.changed(),
      formerSteps: this.formerSteps,
      runs: this.runs.changed(),
      customers: this.customers.changed(),
      outcomes: this.outcomes.changed(),
      counters: this.#movedCounters(),
      rollups: this.#gainedRollups(),
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
      creditBooks: this.creditBooks.changed(),
      cards: [],
      prices: [],
      journal: this.journal.changed(),
    };
  }
}
