/**
 * What the engine needs of the world. Adapters obey these interfaces; each passes the contract
 * suite in src/store/store-contract.ts.
 */
import type { PriceVersion } from "../domain/cost/price-book.ts";
import type { JournalEntry } from "../domain/event/journal.ts";
import type { Step } from "../domain/event/step.ts";
import type { StepBytes } from "../domain/event/step-bytes.ts";
import type { SealedStep } from "../domain/event/step-text.ts";
import type { Adjustment, PeriodState, StatementRecord } from "../domain/period/records.ts";
import type { Counter } from "../domain/rating/counter.ts";
import type { RateCardVersion } from "../domain/rating/rate-card.ts";
import type { RollupDelta, RollupRow } from "../domain/run/rollup.ts";
import type { OutcomeState, Run, RunFacts } from "../domain/run/run.ts";
import type { ActFilter } from "./acts/act-filter.ts";
import type { AlertOutbox } from "./alerts/alert-ports.ts";
import type { Answer } from "./answer.ts";
import type { CreditBookRow, CreditReads, Customer } from "./customer-ports.ts";
import type { Outbox } from "./export/export-ports.ts";
import type { History, PageAfter } from "./history.ts";
import type { ApiKey, Keyring, SigningKey } from "./key-ports.ts";
import type { SharedStore, SharedUnit } from "./node-ports.ts";
import type { StatementFilter, StatementHead } from "./periods/statement-list.ts";
import type { RunFilter, UsageFilter } from "./reports/list-filters.ts";
import type { SpendingReads, SpendingUnit, SpendingWrites } from "./spending-ports.ts";

export type { Clock, Digest, Ids } from "./world-ports.ts";
export type {
  ActFilter,
  Answer,
  ApiKey,
  CreditBookRow,
  Customer,
  RunFilter,
  SigningKey,
  UsageFilter,
};

/** Identity of an event inside its workspace. */
export interface StepKey {
  readonly run: string;
  readonly source: string;
  readonly id: string;
}

/** A step or outcome event of a run whose customer is not known yet. */
export interface Suspended extends StepKey {
  readonly seq: number;
  readonly contentHash: string;
  readonly receivedAtMs: number;
  /** The event in the form of domain/event/codec.ts. */
  readonly document: string;
}

/** Two differing exact records of one identity. The first is counted. */
export interface Conflict extends StepKey {
  /** The seq of the second record's arrival; unique in the workspace. */
  readonly seq: number;
  readonly contentHash: string;
  readonly receivedAtMs: number;
  readonly document: string;
  readonly settled: "first" | "second" | null;
}

/** The step that holds a call id; other witnesses of that call are linked to it. */
export interface Call extends StepKey {
  readonly customer: string;
  readonly callId: string;
}

/** A witness that arrived second: kept as a link, never counted. */
export interface Witness extends StepKey {
  readonly customer: string;
  readonly callId: string;
  readonly seq: number;
  readonly receivedAtMs: number;
  /** The event in the form of domain/event/codec.ts, should it have to count one day. */
  readonly document: string;
}

/** A customer's billing period. */
export interface CounterKey {
  readonly customer: string;
  readonly period: string;
}

/** A counter with what it counts for. */
export interface StoredCounter extends CounterKey {
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  readonly counter: Counter;
}

/** Where a store has a row at hand, if it tells: what becomes of the row is handed back with it. */
export interface Placed {
  readonly place?: object;
}

/** A counter that a unit of work has moved. */
export type MovedCounter = StoredCounter & Placed;

/** What a unit of work adds to a roll-up; its place is that of its page. */
export type GainedRollup = RollupDelta & Placed;

/** A charge of a card, or one cell of it. */
export type ChargeCell = Pick<StoredCounter, "chargeKey" | "cell">;

/** What a store has of a customer's period, to be looked into while a unit of work lasts. */
export interface CountedPage extends CounterKey, Placed {
  /** The counter of a charge by a card; undefined: it has counted nothing. */
  counter(cardKey: string, charge: ChargeCell): MovedCounter | undefined;
}

/** One link of the hash chain: what one commit added, sealed onto all before it. */
export interface ChainLink {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** SHA-256 over the previous digest and the rows' texts, lower-case hex. */
  readonly digest: string;
  /**
   * The workspace's time of the commit, never earlier than that of the link before; sealed with
   * the rows. Null: the link is older than commit times are.
   */
  readonly committedAtMs: number | null;
}

