/** Sets and retires budgets. What changes holds for the next hold. */
import { type Budget, type BudgetRecord, isPrepaid } from "../../domain/budget/budget.ts";
import {
  budgetDocument,
  countsAlike,
  mixedPeriods,
  parseBudget,
} from "../../domain/budget/parse-budget.ts";
import { canonicalJson } from "../../domain/canonical-json.ts";
import { type Problem, TollgateError } from "../../domain/errors.ts";
import { BUDGETS_PER_WORKSPACE_MAX_COUNT } from "../../domain/limits.ts";
import { patternsIn } from "../../domain/rating/whole-names.ts";
import { requireApproved, sizeOfBudget } from "../acts/changes.ts";
import { armStages } from "../alerts/arm-stages.ts";
import { unknownCard } from "../cards/known-keys.ts";
import { type Act, runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import { PARALLEL_RUNS_KEY } from "./entitlements.ts";

/** Who decided something, and why. */
export interface Decided {
  readonly reason: string;
  readonly by: string;
}

/** A budget to set. */
export interface NewBudget extends Decided {
  readonly key: string;
  /** As sent; see `parseBudget`. */
  readonly document: unknown;
}

/** What came of it: either all problems of the document, or the budget as it is now. */
export type SavedBudget =
  | { readonly record: BudgetRecord }
  | { readonly problems: readonly Problem[] };

/**
 * Sets a budget in place of the one of the same key; the same again changes nothing. One that
 * counts other work than before starts anew: its balances begin with what is committed from now on,
 * those of runs with all that the run has done. Throws `field.out_of_range`, `budget.invalid`.
 */
export async function saveBudget(
  context: EngineContext,
  workspace: string,
  { key, document, reason, by }: NewBudget,
): Promise<SavedBudget> {
  refuseKept(key);
  const parsed = parseBudget(document, key);
  if ("problems" in parsed) return parsed;
  const { budget } = parsed;
  const problems = patternsIn(budget.where, "where", "budget.invalid");
  if (problems.length > 0) return { problems };
  const mixed = mixedPeriods(budget);
  if (mixed.length > 0 && !(await isOnRecord(context, workspace, budget))) {
    return { problems: mixed };
  }
  const record = await runAct(context, workspace, async (act) => {
    const { records } = await context.budgets.of(workspace);
    const known = records.find((one) => one.budget.key === key);
    const after = budgetDocument(budget);
    const before = known === undefined ? null : budgetDocument(known.budget);
    if (known !== undefined && canonicalJson(before) === canonicalJson(after)) return known;
    if (known === undefined && records.length >= BUDGETS_PER_WORKSPACE_MAX_COUNT) {
      const detail = `There are ${records.length} budgets already.`;
      throw new TollgateError("field.out_of_range", detail, "key");
    }
    refuseSecond(records, key, budget);
    await requireCards(context, workspace, budget);
    await requireApproved(context, workspace, sizeOfBudget(known, document));
    act.journal("budget.saved", key, { key, before, after, reason, by });
    return put(act, known, budget);
  });
  changed(context, workspace);
  await armStages(context, workspace, { key });
  return { record };
}

/** Whether one in force counts the same work already: its limit and stages may change. */
async function isOnRecord(
  { budgets }: EngineContext,
  workspace: string,
  budget: Budget,
): Promise<boolean> {
  const { records } = await budgets.of(workspace);
  return records.some((one) => one.budget.key === budget.key && countsAlike(one.budget, budget));
}

/** Throws `budget.invalid` for a card that there is not: such a budget would limit nobody. */
async function requireCards(
  { store }: EngineContext,
  workspace: string,
  { where }: Budget,
): Promise<void> {
  const unknown = await unknownCard(store, workspace, where.card ?? []);
  if (unknown === null) return;
  throw new TollgateError("budget.invalid", unknown.detail, "where.card");
}

/** Credit is shared by whoever is selected, and each hold must see all others of it. */
function refuseSecond(
  records: readonly BudgetRecord[],
  key: string,
  { measure, currency }: Budget,
): void {
  if (!isPrepaid(measure)) return;
  const other = records.find(({ budget }) => {
    return isPrepaid(budget.measure) && budget.currency === currency && budget.key !== key;
  });
  if (other === undefined) return;
  const detail = `"${other.budget.key}" is of all credit in ${currency ?? "USD"} already.`;
  throw new TollgateError("budget.invalid", `${detail} Let it select more customers.`, "measure");
}

function put(
  { state }: Act,
  known: BudgetRecord | undefined,
  budget: BudgetRecord["budget"],
): BudgetRecord {
  const { budgets } = state.spending;
  const { receivedAtMs, lastSeq } = state;
  if (known !== undefined && countsAlike(known.budget, budget)) {
    const record = { ...known, budget };
    budgets.push(record);
    return record;
  }
  if (known !== undefined) budgets.push({ ...known, retiredAtMs: receivedAtMs });
  const record = { id: lastSeq, budget, countsFromMs: receivedAtMs, retiredAtMs: null };
  budgets.push(record);
  return record;
}

/** The runs that entitlements bound are counted by a budget that nobody sets by hand. */
export function refuseKept(key: string): void {
  if (key !== PARALLEL_RUNS_KEY) return;
  const detail = `"${key}" is kept for entitlements: set those of the card or the customer.`;
  throw new TollgateError("budget.invalid", detail, "key");
}

/** Takes a budget out of force; what it came to stays on record. Throws `budget.not_found`. */
export async function retireBudget(
  context: EngineContext,
  workspace: string,
  { key, reason, by }: Decided & { readonly key: string },
): Promise<BudgetRecord> {
  refuseKept(key);
  const record = await runAct(context, workspace, async ({ state, journal }) => {
    const known = await findBudget(context, workspace, key);
    await requireApproved(context, workspace, sizeOfBudget(known, null));
    const before = budgetDocument(known.budget);
    journal("budget.retired", key, { key, before, after: null, reason, by });
    const retired = { ...known, retiredAtMs: state.receivedAtMs };
    state.spending.budgets.push(retired);
    return retired;
  });
  changed(context, workspace);
  return record;
}

/** The budget in force of a key. Throws `budget.not_found`. */
export async function findBudget(
  { budgets }: Pick<EngineContext, "budgets">,
  workspace: string,
  key: string,
): Promise<BudgetRecord> {
  const { records } = await budgets.of(workspace);
  const found = records.find(({ budget }) => budget.key === key);
  if (found !== undefined) return found;
  throw new TollgateError("budget.not_found", `There is no budget "${key}".`, "budget");
}

function changed(context: EngineContext, workspace: string): void {
  context.budgets.forget(workspace);
  context.waiting.look(workspace);
}
