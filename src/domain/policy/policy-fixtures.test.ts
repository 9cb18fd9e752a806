/** Policies, runs and steps for the tests of this folder. */
import assert from "node:assert/strict";
import type { Step } from "../event/step.ts";
import { AMOUNT_SCALE } from "../limits.ts";
import { type Amount, ONE_UNIT, type Quantity } from "../money/decimal.ts";
import { LastSteps } from "./last-steps.ts";
import { parsePolicy } from "./parse-policy.ts";
import type { Policy, PolicyRule } from "./policy.ts";
import { SpendMinute, type WatchedRun, WHOLE_RUN } from "./run-levels.ts";

/** One dollar of cost. */
export const DOLLAR = (10n ** BigInt(AMOUNT_SCALE)) as Amount;

/** A policy of rules as documents have them. */
export function policyOf(rules: readonly object[], more: object = {}): Policy {
  const parsed = parsePolicy({ rules, ...more }, "guard");
  if ("problems" in parsed) assert.fail(JSON.stringify(parsed.problems));
  return parsed.policy;
}

/** One rule as documents have it. */
export function ruleOf(rule: object): PolicyRule {
  const [read] = policyOf([rule]).rules;
  assert.ok(read !== undefined);
  return read;
}

/** A run that has done nothing. */
export const IDLE: WatchedRun = {
  ...{ depth: 1, openedAtMs: 0, steps: 0, children: 0, isRoot: true },
  ...{ cost: 0n as Amount, charge: 0n as Amount, currency: null },
  ...{ recent: new LastSteps(0), minute: new SpendMinute(), since: WHOLE_RUN },
};

/** A recorded step; it bills, costs nothing and says nothing of its arguments. */
export function stepOf(more: Partial<Step> & { readonly input?: number }): Step {
  const { input = 0, ...facts } = more;
  const seq = more.seq ?? 1;
  return {
    ...{ run: "run", source: "test", id: `s${seq}`, seq, revision: 1, voided: false },
    ...{ amendedBy: null, contentHash: "", customer: "acme", agent: null, parentStep: null },
    ...{ callId: null, hold: null, occurredAtMs: seq * 1_000, receivedAtMs: 9e9, ratedAtMs: 0 },
    ...{ period: "", cardVersionId: null, priceVersionId: null, cost: 0n as Amount },
    ...{ costStatus: "priced", charge: 0n as Amount, shares: [], kind: "tool", status: "ok" },
    ...{ completeness: "exact", attempt: 1, payer: "us", role: "bill", provider: null },
    ...{ model: null, tool: "search", tier: "standard", labels: new Map() },
    usage: new Map(input === 0 ? [] : [["input_uncached", (BigInt(input) * ONE_UNIT) as Quantity]]),
    ...facts,
  } as Step;
}
