/**
 * Stages are told once a window. Where a limit is raised, those are armed again whose start is a
 * tenth or more above what was used by then: a raise by a hair repeats no alert.
 */
import { type BudgetRecord, stageLevel } from "../../domain/budget/budget.ts";
import { PAGE_MAX_ROWS } from "../../domain/limits.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import type { BudgetBook } from "../limits/budget-books.ts";
import { loadBalances } from "../limits/load-spending.ts";
import { limitOf } from "../limits/overruns.ts";
import type { BalanceFilter, KeptBalance } from "../spending-ports.ts";

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
  const { store, clocks } = context;
  const filter = {
    budgetId: record.id,
    limit: PAGE_MAX_ROWS,
    ...(scope !== undefined && { scope }),
    ...presentWindow(book, record, (await clocks.of(workspace)).nowMs()),
  };
  for (let after: BalanceFilter["after"]; ; ) {
    const page = await store.spending.balancesOf(workspace, {
      ...filter,
      ...(after !== undefined && { after }),
    });
    const toldOf = page.filter(({ stagesTold }) => stagesTold > 0);
    if (toldOf.length > 0) await armBalances(context, workspace, { book, record, toldOf });
    after = page.at(-1);
    if (page.length < PAGE_MAX_ROWS) return;
  }
}

/** Windows that went by tell nothing any more; those of billing periods are the customers' own. */
function presentWindow(book: BudgetBook, { budget }: BudgetRecord, nowMs: number) {
  if (budget.per === "billing_period") return {};
  return { window: book.windowOf(budget, nowMs, null).key };
}

interface Arming {
  readonly book: BudgetBook;
  readonly record: BudgetRecord;
  readonly toldOf: readonly KeptBalance[];
}

async function armBalances(
  context: EngineContext,
  workspace: string,
  { book, record, toldOf }: Arming,
): Promise<void> {
  const { key } = record.budget;
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