/** Where the chain of a workspace ends. */
export interface ChainHead {
  /** Last seq given. */
  readonly lastSeq: number;
  /** Digest of the last link. */
  readonly digest: string;
  /** Commit time of the last link; 0: there is none, or it has none. */
  readonly committedAtMs: number;
}

/** What a run was until the unit of work that gave it other facts. */
export interface FormerRun {
  readonly facts: RunFacts;
  /** Last seq at which it was so; it had been since `facts.sinceSeq`. */
  readonly untilSeq: number;
  /** The facts as they are sealed and stored (`encodeFormer`): made once. */
  readonly document: string;
}

/** What an outcome was until the unit of work that changed it. */
export interface FormerOutcome {
  readonly outcome: OutcomeState;
  /** Last seq at which it was so; it had been since `outcome.sinceSeq`. */
  readonly untilSeq: number;
}

/** Everything one unit of work writes. Rows replace the row of the same key. */
export interface Writes extends SpendingWrites {
  readonly steps: readonly Step[];
  /** Former revisions of steps in `steps`. */
  readonly formerSteps: readonly Step[];
  readonly runs: readonly Run[];
  /** What runs of `runs` were, where more than their totals changes. */
  readonly formerRuns: readonly FormerRun[];
  readonly customers: readonly Customer[];
  readonly outcomes: readonly OutcomeState[];
  /** What outcomes of `outcomes` were. */
  readonly formerOutcomes: readonly FormerOutcome[];
  readonly counters: readonly MovedCounter[];
  readonly rollups: readonly GainedRollup[];
  readonly calls: readonly Call[];
  /** Calls given free because their step was voided. */
  readonly freedCalls: readonly Call[];
  readonly witnesses: readonly Witness[];
  /** Witnesses whose event counts now, because the holder of the call became a shadow. */
  readonly promoted: readonly StepKey[];
  readonly suspended: readonly Suspended[];
  /** Suspended events that were bound and are steps or outcomes now. */
  readonly released: readonly StepKey[];
  readonly conflicts: readonly Conflict[];
  readonly adjustments: readonly Adjustment[];
  readonly periods: readonly PeriodState[];
  readonly statements: readonly StatementRecord[];
  readonly creditBooks: readonly CreditBookRow[];
  readonly cards: readonly RateCardVersion[];
  readonly prices: readonly PriceVersion[];
  readonly journal: readonly JournalEntry[];
  readonly link: ChainLink | null;
  /** The text of each step as the link covers it; a store that keeps texts takes it from here. */
  readonly sealedSteps: SealedSteps;
  /** The end of the chain after this unit. */
  readonly head: ChainHead;
}

/** The texts of a unit's steps as its link covers them. */
export interface SealedSteps {
  /** Of `Writes.steps`, in their order; others may follow. None where there are bytes. */
  readonly texts: readonly SealedStep[];
  /** All that the link covers, where that is `Writes.steps` in their order, and ASCII. */
  readonly bytes: StepBytes | null;
}

/**
 * One transaction on one workspace. Rows that are read are locked until it ends. Every method
 * takes all its keys at once; the answer leaves out what does not exist.
 */
export interface UnitOfWork extends SharedUnit {
  head(): Answer<ChainHead>;
  runs(ids: readonly string[]): Answer<Run[]>;
  /** All runs below a run, at any depth. */
  descendants(id: string): Answer<Run[]>;
  steps(keys: readonly StepKey[]): Answer<Step[]>;
  stepsOfRun(run: string, limit?: number): Answer<Step[]>;
  suspended(keys: readonly StepKey[]): Answer<Suspended[]>;
  suspendedOfRuns(runs: readonly string[]): Answer<Suspended[]>;
  conflicts(keys: readonly StepKey[]): Answer<Conflict[]>;
  /** Holders of these call ids, of any customer of the workspace. */
  calls(callIds: readonly string[]): Answer<Call[]>;
  witnesses(keys: readonly StepKey[]): Answer<Witness[]>;
  witnessesOfCalls(callIds: readonly string[]): Answer<Witness[]>;
  customers(ids: readonly string[]): Answer<Customer[]>;
  outcomes(keys: readonly { run: string; key: string }[]): Answer<OutcomeState[]>;
  outcomesOfRun(run: string): Answer<OutcomeState[]>;
  /** Identities of journal events (run.opened, run.closed, corrections, outcomes) seen before. */
  journalled(keys: readonly StepKey[]): Answer<JournalEntry[]>;
  counters(keys: readonly CounterKey[]): Answer<StoredCounter[]>;
  /** The same to be looked into: a step moves few of what its customer's period has counted. */
  counted(keys: readonly CounterKey[]): Answer<CountedPage[]>;
  periods(keys: readonly CounterKey[]): Answer<PeriodState[]>;
  /** Every closed period of a customer. */
  periodsOf(customer: string): Answer<PeriodState[]>;
  /** Periods in which a customer used anything, or something is booked for it, in any order. */
  chargedPeriods(customer: string): Answer<string[]>;
  /** Roll-ups of a customer's period, those included that still wait in memory. */
  rollups(key: CounterKey): Answer<RollupRow[]>;
  /** What is booked in a period, by seq. (Default: all of it.) */
  adjustments(key: CounterKey, page?: PageAfter<number>): Answer<Adjustment[]>;
  creditBooks(customers: readonly string[]): Answer<CreditBookRow[]>;
  /** Open runs whose last sign of life is before an instant, longest silent first, then by id. */
  silentRuns(beforeMs: number, limit: number): Answer<Run[]>;
  /** Runs of customers with steps to be restated, or events that still wait, by customer and id. */
  unfinishedRuns(limit: number, customer?: string): Answer<Run[]>;
  readonly spending: SpendingUnit;
  /** Provisional outcomes that are final by an instant, earliest first, then by run and key. */
  dueOutcomes(atMs: number, of: Omit<ProvisionalFilter, "after">): Answer<OutcomeState[]>;
  write(writes: Writes): Answer<void>;
}

