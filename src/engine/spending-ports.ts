/** What budgets, holds and stops need of a store. */
import type {
  Balance,
  BalanceKey,
  BudgetRecord,
  Overrun,
  OwnLimit,
} from "../domain/budget/budget.ts";
import type { Hold } from "../domain/budget/hold.ts";
import type { Stop, StopKey } from "../domain/budget/stop.ts";
import type { Identity } from "../domain/event/event.ts";
import type { Answer } from "./answer.ts";

/** A budget's scope. */
export type LimitKey = Omit<OwnLimit, "limit">;

/** A balance with what the holds that count set aside of it. */
export interface KeptBalance extends Balance {
  readonly held: bigint;
  /** False where only holds name it: nothing was ever settled in it. */
  readonly isKept: boolean;
}

/** What a unit of work writes of budgets. Rows replace the row of the same key. */
export interface SpendingWrites {
  /** Settled amounts follow from steps, runs and outcomes: they are totals, and may wait. */
  readonly balances: readonly Balance[];
  /** What is held follows from holds; a store adds it up. */
  readonly holds: readonly Hold[];
  readonly overruns: readonly Overrun[];
  readonly limits: readonly OwnLimit[];
  /** Scopes that have the budget's limit again. */
  readonly freedLimits: readonly LimitKey[];
  readonly stops: readonly Stop[];
  readonly lifted: readonly StopKey[];
  readonly budgets: readonly BudgetRecord[];
}

/** A step of a customer. */
export type CustomerStep = Identity & { readonly customer: string };

/** A run (`key` is null) or an outcome of it. */
export interface RecordKey {
  readonly run: string;
  readonly key: string | null;
}

/** A record, and a seq since which it was, or was what it was. */
export type Since<Key> = Key & { readonly seq: number };

/** Reads inside a unit of work: rows that are read are locked until it ends. */
export interface SpendingUnit {
  /** Balances of these keys that are kept or held of. */
  balances(keys: readonly BalanceKey[]): Answer<KeptBalance[]>;
  ownLimits(keys: readonly LimitKey[]): Answer<OwnLimit[]>;
  /** Holds for the steps of these identities, ended ones too. */
  holds(keys: readonly Identity[]): Answer<Hold[]>;
  /** The same without ended ones: asked for every step, so it must cost next to nothing. */
  countingHolds(keys: readonly Identity[]): Answer<Hold[]>;
  countingHoldsOfCalls(callIds: readonly string[]): Answer<Hold[]>;
  countingHoldsOfRuns(runs: readonly string[]): Answer<Hold[]>;
  /** Holds that these steps settled. */
  holdsSettledBy(keys: readonly Identity[]): Answer<Hold[]>;
  /** Counting holds that expired before an instant, earliest first. */
  expiredHolds(beforeMs: number, limit: number): Answer<Hold[]>;
  countingHoldCount(): Answer<number>;
  stops(keys: readonly StopKey[]): Answer<Stop[]>;
  /** Seqs of the former revisions of these steps. */
  formerStepSeqs(keys: readonly CustomerStep[]): Answer<Since<Identity>[]>;
  /** First seqs of the former versions of these runs and outcomes. */
  formerSeqs(keys: readonly RecordKey[]): Answer<Since<RecordKey>[]>;
}

/** Which balances to list; what is left out matches everything. */
export interface BalanceFilter {
  readonly budgetId?: number;
  readonly scope?: string;
  readonly window?: string;
  readonly limit: number;
  /** The last balance of the page before. */
  readonly after?: BalanceKey;
}

/** Where a hold stands among those of its run. */
export type HoldPlace = Pick<Hold, "grantedAtMs" | "source" | "id">;

/** A page of a run's holds; `after` is the last one of the page before. */
export interface HoldPage {
  readonly limit: number;
  readonly after?: HoldPlace;
}

/** A page of what is stopped; `after` is the last one of the page before. */
export interface StopPage {
  readonly limit: number;
  readonly after?: StopKey;
}

/** Reads outside a unit of work, under the rules of `Store`. */
export interface SpendingReads {
  /** Every budget of a workspace, retired ones too, in the order of their ids. */
  budgets(workspace: string): Answer<BudgetRecord[]>;
  /** By budget, scope and window; those in which something was settled or is held. */
  balancesOf(workspace: string, filter: BalanceFilter): Answer<KeptBalance[]>;
  /** Balances of these keys that are kept or held of. */
  balances(workspace: string, keys: readonly BalanceKey[]): Answer<KeptBalance[]>;
  /** By scope. */
  ownLimitsOf(workspace: string, budgetId: number, limit: number): Answer<OwnLimit[]>;
  ownLimits(workspace: string, keys: readonly LimitKey[]): Answer<OwnLimit[]>;
  /** Newest first, then by identity. */
  holdsOfRun(workspace: string, run: string, page: HoldPage): Answer<Hold[]>;
  /** By what they stop. */
  listStops(workspace: string, page: StopPage): Answer<Stop[]>;
  stops(workspace: string, keys: readonly StopKey[]): Answer<Stop[]>;
  /** In commit order. */
  overrunsOf(workspace: string, key: BalanceKey, limit: number): Answer<Overrun[]>;
}
