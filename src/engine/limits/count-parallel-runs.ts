/** Counts the runs that customers have open, for what they are entitled to. */
import { present } from "../../domain/assert.ts";
import { budgetDocument, parseBudget } from "../../domain/budget/parse-budget.ts";
import type { Act } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import { PARALLEL_RUNS_KEY } from "./entitlements.ts";

/**
 * Has the runs counted that customers have open, from now on: the budget for it has no limit of its
 * own, what a customer is entitled to is its limit. Forget the workspace's budgets afterwards.
 */
export async function countParallelRuns(
  { budgets }: Pick<EngineContext, "budgets">,
  { workspace, state }: Act,
): Promise<void> {
  const { records } = await budgets.of(workspace);
  const known = [...records, ...state.spending.budgets];
  if (known.some(({ budget }) => budget.key === PARALLEL_RUNS_KEY)) return;
  const terms = { each: "customer", measure: "parallel_runs", name: "Runs open at once" };
  const parsed = parseBudget(terms, PARALLEL_RUNS_KEY);
  const budget = present("budget" in parsed ? parsed.budget : undefined, "budget of open runs");
  const identity = { run: "", source: "budget.saved", id: PARALLEL_RUNS_KEY, contentHash: "" };
  const decided = { reason: "an entitlement bounds parallel runs", by: "tollgate" };
  const document = { key: budget.key, before: null, after: budgetDocument(budget), ...decided };
  state.record("budget.saved", identity, JSON.stringify(document));
  const { lastSeq: id, receivedAtMs: countsFromMs } = state;
  state.spending.budgets.push({ id, budget, countsFromMs, retiredAtMs: null });
}