/** Which provisional outcomes to read; what is left out matches everything. */
export interface ProvisionalFilter {
  readonly customer?: string;
  readonly limit: number;
  /** The last one of the page before. */
  readonly after?: OutcomeState;
}

/** A page of steps, and where to go on. */
export interface StepPage {
  readonly steps: readonly Step[];
  /** A place that means something to the store alone; null: that was all. */
  readonly next: string | null;
}

/** Which revisions of a run's steps to read. */
export interface RevisionFilter {
  readonly run: string;
  /** Only revisions up to this seq. */
  readonly untilSeq: number;
  /** "" or the `next` of the page before; or a step, behind whose revisions it goes on. */
  readonly after: string | Omit<StepKey, "run">;
  readonly limit: number;
}

/** Reads that runs, usage and bills are told from: of a store, or as of then (store-as-of.ts). */
export interface Reads extends StoreReads {
  /** Without their totals. */
  listRuns(workspace: string, filter: RunFilter): Answer<readonly RunFacts[]>;
}

type StoreReads = Pick<
  Store,
  | "run"
  | "children"
  | "stepsOfRun"
  | "outcomesOfRun"
  | "provisionalOutcomes"
  | "rollups"
  | "countersOf"
  | "customer"
  | "customers"
  | "listStatements"
  | "statementPage"
  | "statement"
  | "periodsOf"
  | "adjustmentsOf"
  | "adjustmentPage"
  | "bookedByHand"
  | "acts"
  | "lastAct"
  | "cards"
>;

/** What is done in a unit of work. */
export type UnitWork<T> = (unit: UnitOfWork) => Answer<T>;

/**
 * Reads outside a unit of work see every acknowledged write and nothing unacknowledged; those of
 * totals may take their turn behind a unit, so a unit must not wait for them. Where the medium
 * fails they throw `store.unknown` rather than answer with less.
 * `workspace` is a parameter everywhere: there is no ambient tenant.
 */
export interface Store extends SharedStore {
  /**
   * Runs `work` in one durable transaction. When it resolves, the writes are on disk; when
   * `work` throws, nothing is written and its error passes through. When the commit itself
   * fails, the outcome is UNKNOWN: throws `store.unknown`, and the same identities may be sent
   * again. Units of one workspace run one after the other.
   *
   * A unit that gives `handedOver` may begin before one ahead, which gave it too, is on disk: it
   * sees what that wrote, and fails with it or begins anew. The store calls it when one may begin.
   */
  transact<T>(workspace: string, work: UnitWork<T>, handedOver?: () => void): Promise<T>;

  /**
   * Steps on disk that the totals on disk do not include, in commit order; empty but after a crash
   * or a failed write. The engine adds them up before anything else.
   */
  unsummedSteps(workspace: string): Answer<readonly Step[]>;
  /** Brings all totals to disk. Not needed before reads, which see every acknowledged write. */
  settle(workspace: string): Promise<void>;
  workspaces(): Answer<string[]>;
  createWorkspace(workspace: string): Promise<void>;
  cards(workspace: string): Answer<RateCardVersion[]>;
  prices(workspace: string): Answer<PriceVersion[]>;
  readonly keyring: Keyring;
  /** Messages on their way; no unit of work covers them. */
  readonly alerts: AlertOutbox;
  readonly outbox: Outbox;

