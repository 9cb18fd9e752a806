/** What was settled above a limit, and by what. */
import type { BudgetRecord, OverrunCause } from "../../domain/budget/budget.ts";
import type { BatchState } from "../commit/batch-state.ts";
import type { StepKey } from "../ports.ts";
import type { BalancePlace } from "./spending-state.ts";

/** A change of what lies above a limit. */
export interface Excess {
  readonly place: BalancePlace;
  readonly identity: StepKey;
  readonly cause: OverrunCause;
  /** Level before and after it. */
  readonly from: bigint;
  readonly to: bigint;
}

/** The scope's own limit, or else the budget's. */
export function limitOf(
  { budget }: BudgetRecord,
  { ownLimit }: Pick<BalancePlace, "ownLimit">,
): bigint | null {
  return ownLimit ?? budget.limit;
}

/** Records by how much a change moved what lies above the limit in force. */
export function recordOverrun(
  { state }: { readonly state: BatchState },
  record: BudgetRecord,
  { place, identity, cause, from, to }: Excess,
): void {
  const limit = limitOf(record, place);
  // What is added up again after a crash was recorded when it happened.
  if (limit === null || state.restored.length > 0) return;
  const amount = above(to, limit) - above(from, limit);
  if (amount === 0n) return;
  const { budgetId, scope, window } = place;
  const { run, source, id } = identity;
  const seq = state.nextSeq();
  state.spending.recordOverrun({ budgetId, scope, window, seq, run, source, id, cause, amount });
}

function above(level: bigint, limit: bigint): bigint {
  return level > limit ? level - limit : 0n;
}
