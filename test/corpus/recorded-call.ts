/**
 * Rules for the cost that a source states for one call. Each reads the record and the price book,
 * computes the stated figure and compares digit by digit.
 */
import { type Arithmetic, type CallRates, type CallTokens, callCost } from "./arithmetic.ts";
import { type FITTING_RULES, fitCall } from "./fitted-call.ts";
import {
  exactProduct,
  exactSum,
  isPrinted,
  printsAs,
  sameDecimal,
  statesExactly,
} from "./float.ts";
import {
  type Peer,
  type PricedCall,
  pricedCall,
  promptTokens,
  type RecordedCall,
  unexplained,
  usesTokens,
} from "./priced-call.ts";
import type { MeteredRun, MeteredStep, Verdict } from "./types.ts";

/** Rules that need nothing but the record and the price book. The first that computes it stands. */
export const CALL_RULES = {
  "float-arithmetic": "tokens × listed prices, multiplied and added as the recorder does in floats",
  "flat-prompt-price": "the recorder charged every prompt token, cached or not, at the input price",
  "no-size-tier": "the recorder used the plain price where the book has one for long prompts",
  "recorder-had-no-price": "the recorder states 0 for every call of a model that used tokens",
} as const;

export type CallRule = keyof typeof CALL_RULES | keyof typeof FITTING_RULES;

/** Judges the stated cost of one call by the first rule that reproduces it. */
export function judgeCall(
  call: RecordedCall,
  metered: MeteredRun,
  arithmetics: readonly Arithmetic[],
): Verdict {
  const step = stepOf(call, metered);
  if (step === undefined) return unexplained(`step ${call.step} was not metered`);
  if (!isPrinted(call.cost)) return unexplained(`${call.cost} is not what a recorder prints`);
  if (isPriced(step) && statesExactly(step.cost, call.cost)) return { verdict: "agree" };
  return byRule(pricedCall(call, step, metered), arithmetics);
}

/** Judges the stated cost of a part of a call, such as its cached tokens alone. */
export function judgePart(
  call: RecordedCall,
  metered: MeteredRun,
  arithmetics: readonly Arithmetic[],
): Verdict {
  const step = stepOf(call, metered);
  if (step === undefined) return unexplained(`step ${call.step} was not metered`);
  if (!isPrinted(call.cost)) return unexplained(`${call.cost} is not what a recorder prints`);
  if (!usesTokens(call.tokens) && sameDecimal(call.cost, "0")) return { verdict: "agree" };
  const priced = pricedCall(call, step, metered);
  const { rates } = priced;
  if (rates !== undefined && isPriced(step)) {
    const parts = (Object.keys(call.tokens) as (keyof CallTokens)[]).map((part) =>
      exactProduct(call.tokens[part], rates[part]),
    );
    if (statesExactly(exactSum(parts), call.cost)) return { verdict: "agree" };
  }
  return byRule(priced, arithmetics);
}

function stepOf(call: RecordedCall, metered: MeteredRun): MeteredStep | undefined {
  return metered.steps.find(({ id }) => id === call.step);
}

/** True when the book had a price for everything the step used. */
export function isPriced({ costStatus }: MeteredStep): boolean {
  return costStatus === "priced" || costStatus === "none";
}

function byRule(priced: PricedCall, arithmetics: readonly Arithmetic[]): Verdict {
  const { call, step } = priced;
  if (hadNoPrice(call)) return explained("recorder-had-no-price", "0 stated for used tokens");
  for (const how of arithmetics) {
    const rule = computedBy(priced, how);
    if (rule !== undefined) return explained(rule, how.name);
  }
  for (const how of arithmetics) {
    const verdict = fitCall(priced, how);
    if (verdict !== undefined) return verdict;
  }
  const metered = `${step.cost} (${step.costStatus})`;
  return unexplained(`call ${call.step}: states ${call.cost}, metered ${metered}`);
}

/** One call of the model with a cost above zero would show that the recorder had a price. */
function hadNoPrice({ tokens, cost, peers }: RecordedCall): boolean {
  const states0 = sameDecimal(cost, "0") && peers.every((peer) => sameDecimal(peer.cost, "0"));
  return states0 && usesTokens(tokens);
}

function computedBy({ call, rates, baseRates }: PricedCall, how: Arithmetic): CallRule | undefined {
  if (rates === undefined || baseRates === undefined) return undefined;
  const { tokens, cost } = call;
  if (printsAs(callCost(how, tokens, rates), cost)) return "float-arithmetic";
  if (isFlat(call, rates, how) && !call.peers.some((peer) => isApart(peer, rates, how))) {
    return "flat-prompt-price";
  }
  return printsAs(callCost(how, tokens, baseRates), cost) ? "no-size-tier" : undefined;
}

/** Whether the cost charges every prompt token, cached or not, at the input price. */
function isFlat({ tokens, cost }: Peer, rates: CallRates, how: Arithmetic): boolean {
  const flat = { ...tokens, input: promptTokens(tokens), cacheRead: 0, cacheWrite: 0 };
  return printsAs(callCost(how, flat, rates), cost);
}

/** Whether the cost charges cached tokens apart: a recorder that does so is no flat one. */
function isApart(peer: Peer, rates: CallRates, how: Arithmetic): boolean {
  return printsAs(callCost(how, peer.tokens, rates), peer.cost) && !isFlat(peer, rates, how);
}

function explained(rule: CallRule, detail: string): Verdict {
  return { verdict: "explained", rule, detail };
}