  run(workspace: string, id: string): Answer<Run | undefined>;
  /** Those of these that are known, in any order. */
  runs(workspace: string, ids: readonly string[]): Answer<Run[]>;
  children(workspace: string, id: string): Answer<Run[]>;
  listRuns(workspace: string, filter: RunFilter): Answer<Run[]>;
  stepsOfRun(workspace: string, run: string, limit?: number): Answer<Step[]>;
  /** Steps in an order that no revision changes, voided ones too. `after` is "" or a `next`. */
  stepPage(workspace: string, after: string, limit: number): Answer<StepPage>;
  /** Ids of runs in the order of their bytes, after one ("": from the first on). */
  runIds(workspace: string, after: string, limit: number): Answer<string[]>;
  outcomesOfRun(workspace: string, run: string): Answer<OutcomeState[]>;
  /** The same of many runs at once, run by run. */
  outcomesOfRuns(workspace: string, runs: readonly string[]): Answer<OutcomeState[]>;
  /** Outcomes that are not final yet, by customer, run and key. */
  provisionalOutcomes(workspace: string, filter: ProvisionalFilter): Answer<OutcomeState[]>;
  readonly credit: CreditReads;
  /** All of it, for who goes through everything. */
  history(workspace: string): History;
  rollups(workspace: string, filter: UsageFilter): Answer<RollupRow[]>;
  countersOf(workspace: string, key: CounterKey): Answer<StoredCounter[]>;
  /** Periods with usage or adjustments whose key begins so, by customer (null: each) and period. */
  periodsToBill(workspace: string, periods: string, customer?: string | null): Answer<CounterKey[]>;
  customer(workspace: string, id: string): Answer<Customer | undefined>;
  /** Those of these that are known, in any order. */
  customers(workspace: string, ids: readonly string[]): Answer<Customer[]>;
  listCustomers(workspace: string, limit: number, after?: string): Answer<Customer[]>;
  listSuspended(workspace: string, limit: number, afterSeq?: number): Answer<Suspended[]>;
  listConflicts(workspace: string, limit: number, afterSeq?: number): Answer<Conflict[]>;
  /** Newest period first, then by customer; of one period, the one that was closed last first. */
  listStatements(workspace: string, customer?: string): Answer<StatementRecord[]>;
  statementPage(workspace: string, filter: StatementFilter): Answer<StatementHead[]>;
  statement(workspace: string, id: string): Answer<StatementRecord | undefined>;
  periodsOf(workspace: string, customer: string): Answer<PeriodState[]>;
  /** Adjustments booked in a period, by seq; all of them, or those behind a seq. */
  adjustmentsOf(workspace: string, key: CounterKey): Answer<Adjustment[]>;
  adjustmentPage(ws: string, key: CounterKey, page: PageAfter<number>): Answer<Adjustment[]>;
  /** Those of a customer, in any period, that no usage caused; by seq. */
  bookedByHand(workspace: string, customer: string): Answer<Adjustment[]>;
  journal(workspace: string, afterSeq: number, limit: number): Answer<JournalEntry[]>;
  /** Acts of the journal. Inside a unit they are those before it. */
  acts(workspace: string, filter: ActFilter): Answer<JournalEntry[]>;
  /** The newest act of a kind on a subject. */
  lastAct(ws: string, kind: ActFilter["kind"], subject: string): Answer<JournalEntry | undefined>;

  /** The newest link of the chain that begins at a seq or before it. */
  linkBefore(workspace: string, seq: number): Answer<ChainLink | undefined>;
  /** Revisions of a run's steps; those of one step together, oldest first. */
  revisionsOfRun(workspace: string, filter: RevisionFilter): Answer<StepPage>;
  /** What a run was at a seq, where its facts have changed since; undefined: no such version. */
  formerRun(workspace: string, id: string, atSeq: number): Answer<RunFacts | undefined>;
  /** What outcomes of a run were at a seq, of those that have changed since. */
  formerOutcomes(workspace: string, run: string, atSeq: number): Answer<OutcomeState[]>;
  readonly spending: SpendingReads;

  /** Counts for metrics: steps, runs and bytes on disk. */
  size(): Answer<{ readonly steps: number; readonly runs: number; readonly bytes: number }>;
  close(): Promise<void>;
}
