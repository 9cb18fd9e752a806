/**
 * A budget: a limit on what a scope may use up in a window of time. One budget stands for many
 * balances: `each: "customer"` gives every customer one of its own, with the budget's limit unless
 * the customer was given another. So a default for new runs and customers is a budget like any
 * other, and raising one run's cap touches no other run.
 */
import { AMOUNT_SCALE, FACTOR_SCALE, QUANTITY_SCALE } from "../limits.ts";
import type { Factor } from "../money/decimal.ts";

/** What has a balance of its own. A run's holds everything below it. */
export const EACH = ["workspace", "customer", "agent", "customer_agent", "run", "label"] as const;
export type Each = (typeof EACH)[number];

/** How long a balance lasts. Windows follow the commit, never a producer's clock. */
export const SPANS = ["lifetime", "hour", "day", "week", "month", "billing_period"] as const;
export type Span = (typeof SPANS)[number];

/** Measures that are no bucket or unit of a step's usage. */
export const NAMED_MEASURES = [
  "cost",
  "charge",
  "credits",
  "prepaid",
  "tokens",
  "steps",
  "runs",
  "parallel_runs",
] as const;

/** What happens to a hold when a stage is reached, mildest first. */
export const ACTIONS = ["notify", "throttle", "pause", "block"] as const;
export type Action = (typeof ACTIONS)[number];

/** Where a stage begins: a share of the limit, or a level of its own. */
export type StageStart = { readonly percent: Factor } | { readonly level: bigint };

/** What happens from a level on. */
export interface Stage {
  readonly at: StageStart;
  readonly action: Action;
  /** `throttle`: least time between two holds of one balance. */
  readonly delayMs: number;
}

/** Which part of the work counts; what is left out matches everything. */
export interface BudgetWhere {
  readonly customer?: readonly string[];
  /** Of a run budget: agent and labels of the run that has the balance. Else the step's. */
  readonly agent?: readonly string[];
  readonly label?: Readonly<Record<string, readonly string[]>>;
  /** Keys of the rate cards that charge the work; of a run budget: the root run that has it. */
  readonly card?: readonly string[];
}

/**
 * What becomes of a hold whose cost nobody knows: it is blocked or let through. `strict` blocks
 * what the hold alone states, too: the step would be recorded without that cost.
 */
export const UNPRICED = ["block", "allow", "strict"] as const;
export type Unpriced = (typeof UNPRICED)[number];

/** What a budget says. */
export interface Budget {
  readonly key: string;
  readonly name: string;
  readonly each: Each;
  /** Name of the label of `each: "label"`; null for all else. */
  readonly label: string | null;
  readonly where: BudgetWhere;
  /** One of NAMED_MEASURES, or a bucket or unit of usage (`seconds`, `searches`). */
  readonly measure: string;
  /** Of `charge`: only charges in it count; of `credits`, a card's credit. Else null. */
  readonly currency: string | null;
  /** In the scale of the measure; null: none but what a scope was given, or prepaid credit is. */
  readonly limit: bigint | null;
  readonly per: Span;
  /** Of `day`, `week` and `month`. */
  readonly timeZone: string;
  /** First day of a month's window, 1 to 31; of a week's, 1 (Monday) to 7. */
  readonly anchorDay: number;
  /** `hard`: holds set it aside and are refused beyond it. `soft`: only stages act. */
  readonly enforcement: "hard" | "soft";
  /** By their start, lowest first. */
  readonly stages: readonly Stage[];
  /** Kept from ordinary holds, so that a stopped run can deliver its result. */
  readonly reserve: bigint;
  readonly unpriced: Unpriced;
  /** What a caller should do when it gets no decision at all. */
  readonly undecided: "closed" | "open";
}

/** A budget as it is kept. */
export interface BudgetRecord {
  /**
   * Names balances, limits and holds of it. Another id once it selects or measures otherwise. It is
   * the seq of the act that set it: what is on record since an earlier one does not count, but for
   * runs, which count whole.
   */
  readonly id: number;
  readonly budget: Budget;
  /** When that act was, for people to read. */
  readonly countsFromMs: number;
  readonly retiredAtMs: number | null;
}

/** One balance of a budget. */
export interface BalanceKey {
  readonly budgetId: number;
  /** Customer, agent, run or label value; "" for the workspace. */
  readonly scope: string;
  /** Key of the window; "" for a lifetime. */
  readonly window: string;
}

/** What a balance came to. What is held is the sum of the open holds that name it. */
export interface Balance extends BalanceKey {
  /** Sum over the steps, runs and outcomes that the budget selects; in the measure's scale. */
  readonly settled: bigint;
  /** How many stages were reached and told. */
  readonly stagesTold: number;
  /** When the last hold was granted from it; 0: never. */
  readonly grantedAtMs: number;
}

/** A limit that one scope was given in place of the budget's. */
export interface OwnLimit {
  readonly budgetId: number;
  readonly scope: string;
  readonly limit: bigint;
}

/**
 * A change of max(0, settled − limit) under the limit in force: together they are what was settled
 * above it. A limit that changes later moves none.
 */
export interface Overrun extends BalanceKey {
  readonly seq: number;
  /** What caused it: the step's identity, or the run alone. */
  readonly run: string;
  readonly source: string;
  readonly id: string;
  readonly cause: OverrunCause;
  readonly amount: bigint;
}

/**
 * `no_hold`: plain metering. `above_hold`: a step used more than was held for it.
 * `within_hold`: it stayed within, and another part of the balance had gone over before.
 * `revised`: a correction. `run`: a fee, bound, outcome or a tree that was linked.
 */
export type OverrunCause = "no_hold" | "above_hold" | "within_hold" | "revised" | "run";

/** A balance that none was kept of yet. */
export function emptyBalance(key: BalanceKey): Balance {
  return { ...key, settled: 0n, stagesTold: 0, grantedAtMs: 0 };
}

/** A balance as one text. Scopes hold no control character, so no two share one. */
export function balanceText({ budgetId, scope, window }: BalanceKey): string {
  return `${budgetId}\u0000${scope}\u0000${window}`;
}

/** A budget's scope as one text. */
export function scopeText({ budgetId, scope }: Pick<BalanceKey, "budgetId" | "scope">): string {
  return `${budgetId}\u0000${scope}`;
}

/** Whether a measure is an amount of money. */
export function isMoney(measure: string): boolean {
  return measure === "cost" || measure === "charge" || isPrepaid(measure);
}

/**
 * Whether the limit is what a customer has of prepaid credit. Nothing is settled in such a
 * balance: what usage burns follows from what is charged.
 */
export function isPrepaid(measure: string): boolean {
  return measure === "prepaid";
}

/** Whether a measure counts runs: checked when a run opens, not by its steps. */
export function countsRuns(measure: string): boolean {
  return measure === "runs" || measure === "parallel_runs";
}

/** Decimal places of a measure's levels and limits. */
export function scaleOf(measure: string): number {
  return isMoney(measure) || measure === "credits" ? AMOUNT_SCALE : QUANTITY_SCALE;
}

const PERCENT_WHOLE = 10n ** BigInt(FACTOR_SCALE);

/** The level at which a stage begins; a share of no limit is never reached. */
export function stageLevel({ at }: Stage, limit: bigint | null): bigint | null {
  if ("level" in at) return at.level;
  // Nearly every budget acts at its limit, and every hold asks for it.
  if (limit === null || at.percent === PERCENT_WHOLE) return limit;
  return (limit * at.percent) / PERCENT_WHOLE;
}
