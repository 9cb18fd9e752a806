/** What the server's answers about holds say. */
import type { BudgetState, Decision, PolicyRule } from "./holds.ts";
import type { RefusalFacts } from "./refusal.ts";
import { type ApiAnswer, answerDetail, isKeyRefused } from "./tollgate-api.ts";

/** The decision on the one hold that was asked for; null: there is none. */
export function decisionIn(answer: ApiAnswer): Decision | null {
  if (answer.kind === "unreachable" || answer.status >= 300) return null;
  const { decisions } = Object(answer.body) as { readonly decisions?: readonly Decision[] };
  const decision = Array.isArray(decisions) ? decisions[0] : undefined;
  return typeof decision?.decision === "string" ? decision : null;
}

/** Whether the run that the request opens is open; a budget of runs may refuse that. */
export function isOpenedIn(answer: ApiAnswer): boolean {
  const { opened } = Object(answer.kind === "answer" ? answer.body : null);
  return Object(opened).status !== "rejected";
}

/** What to do without a decision, by the budget that could not be looked at. */
export function policyIn(answer: ApiAnswer): "closed" | "open" | null {
  if (answer.kind === "unreachable") return null;
  const { onUndecided } = Object(answer.body) as { readonly onUndecided?: unknown };
  return onUndecided === "open" || onUndecided === "closed" ? onUndecided : null;
}

/** What all budgets of a decision say to do without one: open only if none says closed. */
export function budgetsPolicy({ budgets = [] }: Decision): "closed" | "open" | null {
  const policies = budgets.flatMap(({ undecided }) => undecided ?? []);
  if (policies.length === 0) return null;
  return policies.includes("closed") ? "closed" : "open";
}

/** Stages that budgets have reached. */
export function noticesOf({ notices = [], budgets = [] }: Decision) {
  const reached = budgets.flatMap(({ budget, stage }) => {
    return stage ? [{ budget, stage: stage.at }] : [];
  });
  return [...notices, ...reached];
}

/** Why there is no decision. */
export function undecidedDetail(answer: ApiAnswer): string {
  if (answer.kind === "unreachable") return answer.detail;
  if (isKeyRefused(answer)) return `Tollgate refuses the key: ${answerDetail(answer)}`;
  return `Tollgate could not decide: ${answerDetail(answer)}`;
}

/** What a refusal tells the application. */
export function refusalFacts(run: string, step: string, decision: Decision): RefusalFacts {
  const {
    decision: kind,
    reason = kind,
    decidedBy = null,
    policy = null,
    resume = null,
  } = decision;
  const parts = [
    `${WORDS[kind]} (${reason}).`,
    decidedBy === null ? "" : budgetText(decidedBy),
    policy === null ? "" : ruleText(policy),
    decision.notEntitled ? entitledText(decision.notEntitled) : "",
    decision.stop ? `Stopped by ${decision.stop.by}: ${decision.stop.reason}.` : "",
    decision.error?.detail ?? "",
    resume === null ? "" : `To go on: ${resume}`,
  ];
  const detail = parts.filter((part) => part !== "").join(" ");
  return { run, step, decision: kind, reason, decidedBy, policy, resume, detail };
}

const WORDS: Readonly<Record<Decision["decision"], string>> = {
  allow: "The call is allowed",
  throttle: "The call had to wait for too long",
  pause: "The run is paused",
  block: "The call is refused",
  settled: "The step is recorded already",
  conflict: "The step is held with other content",
  invalid: "The call cannot be decided on",
};

function entitledText({ what, name }: NonNullable<Decision["notEntitled"]>): string {
  if (what === "parallel_runs") return "The customer may not have another run now.";
  if (name === null) return `The customer may use named ${what}s alone, and none is named.`;
  return `The customer may not use the ${what} "${name}".`;
}

function ruleText({ policy, rule, level, moreThan }: PolicyRule): string {
  return `Policy ${policy}: ${rule} is ${level}, more than ${moreThan}.`;
}

function budgetText({ budget, scope, measure, limit, remaining, currency }: BudgetState): string {
  const unit = currency ? `${currency} of ${measure}` : measure;
  const of = scope === "" ? "" : ` of ${scope}`;
  return `Budget ${budget}${of}: ${remaining} of ${limit} ${unit} left.`;
}
