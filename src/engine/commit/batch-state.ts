/**
 * The rows that one unit of work touches, and what it changes of them. Loaded before, written
 * after: the rules in between are plain functions over this state.
 */
import { ALERT_KINDS } from "../../domain/alert/alert.ts";
import type { JournalEntry, JournalKind } from "../../domain/event/journal.ts";
import type { Step } from "../../domain/event/step.ts";
import type { Marked, Recognised } from "../../domain/event/step-marks.ts";
import type { Adjustment, PeriodState } from "../../domain/period/records.ts";
import type { Counter } from "../../domain/rating/counter.ts";
import { encodeFormer } from "../../domain/run/former-text.ts";
import type { GrowingRollup, RollupDelta, RollupKey } from "../../domain/run/rollup.ts";
import type { OutcomeState, Run, Totals } from "../../domain/run/run.ts";
import { factsOfRun, newRun, statesSame } from "../../domain/run/run.ts";
import { HeldSteps } from "../limits/held-steps.ts";
import { SpendingState } from "../limits/spending-state.ts";
import type {
  Call,
  ChargeCell,
  Conflict,
  CountedPage,
  CounterKey,
  CreditBookRow,
  Customer,
  FormerOutcome,
  FormerRun,
  GainedRollup,
  MovedCounter,
  StepKey,
  StoredCounter,
  Suspended,
  Witness,
  Writes,
} from "../ports.ts";
import { Rows } from "./batch-rows.ts";
import { type CounterSlot, LedgerPage, moveSlot } from "./ledger-page.ts";
import { StepRows } from "./step-rows.ts";

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

/** What a unit adds to the usage of a customer's period. */
export interface Gain extends CounterKey {
  readonly rows: readonly RollupDelta[];
}

/** A run for which something is left to later units. */
export interface Left {
  readonly run: string;
  /** Run of the event that left it. */
  readonly by: string;
}

/** A step of usage that has no price. */
export interface Unpriced {
  readonly customer: string;
  readonly run: string;
  readonly kind: string;
  readonly provider: string;
  /** Model or tool. */
  readonly subject: string;
}

/** What one unit of work loaded and changed. */
export class BatchState {
  readonly receivedAtMs: number;
  /** Last seq given before this unit. */
  readonly #seqBefore: number;
  readonly #isRecovery: boolean;
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
  /** Recognises records of condensed runs, by the run's id. */
  readonly condensed = new Map<string, (record: Marked) => Recognised>();
  readonly formerSteps: Step[] = [];
  readonly released: StepKey[] = [];
  readonly freedCalls: Call[] = [];
  readonly promoted: StepKey[] = [];
  readonly adjustments: Adjustment[] = [];
  /** Steps whose totals are added up again after a crash; their rows do not change. */
  readonly restored: Step[] = [];
  /** Usage without a price, one step of each provider and model or tool. */
  readonly unpriced = new Map<string, Unpriced>();
  /** Runs whose openings leave it to later units to restate their steps. */
  readonly leftToRestate = new Set<string>();
  /** Runs of which it is left to later units to count what waited, once they are bound. */
  readonly leftWaiting = new Set<string>();
  /** Whether what waited is just being counted. */
  isReleasing = false;
  /** Runs for which something is left, and the run of the event that leaves or meets it. */
  readonly left: Left[] = [];
  /** Whether something is on record that people must hear of. */
  hasAlert = false;
  /** Balances of budgets, holds and stops. */
  readonly spending = new SpendingState();
  /** Holds of the steps that the unit books. */
  readonly held = new HeldSteps();
  /** By customer, who rarely has two in one unit. */
  readonly #pages = new Map<string, LedgerPage[]>();
  /** The page asked for last, and whose it is: the charges of one step ask for the same. */
  #lastPage: LedgerPage | null = null;
  #lastCustomer = "";
  #lastEdited: EditableRun | null = null;

