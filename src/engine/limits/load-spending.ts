/** Loads balances and limits before they are looked at or moved. */
import { type BalanceKey, type BudgetRecord, isMoney } from "../../domain/budget/budget.ts";
import { measured, NO_SPEND, scopesOf, selectsAll } from "../../domain/budget/spend.ts";
import type { Step } from "../../domain/event/step.ts";
import type { Run } from "../../domain/run/run.ts";
import type { Tariff } from "../cards/tariff.ts";
import { type BatchState, stepKeyText } from "../commit/batch-state.ts";
import type { UnitOfWork } from "../ports.ts";
import type { BudgetBook } from "./budget-books.ts";
import { recordOverrun } from "./overruns.ts";
import { onPath, spendOfStep, spendOfTree } from "./spend-of.ts";
import type { BalancePlace } from "./spending-state.ts";

/** What budgets of one unit of work are settled and decided with. */
export interface Spending {
  readonly unit: UnitOfWork;
  readonly state: BatchState;
  readonly tariff: Tariff;
  readonly book: BudgetBook;
}

/** Loads these balances and the limits of their scopes. */
export async function loadBalances(spending: Spending, keys: readonly BalanceKey[]): Promise<void> {
  const places = new Set<BalancePlace>();
  for (const key of keys) {
    const place = spending.state.spending.place(key);
    if (!place.isLoaded) places.add(place);
  }
  await loadPlaces(spending, places);
}

/** Loads the places among these that the store was not asked about yet. */
export async function loadPlaces(
  spending: Spending,
  places: ReadonlySet<BalancePlace>,
): Promise<void> {
  const { unit, state, book } = spending;
  const { spending: own } = state;
  const wanted = [...places].filter(({ isLoaded }) => !isLoaded);
  if (wanted.length === 0) return;
  const inOrder = wanted.length === 1 ? wanted : wanted.sort(byKey);
  for (const stored of await unit.spending.balances(inOrder)) own.loadBalance(stored, stored);
  for (const place of inOrder) own.loadBalance(place, null);
  const scopes = inOrder.filter((key) => !own.knowsLimit(key));
  for (const limit of await unit.spending.ownLimits(scopes)) own.loadLimit(limit, limit.limit);
  for (const key of scopes) if (!own.knowsLimit(key)) own.loadLimit(key, null);
  for (const place of inOrder) {
    // Nearly every balance is kept already.
    if (place.isKept) continue;
    const record = book.byId(place.budgetId);
    if (record?.budget.each === "run") await countWholeRun(spending, record, place);
  }
}

/** The one order in which balances are locked. */
function byKey(a: BalanceKey, b: BalanceKey): number {
  if (a.budgetId !== b.budgetId) return a.budgetId - b.budgetId;
  if (a.scope !== b.scope) return a.scope < b.scope ? -1 : 1;
  return a.window < b.window ? -1 : 1;
}

/**
 * A run counts whole, also what it did before it had a budget. Cost, charge and steps of its tree
 * stand in its row; what the row does not say is added up from the steps, once.
 */
async function countWholeRun(
  spending: Spending,
  record: BudgetRecord,
  place: BalancePlace,
): Promise<void> {
  const { state } = spending;
  const run = state.runs.stored(place.scope);
  if (run === undefined || !isSelectedRun(spending, record, run)) return;
  const settled = await storedSpend(spending, record, run);
  // Nothing is kept too where steps were read for it: they would be read again for every hold.
  const isRead = !isInTotals(record) && run.tree.steps > 0;
  if (settled !== 0n || isRead) state.spending.moveBalance(place, { settled });
  if (settled === 0n) return;
  const identity = { run: run.id, source: "", id: "" };
  recordOverrun(spending, record, { place, identity, cause: "run", from: 0n, to: settled });
}

async function storedSpend(spending: Spending, record: BudgetRecord, run: Run): Promise<bigint> {
  if (isInTotals(record)) {
    return measured(record.budget, spendOfTree(run, currencyOf(spending, run)));
  }
  return run.tree.steps === 0 ? 0n : usageOfTree(spending, record, run);
}

/** Whether a run's totals say what a budget measures. */
export function isInTotals({ budget }: BudgetRecord): boolean {
  return isMoney(budget.measure) || budget.measure === "steps";
}

/** Whether a run has a balance of its own in a budget of runs. */
export function isSelectedRun(
  { tariff }: Pick<Spending, "tariff">,
  { budget }: BudgetRecord,
  run: Run,
): boolean {
  const { customer, standing } = run;
  if (customer === null || standing) return false;
  // Each step asks this of its run, before and after: most budgets select all runs alike.
  if (budget.each === "run" && selectsAll(budget.where)) return true;
  const one = onPath(run, tariff);
  return scopesOf(budget, { ...one, customer, path: [one] }).length > 0;
}

/** The currency in which a run is charged: that of its customer's card when it opened. */
export function currencyOf({ state, tariff }: Spending, run: Run): string | null {
  if (run.customer === null) return null;
  const customer = state.customers.get(run.customer);
  return customer === undefined
    ? null
    : (tariff.cardFor(customer, run.openedAtMs)?.currency ?? null);
}

/**
 * What the stored steps of a run's tree used, in a budget's measure. Steps that are added up again
 * after a crash are on disk too, and are told on their own.
 */
export async function usageOfTree(
  { unit, state, tariff }: Spending,
  { budget }: BudgetRecord,
  run: Pick<Run, "id" | "height">,
): Promise<bigint> {
  const restored = new Set(state.restored.map(stepKeyText));
  const below = run.height > 0 ? await unit.descendants(run.id) : [];
  let sum = 0n;
  for (const { id } of [run, ...below]) {
    for (const step of await unit.stepsOfRun(id)) {
      if (restored.has(stepKeyText(step))) continue;
      sum += measured(budget, spendOfStep(step, tariff));
    }
  }
  return sum;
}

/** What a step counts for; nothing where there is none. */
export function spendOf(step: Step | undefined, tariff: Tariff) {
  return step === undefined ? NO_SPEND : spendOfStep(step, tariff);
}
