/**
 * Stages are told once a window. Where a limit is raised, those are armed again whose start is a
 * tenth or more above what was used by then: a raise by a hair repeats no alert.
 */
import { stageLevel } from "../../domain/budget/budget.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import { runAct } from "../act.ts";
import type { EngineContext } from "../context.ts";
import { loadBalances } from "../load-spending.ts";
import { limitOf } from "../overruns.ts";

const TENTHS = 10n;
const ARMED_BELOW_TENTHS = 9n;

/** Arms stages of a budget, or of one scope of it, whose limit has just changed. */
export async function armStages(
  context: EngineContext,
  workspace: string,
  { key, scope }: { readonly key: string; readonly scope?: string },
): Promise<void> {
  const book = await context.budgets.of(workspace);
  const record = book.records.find(({ budget }) => budget.key === key);
  if (record === undefined || record.budget.stages.length === 0) return;
  const filter = {
    budgetId: record.id,
    limit: PAGE_MAX_ROWS,
    ...(scope !== undefined && { scope }),
  };
  const kept = await context.store.spending.balancesOf(workspace, filter);
  const toldOf = kept.filter(({ stagesTold }) => stagesTold > 0);
  if (toldOf.length === 0) return;
  await runAct(context, workspace, async ({ unit, state, tariff, journal }) => {
    const spending = { unit, state, tariff, book };
    await loadBalances(spending, toldOf);
    for (const stored of toldOf) {
      const place = state.spending.balance(stored);
      const limit = limitOf(record, place);
      const { settled, held, stagesTold, window } = place;
      const level = record.budget.enforcement === "hard" ? settled + held : settled;
      const isReached = (index: number): boolean => {
        const stage = record.budget.stages[index];
        const start = stage === undefined ? null : stageLevel(stage, limit);
        return start !== null && level * TENTHS > start * ARMED_BELOW_TENTHS;
      };
      let still = 0;
      while (still < stagesTold && isReached(still)) still += 1;
      if (still === stagesTold) continue;
      const told = { budget: key, scope: place.scope, window, told: still };
      journal("budget.stages_armed", key, told);
      state.spending.moveBalance(place, { stagesTold: still });
    }
  });
}