  /** `isRecovery`: what it changes follows from what is known already, and is no news. */
  constructor(
    receivedAtMs: number,
    lastSeq: number,
    { isRecovery = false }: { readonly isRecovery?: boolean } = {},
  ) {
    this.#isRecovery = isRecovery;
    this.receivedAtMs = receivedAtMs;
    this.#seqBefore = lastSeq;
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
    const known = this.runs.get(id);
    if (known !== undefined) return known;
    return { ...newRun(id, this.receivedAtMs), sinceSeq: this.#seqBefore + 1 };
  }

  /** A working copy of a run, written when the unit ends; made once, then edited in place. */
  editRun(id: string): EditableRun {
    if (this.#lastEdited?.id === id) return this.#lastEdited;
    // Whatever has changed of a run is a copy made here.
    const changed = this.runs.changedRow(id) as EditableRun | undefined;
    const edited = changed ?? this.#workingCopy(id);
    this.#lastEdited = edited;
    return edited;
  }

  #workingCopy(id: string): EditableRun {
    const run = this.runOrNew(id);
    const copy = { ...run, own: { ...run.own }, tree: { ...run.tree } };
    this.runs.set(id, copy);
    return copy;
  }

  /** The runs at hand, by the run that they are right below. */
  runsByParent(): ReadonlyMap<string | null, readonly Run[]> {
    return Map.groupBy(this.runs.values(), ({ parent }) => parent);
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
    if (ALERT_KINDS.includes(kind)) this.hasAlert = true;
    // An act may do the same to one subject twice: two versions of a card, from two instants.
    this.journal.set(key.run === "" ? `${entry.seq}` : stepKeyText(key), entry);
  }

  #page({ customer, period }: CounterKey): LedgerPage {
    const last = this.#lastPage;
    if (last !== null && this.#lastCustomer === customer && last.period === period) return last;
    const pages = this.#pages.get(customer);
    let page = pages?.find((one) => one.period === period);
    if (page === undefined) {
      page = new LedgerPage(period);
      if (pages === undefined) this.#pages.set(customer, [page]);
      else pages.push(page);
    }
    this.#lastPage = page;
    this.#lastCustomer = customer;
    return page;
  }

  /** The counter of a charge, to be read and then moved. */
  counter(key: CounterKey, cardKey: string, charge: ChargeCell): CounterSlot {
    return this.#page(key).counter(key, cardKey, charge);
  }

  /** Gives a counter its new value, which will be written. */
  moveCounter(slot: CounterSlot, counter: Counter): void {
    moveSlot(slot, counter);
  }

  /** Puts what is stored of customers' periods. Of one that is loaded twice the first stands. */
  loadCounted(pages: readonly CountedPage[]): void {
    for (const page of pages) this.#page(page).load(page);
  }

  /** Stored counters of a customer's period, those that this unit moved as they are now. */
  countersNow(key: CounterKey, stored: readonly StoredCounter[]): StoredCounter[] {
    const page = this.#pages.get(key.customer)?.find(({ period }) => period === key.period);
    const textOf = ({ cardKey, chargeKey, cell }: StoredCounter) =>
      JSON.stringify([cardKey, chargeKey, cell]);
    const all = new Map(stored.map((one) => [textOf(one), one]));
    page?.eachMoved((one) => void all.set(textOf(one), one));
    return [...all.values()];
  }

  /** Periods of a customer that this unit looked at. */
  periodsSeen(customer: string): string[] {
    return (this.#pages.get(customer) ?? []).map(({ period }) => period);
  }

  isClosed(key: CounterKey): boolean {
    return !this.periods.isEmpty && this.periods.has(counterKeyText(key));
  }

  /** What a roll-up row gains in this unit, to be added to in place. */
  rollup(key: RollupKey): GrowingRollup {
    return this.#page(key).rollup(key);
  }

  /** What this unit adds to a customer's period. */
  rollupsOf(customer: string, period: string): readonly RollupDelta[] {
    return this.#pages.get(customer)?.find((one) => one.period === period)?.gained ?? [];
  }

  /** Every customer's period that this unit adds to. */
  gains(): Gain[] {
    const gains: Gain[] = [];
    for (const [customer, pages] of this.#pages) {
      for (const { period, gained } of pages) {
        if (gained.length > 0) gains.push({ customer, period, rows: gained });
      }
    }
    return gains;
  }

  /** One customer's period after the other, as whoever keeps them has them. */
  #movedCounters(): MovedCounter[] {
    const moved: MovedCounter[] = [];
    const add = (row: MovedCounter): void => {
      moved.push(row);
    };
    for (const pages of this.#pages.values()) for (const page of pages) page.eachMoved(add);
    return moved;
  }

  #gainedRollups(): GainedRollup[] {
    const gained: GainedRollup[] = [];
    const add = (row: GainedRollup): void => {
      gained.push(row);
    };
    for (const pages of this.#pages.values()) for (const page of pages) page.eachGained(add);
    return gained;
  }

  /**
   * What runs were whose facts this unit has changed; these have new facts from here on. A change
   * takes a seq at least: what was known is told apart by it.
   */
  #replacedRuns(): FormerRun[] {
    const former: FormerRun[] = [];
    if (this.#isRecovery) return former;
    for (const { before, after } of this.runs.replaced()) {
      if (statesSame(before, after)) continue;
      const facts = factsOfRun(before);
      former.push({ facts, untilSeq: this.#seqBefore, document: encodeFormer(facts) });
      this.editRun(after.id).sinceSeq = this.#seqBefore + 1;
    }
    return former;
  }

  #replacedOutcomes(): FormerOutcome[] {
    const untilSeq = this.#seqBefore;
    return this.outcomes.replaced().map(({ before: outcome }) => ({ outcome, untilSeq }));
  }

  /** True where something changed without taking a seq, such as a run's sign of life. */
  touched(): boolean {
    const rows = [this.runs, this.customers, this.periods, this.spending];
    return rows.some(({ isChanged }) => isChanged);
  }

  /** Everything changed, in key order; the chain link is added by whoever seals it. */
  toWrites(): Omit<Writes, "link" | "sealedSteps" | "head"> {
    const formerRuns = this.#replacedRuns();
    const formerOutcomes = this.#replacedOutcomes();
    // Another record of a known step may say more of its run's place and add nothing.
    const isChanged = formerRuns.length > 0 || this.outcomes.isChanged;
    if (isChanged && this.#seq === this.#seqBefore) this.nextSeq();
    return {
      formerRuns,
      formerOutcomes,
      steps: this.steps.changed(),
      formerSteps: this.formerSteps,
      runs: this.runs.changed(),
      customers: this.customers.changed(),
      outcomes: this.outcomes.changed().map((one) => ({ ...one, sinceSeq: this.#seqBefore + 1 })),
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
      ...this.spending.toWrites(),
    };
  }
}
