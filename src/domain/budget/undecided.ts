/**
 * What a caller should do when nothing was decided: the store did not answer, or not in time. Each
 * budget says it (closed for hard ones, open for soft ones, unless it states another); one that
 * says closed decides for all.
 *
 * The store may be what failed, so this looks at budgets alone and takes what it does not know for
 * what would apply.
 */
import type { Labels } from "../event/event.ts";
import { type Budget, type BudgetRecord, countsRuns } from "./budget.ts";
import { labelIn } from "./spend.ts";

/** What the request itself says of who spends. */
export interface StatedSpender {
  /** Null: only the store knows. */
  readonly customer: string | null;
  /** Null: only the store knows. */
  readonly agent: string | null;
  /** All that the step will state: a run gives it none. */
  readonly labels: Labels | null;
}

/** What is left to the caller: `closed`, do not make the calls; `open`, make and record them. */
export type Undecided = Budget["undecided"];

/** What budgets say of work that was not decided on; `open` where none of them could apply. */
export function onUndecided(
  records: readonly BudgetRecord[],
  spenders: readonly StatedSpender[],
): Undecided {
  const isClosed = records.some(({ budget }) => {
    if (budget.undecided === "open") return false;
    return spenders.some((spender) => mayApply(budget, spender));
  });
  return isClosed ? "closed" : "open";
}

function mayApply({ each, where, label, measure }: Budget, stated: StatedSpender): boolean {
  if (!mayBeAmong(where.customer, stated.customer)) return false;
  // A run's agent and labels may be those of a run above it, which the request does not name.
  if (each === "run" || countsRuns(measure)) return true;
  if (!mayBeAmong(where.agent, stated.agent)) return false;
  const { labels } = stated;
  if (label !== null && labelIn(labels, label) === undefined) return false;
  return Object.entries(where.label ?? {}).every(([name, values]) => {
    const value = labelIn(labels, name);
    return value !== undefined && values.includes(value);
  });
}

function mayBeAmong(wanted: readonly string[] | undefined, value: string | null): boolean {
  return wanted === undefined || value === null || wanted.includes(value);
}
