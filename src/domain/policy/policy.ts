/**
 * A policy: rules that stop a run which runs away. A budget limits what is used up; a rule looks at
 * how a run behaves: that it makes the same call over and over, spreads without end, fails again
 * and again. Each rule compares one level of a run with a bound; beyond it, it acts.
 */
import type { Action } from "../budget/budget.ts";
import { AMOUNT_SCALE } from "../limits.ts";
import { formatScaled } from "../money/decimal.ts";

/** What a rule looks at. */
export const RULE_KINDS = [
  /** Steps of the run itself. */
  "steps",
  /** Levels of the tree, the root being 1. */
  "depth",
  /** Runs that the run has opened right below itself. */
  "fan_out",
  /** Milliseconds since the run opened. */
  "wall_time",
  /** What the whole tree spent in 60 seconds; looked at from its root. */
  "spend_per_minute",
  /** How often one call was made with the same arguments and nothing new in between. */
  "repeated_call",
  /** Input tokens of the newest model call, where each one has read more than the one before. */
  "context_growth",
  /** Steps that failed, among the last ones. */
  "error_storm",
] as const;
export type RuleKind = (typeof RULE_KINDS)[number];

/** One rule. */
export interface PolicyRule {
  readonly kind: RuleKind;
  /** Acts on a level above it: counts, tokens and milliseconds whole, money in AMOUNT_SCALE. */
  readonly moreThan: bigint;
  readonly action: Action;
  /** `throttle`: least time between two holds of the run. */
  readonly delayMs: number;
  /** How many of the run's last steps it looks at; 0: it looks at none. */
  readonly within: number;
  /** `context_growth`: how many calls in a row have read more than the one before. */
  readonly rises: number;
  /** `spend_per_minute`. */
  readonly measure: "cost" | "charge";
  /** `spend_per_minute` of `charge`: only runs that are charged in it; null: of costs. */
  readonly currency: string | null;
  /** `repeated_call`: tools that may be asked the same again, such as one that waits. */
  readonly exceptTools: readonly string[];
}

/** Which runs a policy is for; what is left out matches every run. */
export interface PolicyWhere {
  readonly customer?: readonly string[];
  readonly agent?: readonly string[];
  /** Key of the rate card by which the run's customer is charged. */
  readonly card?: readonly string[];
}

/** `observe`: it puts on record what it would have done, and does nothing. */
export const POLICY_MODES = ["enforce", "observe"] as const;
export type PolicyMode = (typeof POLICY_MODES)[number];

/** What a policy says. */
export interface Policy {
  readonly key: string;
  readonly name: string;
  readonly mode: PolicyMode;
  readonly where: PolicyWhere;
  /** Runs that it is not for, though `where` would select them. */
  readonly except: PolicyWhere;
  readonly rules: readonly PolicyRule[];
}

/** A run, as `where` selects it. */
export interface PolicySubject {
  readonly customer: string | null;
  readonly agent: string | null;
  readonly card: string | null;
}

/** Whether a policy is for a run. */
export function appliesTo({ where, except }: Policy, subject: PolicySubject): boolean {
  return isSelected(where, subject, true) && !isSelected(except, subject, false);
}

/** Several fields must all match; none at all is told by the caller. */
function isSelected(where: PolicyWhere, subject: PolicySubject, ifEmpty: boolean): boolean {
  const { customer, agent, card } = where;
  if (customer === undefined && agent === undefined && card === undefined) return ifEmpty;
  return (
    isAmong(customer, subject.customer) &&
    isAmong(agent, subject.agent) &&
    isAmong(card, subject.card)
  );
}

function isAmong(wanted: readonly string[] | undefined, value: string | null): boolean {
  return wanted === undefined || (value !== null && wanted.includes(value));
}

/** A rule whose bound a run is beyond. */
export interface PolicyHit {
  readonly policy: string;
  readonly rule: RuleKind;
  readonly mode: PolicyMode;
  readonly action: Action;
  readonly delayMs: number;
  /** The run that the rule looked at: it and all below it are what the rule acts on. */
  readonly run: string;
  /** As text: amounts as decimals, milliseconds as minutes, anything else whole. */
  readonly level: string;
  readonly moreThan: string;
}

/** Whether a hit keeps holds from being granted; it may only slow them down. */
export function isEnforced({ mode, action }: Pick<PolicyHit, "mode" | "action">): boolean {
  return mode === "enforce" && action !== "notify";
}

/** Whether a hit stops its run. */
export function isStopping(hit: Pick<PolicyHit, "mode" | "action">): boolean {
  return isEnforced(hit) && hit.action !== "throttle";
}

/** Names a rule of a policy, as it stands: another bound or action is another rule. */
export function ruleText({ policy, rule, mode, action, moreThan }: PolicyHit): string {
  return [policy, rule, mode, action, moreThan].join("\u0000");
}

const MINUTE_MS = 60_000n;
const TENTHS = 10n;

/** A level or bound of a rule as text; minutes are cut to a tenth. */
export function formatRuleLevel(kind: RuleKind, level: bigint): string {
  if (kind === "spend_per_minute") return formatScaled(level, AMOUNT_SCALE);
  if (kind === "wall_time") return formatScaled((level * TENTHS) / MINUTE_MS, 1);
  return String(level);
}

/** The strictest of several hits; null where none keeps work from going on. */
export function decidingHit(hits: readonly PolicyHit[]): PolicyHit | null {
  const rank = { block: 0, pause: 1, throttle: 2, notify: 3 } as const;
  const enforced = hits.filter(isEnforced);
  return enforced.toSorted((a, b) => rank[a.action] - rank[b.action])[0] ?? null;
}
