/** Judges the cost that an answer states by the first rule that computes it. */
import { exactSum, statesExactly } from "../float.ts";
import type { MeteredRun, MeteredStep, Verdict } from "../types.ts";
import {
  advisorTokens,
  feePerCall,
  floatArithmetic,
  ownKey,
  placeholder,
  routedCost,
  type StatedCost,
} from "./cost-rules.ts";
import { AGREE, unexplained } from "./verdicts.ts";

export function judgeAnswerCost(stated: StatedCost, metered: MeteredRun): Verdict {
  const steps = metered.steps.filter(({ id }) => id === stated.step || isBelow(id, stated.step));
  const [main] = steps;
  if (main === undefined) return unexplained(`step ${stated.step} was not metered`);
  const cost = exactSum(steps.map((step) => step.cost));
  if (isPriced(steps) && statesExactly(cost, stated.dollars)) return AGREE;
  const own = { text: cost, isSolved: false };
  const routed = routedCost(stated, main);
  const bases = routed === undefined ? [own] : [own, routed];
  return (
    ownKey(stated) ??
    placeholder(stated) ??
    floatArithmetic(stated, steps, metered) ??
    first(bases, (base) => (base.isSolved ? routedVerdict(stated, base.text) : undefined)) ??
    first(bases, (base) => feePerCall(stated, main, base.text)) ??
    advisorTokens(stated, cost, metered) ??
    unexplained(`${stated.step}: states ${stated.dollars}, metered ${cost} (${main.costStatus})`)
  );
}

function isBelow(id: string, step: string): boolean {
  return id.startsWith(`${step}#`);
}

function isPriced(steps: readonly MeteredStep[]): boolean {
  return steps.every(({ costStatus }) => costStatus === "priced" || costStatus === "none");
}

function routedVerdict({ dollars }: StatedCost, cost: string): Verdict | undefined {
  if (!statesExactly(cost, dollars)) return undefined;
  return {
    verdict: "fitted",
    rule: "routed-provider-price",
    detail: "tokens × the round prices that solve the stated parts: those of the provider it chose",
  };
}

function first<T>(
  items: readonly T[],
  rule: (item: T) => Verdict | undefined,
): Verdict | undefined {
  for (const item of items) {
    const verdict = rule(item);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}
