/** What was settled above a limit, and by what. */
import type { BalanceKey, BudgetRecord, OverrunCause } from "../domain/budget/budget.ts";
import type { BatchState } from "./batch-state.ts";
import type { StepKey } from "./ports.ts";

/** A change of what lies above a limit. */
export interface Excess {
  readonly key: BalanceKey;
  readonly identity: StepKey;
  readonly cause: OverrunCause;
  /** Level before and after it. */
  readonly from: bigint;
  readonly to: bigint;
}

/** The scope's own limit, or else the budget's. */
export function limitOf(
  { state }: { readonly state: BatchState },
  { budget }: BudgetRecord,
  key: BalanceKey,
): bigint | null {
  return state.spending.ownLimit(key) ?? budget.limit;
}

/** Records by how much a change moved what lies above the limit in force. */
export function recordOverrun(
  { state }: { readonly state: BatchState },
  record: BudgetRecord,
  { key, identity, cause, from, to }: Excess,
): void {
  const limit = limitOf({ state }, record, key);
  // What is added up again after a crash was recorded when it happened.
  if (limit === null || state.restored.length > 0) return;
  const amount = above(to, limit) - above(from, limit);
  if (amount === 0n) return;
  const { run, source, id } = identity;
  const seq = state.nextSeq();
  state.spending.recordOverrun({ ...key, seq, run, source, id, cause, amount });
}

function above(level: bigint, limit: bigint): bigint {
  return level > limit ? level - limit : 0n;
}
