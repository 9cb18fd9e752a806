/** Budgets, holds and stops, as answers show them. */
import type { BudgetRecord } from "../../domain/budget/budget.ts";
import { stageLevel } from "../../domain/budget/budget.ts";
import type { CostKnowledge } from "../../domain/budget/decide.ts";
import { entitlementsDocument } from "../../domain/budget/entitlements.ts";
import { type Hold, isQuarantined } from "../../domain/budget/hold.ts";
import { budgetDocument, formatLevel } from "../../domain/budget/parse-budget.ts";
import type { Stop, StopKey } from "../../domain/budget/stop.ts";
import type { BudgetWindow } from "../../domain/budget/window.ts";
import { formatAmount } from "../../domain/money/decimal.ts";
import type { BudgetState, HoldDecision, RunState } from "../../engine/limits/hold-answers.ts";
import type { CustomerEntitlements } from "../../engine/limits/save-entitlements.ts";
import type { StepKey } from "../../engine/ports.ts";
import { timeText } from "../instant.ts";
import { policyHitView } from "./policy-view.ts";

/** A budget as it is set, with since when it counts. */
export function budgetView({ budget, countsFromMs }: BudgetRecord) {
  return { ...budgetDocument(budget), countsFrom: timeText(countsFromMs) };
}

/** What one balance stands at. */
export function balanceView(state: BudgetState) {
  const { record, scope, window, limit, settled, held } = state;
  const { key, measure, currency, enforcement, reserve, undecided } = record.budget;
  const text = (level: bigint) => formatLevel(level, measure);
  return {
    budget: key,
    each: record.budget.each,
    scope,
    measure,
    currency,
    limit: limit === null ? null : text(limit),
    settled: text(settled),
    held: text(held),
    remaining: limit === null ? null : text(limit - settled - held),
    reserve: text(reserve),
    window: windowView(window),
    enforcement,
    undecided,
    stage: stageOf(state),
  };
}

/** Since when and until when a balance counts; null: always. */
export function windowView({ startMs, endMs }: BudgetWindow) {
  return endMs === null ? null : { from: timeText(startMs), to: timeText(endMs) };
}

/** The last stage that the balance has reached; null: none. */
export function stageOf({ record, limit, settled, held }: BudgetState) {
  const { stages, enforcement, measure } = record.budget;
  const level = enforcement === "hard" ? settled + held : settled;
  const reached = stages.findLast((stage) => {
    const start = stageLevel(stage, limit);
    return start !== null && level >= start;
  });
  if (reached === undefined) return null;
  const at = formatLevel(stageLevel(reached, limit) ?? 0n, measure);
  return { at, do: reached.action };
}

/** What a customer may use, and who says so. */
export function entitlementsView(found: CustomerEntitlements) {
  const { customer, now, card, own, openRuns } = found;
  return {
    customer,
    ...entitlementsDocument(now),
    card: entitlementsDocument(card),
    own: entitlementsDocument(own),
    openRuns,
  };
}

/** A stop in force. */
export function stopView(stop: Stop) {
  const { of, id, mode, budget, reason, by, stoppedAtMs, policy = null } = stop;
  const at = timeText(stoppedAtMs);
  return { of, id, mode, byBudget: budget !== null, reason, by, at, policy };
}

/** A hold; an expired one goes on counting in quarantine. */
export function holdView(hold: Hold, nowMs: number) {
  const { source, id, holdId, state, grantedAtMs, expiresAtMs, settledBy } = hold;
  return {
    source,
    id,
    hold: holdId,
    state: isQuarantined(hold, nowMs) ? "quarantined" : state,
    grantedAt: timeText(grantedAtMs),
    expiresAt: timeText(expiresAtMs),
    maxOutputTokens: hold.maxOutputTokens,
    isClamped: hold.isClamped,
    reserved: reservedOf(hold),
    settledBy,
  };
}

/** An amount that the price book does not bear out says so, and one that nobody knows is no 0. */
export function costStatusOf(costIs: CostKnowledge): "stated" | "unpriced" | null {
  if (costIs === "known") return null;
  return costIs === "stated" ? "stated" : "unpriced";
}

function reservedOf({ cost, charge, currency }: Hold) {
  return { cost: formatAmount(cost), charge: formatAmount(charge), currency };
}

/** What was decided on one ask. */
export function decisionView(
  run: string,
  step: Pick<StepKey, "source" | "id"> | undefined,
  decision: HoldDecision,
) {
  const named = { source: step?.source, id: step?.id, decision: decision.decision };
  return { ...named, ...decisionFields(run, decision) };
}

function decisionFields(run: string, decision: HoldDecision): object {
  switch (decision.decision) {
    case "allow": {
      const { hold, costIs, budgets, policies } = decision;
      const costStatus = costStatusOf(costIs);
      return {
        hold: hold.holdId,
        expiresAt: timeText(hold.expiresAtMs),
        maxOutputTokens: hold.maxOutputTokens,
        isClamped: hold.isClamped,
        reserved: { ...reservedOf(hold), ...(costStatus !== null && { costStatus }) },
        budgets: budgets.map(balanceView),
        ...(policies.length === 0 ? {} : { policies: policies.map(policyHitView) }),
      };
    }
    case "settled":
      return {};
    case "conflict":
    case "invalid":
      return { error: decision.problem };
    default: {
      const { reason, by, stop, notEntitled, policy, retryAfterMs, budgets } = decision;
      const waiting = decision.decision === "pause" ? waitFields(run, stop) : {};
      return {
        reason,
        decidedBy: by === null ? null : balanceView(by),
        stop: stop === null ? null : stopView(stop),
        notEntitled,
        policy,
        retryAfterMs,
        ...waiting,
        budgets: budgets.map(balanceView),
      };
    }
  }
}

function waitFields(run: string, stop: Stop | null) {
  const waitAt = `/v1/runs/${encodeURIComponent(run)}/wait`;
  return { waitAt, resume: resumeCommand(stop ?? { of: "run", id: run }) };
}

/** What is stopped is what is resumed: it may be a run above, or the customer. */
function resumeCommand({ of, id }: StopKey): string {
  if (of === "workspace") return "tollgate resume workspace";
  return ["tollgate resume", ...(of === "run" ? [] : [of]), shellWord(id)].join(" ");
}

/** An id comes from outside, and people paste the command. */
function shellWord(text: string): string {
  return /^[\w.,:@/+=][\w.,:@/+=-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Whether a run may go on. */
export function runStateView({ run, state, stop, budgets }: RunState) {
  return {
    run,
    state,
    stop: stop === null ? null : stopView(stop),
    left: leftOf(budgets),
    budgets: budgets.map(balanceView),
  };
}

/**
 * What the next ordinary hold may set aside: of each measure, and of each currency of charges, the
 * balance of a hard limit that leaves the least beside its reserve.
 */
function leftOf(budgets: readonly BudgetState[]) {
  const least = new Map<string, { readonly amount: bigint; readonly state: BudgetState }>();
  for (const state of budgets) {
    const { limit, settled, held, record } = state;
    const { enforcement, measure, currency, reserve } = record.budget;
    if (enforcement !== "hard" || limit === null) continue;
    const amount = limit - settled - held - reserve;
    const of = JSON.stringify([measure, currency]);
    if (amount < (least.get(of)?.amount ?? amount + 1n)) least.set(of, { amount, state });
  }
  return [...least.values()].map(({ amount, state: { record, scope } }) => {
    const { key, measure, currency } = record.budget;
    const left = formatLevel(amount > 0n ? amount : 0n, measure);
    return { measure, currency, amount: left, budget: key, scope };
  });
}
