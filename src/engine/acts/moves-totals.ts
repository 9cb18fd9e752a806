/** Whether an act moves totals. */
import type { BatchState } from "../commit/batch-state.ts";

/** Most acts do not: they need no budgets. */
export function movesTotals({ steps, runs, outcomes, restored, released }: BatchState): boolean {
  const isWaiting = restored.length + released.length > 0;
  return steps.isChanged || runs.isChanged || outcomes.isChanged || isWaiting;
}
