/**
 * The answer to a request for holds as JSON text. What is allowed, which is nearly all, is written
 * by hand: of a balance only four texts change from one answer to the next. Everything else is told
 * by its view, and both say the same (write-holds-answer.test.ts).
 */
import type { BudgetRecord } from "../domain/budget/budget.ts";
import { formatLevel } from "../domain/budget/parse-budget.ts";
import type { BudgetWindow } from "../domain/budget/window.ts";
import { jsonString } from "../domain/json-string.ts";
import { formatAmount } from "../domain/money/decimal.ts";
import type { BudgetState, HoldDecision, HoldsRequest } from "../engine/limits/hold-answers.ts";
import { timeText } from "./instant.ts";
import {
  balanceView,
  costStatusOf,
  decisionView,
  stageOf,
  windowView,
} from "./views/budget-view.ts";
import { policyHitView } from "./views/policy-view.ts";

/** What became of one request. */
export interface AnsweredHolds {
  readonly request: Pick<HoldsRequest, "run" | "asks">;
  /** What became of the run's opening; null: the request has none. */
  readonly opened: object | null;
  readonly decisions: readonly HoldDecision[];
}

/** One text for a whole request, decisions in the order of its asks. */
export function writeHoldsAnswer({ request, opened, decisions }: AnsweredHolds): string {
  const { run, asks } = request;
  let text = `{"run":${jsonString(run)},"opened":${JSON.stringify(opened)},"decisions":[`;
  for (let index = 0; index < decisions.length; index += 1) {
    const decision = decisions[index] as HoldDecision;
    const step = asks[index]?.step;
    if (index > 0) text += ",";
    if (decision.decision !== "allow" || step === undefined) {
      text += JSON.stringify(decisionView(run, step, decision));
    } else {
      text += `{"source":${jsonString(step.source)},"id":${jsonString(step.id)},"decision":"allow"`;
      text += allowedFields(decision);
    }
  }
  return `${text}]}`;
}

type Allowed = Extract<HoldDecision, { readonly decision: "allow" }>;

function allowedFields({ hold, costIs, budgets, policies }: Allowed): string {
  const { holdId, expiresAtMs, maxOutputTokens, isClamped, cost, charge, currency } = hold;
  let text = `,"hold":"${holdId}","expiresAt":"${timeText(expiresAtMs)}"`;
  text += `,"maxOutputTokens":${maxOutputTokens},"isClamped":${isClamped}`;
  text += `,"reserved":{"cost":"${formatAmount(cost)}","charge":"${formatAmount(charge)}"`;
  text += `,"currency":${currency === null ? "null" : `"${currency}"`}`;
  if (costIs !== "known") text += `,"costStatus":"${costStatusOf(costIs)}"`;
  text += '},"budgets":[';
  for (let index = 0; index < budgets.length; index += 1) {
    if (index > 0) text += ",";
    text += balanceText(budgets[index] as BudgetState);
  }
  if (policies.length === 0) return `${text}]}`;
  return `${text}],"policies":${JSON.stringify(policies.map(policyHitView))}}`;
}

/** The parts of a balance that are the same for all of a budget. */
interface BudgetTexts {
  readonly beforeScope: string;
  readonly afterScope: string;
  readonly beforeWindow: string;
  readonly afterWindow: string;
  limit: bigint | null;
  limitText: string;
}

const textsOfBudgets = new WeakMap<BudgetRecord, BudgetTexts>();
const textsOfWindows = new WeakMap<BudgetWindow, string>();

function balanceText(state: BudgetState): string {
  const { record, scope, window, limit, settled, held } = state;
  const { measure } = record.budget;
  const texts = textsOf(record);
  if (texts.limit !== limit) {
    texts.limit = limit;
    texts.limitText = levelText(limit, measure);
  }
  const remaining = limit === null ? null : limit - settled - held;
  let text = `${texts.beforeScope}${jsonString(scope)}${texts.afterScope}${texts.limitText}`;
  text += `,"settled":"${formatLevel(settled, measure)}","held":"${formatLevel(held, measure)}"`;
  text += `,"remaining":${levelText(remaining, measure)}${texts.beforeWindow}`;
  text += `${windowText(window)}${texts.afterWindow}`;
  const stage = record.budget.stages.length === 0 ? null : stageOf(state);
  return `${text}${stage === null ? "null" : JSON.stringify(stage)}}`;
}

function levelText(level: bigint | null, measure: string): string {
  return level === null ? "null" : `"${formatLevel(level, measure)}"`;
}

function windowText(window: BudgetWindow): string {
  if (window.endMs === null) return "null";
  const known = textsOfWindows.get(window);
  if (known !== undefined) return known;
  const text = JSON.stringify(windowView(window));
  textsOfWindows.set(window, text);
  return text;
}

/** A text that stands for each thing that changes. */
const HERE = "\u0001";

function textsOf(record: BudgetRecord): BudgetTexts {
  const known = textsOfBudgets.get(record);
  if (known !== undefined) return known;
  const window = { key: "", startMs: 0, endMs: null };
  const of = { record, window, limit: null, settled: 0n, held: 0n };
  const shown = balanceView({ ...of, scope: "" });
  const view = { ...shown, scope: HERE, limit: HERE, window: HERE, stage: null };
  const mark = JSON.stringify(HERE);
  const [beforeScope = "", afterScope = "", levels = "", afterWindow = ""] =
    JSON.stringify(view).split(mark);
  const texts: BudgetTexts = {
    ...{ beforeScope, afterScope, limit: null, limitText: "null" },
    beforeWindow: levels.slice(levels.indexOf(',"reserve"')),
    afterWindow: afterWindow.slice(0, -"null}".length),
  };
  textsOfBudgets.set(record, texts);
  return texts;
}
