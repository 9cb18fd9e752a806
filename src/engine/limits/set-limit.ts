/** Gives one scope of a budget a limit of its own: how a cap is raised without touching others. */
import { type Budget, isPrepaid } from "../../domain/budget/budget.ts";
import { formatLevel, readLevel } from "../../domain/budget/parse-budget.ts";
import { type Problem, TollgateError } from "../../domain/errors.ts";
import { Place } from "../../domain/rating/document-place.ts";
import { patternsAmong } from "../../domain/rating/whole-names.ts";
import { requireApproved, sizeOfBudget } from "../acts/changes.ts";
import { armStages } from "../alerts/arm-stages.ts";
import { type Act, runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import { type Decided, findBudget, refuseKept } from "./save-budget.ts";

/** A limit to set. */
export interface NewLimit extends Decided {
  readonly budget: string;
  /** Customer, agent, run or label value; "" for a workspace's. */
  readonly scope: string;
  /** As sent: a decimal text; null: the budget's again. */
  readonly limit: unknown;
}

/** A limit that was set. */
export interface SetLimit {
  readonly budget: string;
  readonly scope: string;
  /** What holds for the scope now, as decimal text; null: nothing. */
  readonly limit: string | null;
}

/** Sets it; it holds for the next hold. Throws `budget.not_found`, `budget.invalid`. */
export async function setLimit(
  context: EngineContext,
  workspace: string,
  wanted: NewLimit,
): Promise<SetLimit> {
  const set = await runAct(context, workspace, (act) => putLimit(context, act, wanted));
  context.waiting.look(workspace);
  await armStages(context, workspace, { key: wanted.budget, scope: wanted.scope });
  return set;
}

/** Sets a limit as part of an act. */
export async function putLimit(
  context: EngineContext,
  { workspace, unit, state, journal }: Act,
  { budget: key, scope, limit: sent, reason, by }: NewLimit,
): Promise<SetLimit> {
  refuseKept(key);
  const record = await findBudget(context, workspace, key);
  const { id: budgetId, budget } = record;
  if (isPrepaid(budget.measure)) {
    const detail = `"${key}" is limited by the customer's credit: give it more.`;
    throw new TollgateError("budget.invalid", detail, "limit");
  }
  requireScope(budget, scope);
  const wanted = parseLimit(sent, budget.measure);
  const [known] = await unit.spending.ownLimits([{ budgetId, scope }]);
  const former = known?.limit ?? null;
  if (former !== wanted) {
    await requireApproved(context, workspace, sizeOfBudget(record, { limit: sent }));
    const text = (level: bigint | null) =>
      level === null ? null : formatLevel(level, budget.measure);
    const [before, after] = [text(former), text(wanted)];
    journal("budget.limit_set", key, { budget: key, scope, before, after, reason, by });
    state.spending.setLimit({ budgetId, scope }, wanted);
  }
  const now = wanted ?? budget.limit;
  return { budget: key, scope, limit: now === null ? null : formatLevel(now, budget.measure) };
}

/** Of a scope that nothing can ever be in, a limit would be set and limit nothing. */
function requireScope({ key, each }: Budget, scope: string): void {
  const [pattern] = each === "run" ? [] : patternsAmong([scope], "scope", "budget.invalid");
  const detail = pattern?.detail ?? wrongScope({ key, each }, scope);
  if (detail !== null) throw new TollgateError("budget.invalid", detail, "scope");
}

function wrongScope({ key, each }: Pick<Budget, "key" | "each">, scope: string): string | null {
  if (each === "workspace") {
    return scope === "" ? null : `"${key}" is of everything together: its scope is "".`;
  }
  if (scope === "") return `"${key}" has a limit for each ${each}: name one.`;
  if (each !== "customer_agent" || isPair(scope)) return null;
  return `"${scope}" is no customer and agent: write ["acme","support"].`;
}

/** As balances of customers and agents are named. */
function isPair(scope: string): boolean {
  try {
    const pair: unknown = JSON.parse(scope);
    const isOfTexts = Array.isArray(pair) && pair.every((one) => typeof one === "string");
    return isOfTexts && pair.length === 2 && JSON.stringify(pair) === scope;
  } catch {
    return false;
  }
}

function parseLimit(sent: unknown, measure: string): bigint | null {
  const problems: Problem[] = [];
  const level = readLevel(new Place(sent, "limit", problems), measure);
  const [problem] = problems;
  if (problem === undefined) return level;
  throw new TollgateError("budget.invalid", problem.detail, "limit");
}
