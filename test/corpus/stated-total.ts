/** Rules for totals: a sum of calls, a count of tokens, a count of calls. */
import type { Arithmetic } from "./arithmetic.ts";
import { exactSum, isPrinted, loopSum, printsAs, sameDecimal, statesExactly } from "./float.ts";
import { type RecordedCall, unexplained } from "./priced-call.ts";
import { isPriced, judgeCall } from "./recorded-call.ts";
import type { MeteredRun, MeteredStep, StatedFigure, Verdict } from "./types.ts";
import { VERDICTS } from "./types.ts";

export const TOTAL_RULES = {
  "float-sum": "the stated costs of the calls, added in floats in the recorder's order",
} as const;

/** The worst of several verdicts; agreement where there are none. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  let found: Verdict = { verdict: "agree" };
  for (const verdict of verdicts) {
    if (VERDICTS.indexOf(verdict.verdict) > VERDICTS.indexOf(found.verdict)) found = verdict;
  }
  return found;
}

/** A cost that the source states for one call. */
export function callFigure(
  call: RecordedCall,
  how: readonly Arithmetic[],
  partOfSum = false,
): StatedFigure {
  return {
    partOfSum,
    name: `cost of ${call.step}`,
    text: call.cost,
    kind: "cost",
    judge: (metered, text) => judgeCall({ ...call, cost: text }, metered, how),
  };
}

/** A cost that the source states for several calls together. */
export function sumFigure(
  stated: { readonly name: string; readonly text: string },
  calls: readonly RecordedCall[],
  how: readonly Arithmetic[],
): StatedFigure {
  return {
    ...stated,
    kind: "cost",
    judge: (metered, text) => judgeSum({ text, calls }, metered, how),
  };
}

function judgeSum(
  { text, calls }: { readonly text: string; readonly calls: readonly RecordedCall[] },
  metered: MeteredRun,
  how: readonly Arithmetic[],
): Verdict {
  if (!isPrinted(text)) return unexplained(`${text} is not what a recorder prints`);
  const steps = stepsOf(metered, calls);
  const cost = exactSum(steps.map((step) => step.cost));
  if (steps.every(isPriced) && steps.length === calls.length && statesExactly(cost, text)) {
    return { verdict: "agree" };
  }
  const calling = worst(calls.map((call) => judgeCall(call, metered, how)));
  if (calling.verdict === "unexplained") return calling;
  const costs = calls.map((call) => Number(call.cost));
  const sum = loopSum(costs);
  if (!printsAs(sum, text)) return unexplained(`${text} is not the sum of its calls, ${sum}`);
  const rule: keyof typeof TOTAL_RULES = "float-sum";
  return calling.verdict === "agree" ? { verdict: "explained", rule } : calling;
}

/** The steps that meter these calls, each once. */
function stepsOf(metered: MeteredRun, calls: readonly RecordedCall[]): readonly MeteredStep[] {
  const wanted = new Set(calls.map(({ step }) => step));
  return metered.steps.filter(({ id }) => wanted.has(id));
}

/** Which steps and buckets a stated count of tokens adds up. */
export interface TokenCount {
  readonly buckets: readonly string[];
  readonly of: (step: MeteredStep) => boolean;
}

export const INPUT = [
  "input_uncached",
  "cache_read",
  "cache_write",
  "cache_write_5m",
  "cache_write_1h",
];
export const OUTPUT = ["output_text", "output_reasoning"];
export const CACHE_READ = ["cache_read"];
export const CACHE_WRITE = ["cache_write", "cache_write_5m", "cache_write_1h"];

/** A count of tokens that the metered buckets must add up to. */
export function tokenFigure(
  stated: { readonly name: string; readonly text: string },
  count: TokenCount,
): StatedFigure {
  return {
    ...stated,
    kind: "tokens",
    judge: (metered, text) => {
      const tokens = tokensOf(metered, count);
      return sameDecimal(tokens, text)
        ? { verdict: "agree" }
        : unexplained(`${stated.name}: states ${text}, metered ${tokens}`);
    },
  };
}

/** Metered tokens of some buckets of some steps. */
export function tokensOf(metered: MeteredRun, { buckets, of }: TokenCount): string {
  const counted = metered.steps.filter((step) => step.kind === "model" && of(step));
  return exactSum(counted.flatMap(({ usage }) => buckets.map((bucket) => usage[bucket] ?? "0")));
}

/** A count of calls; every metered model step is one. */
export function callsFigure(name: string, text: string): StatedFigure {
  return {
    name,
    text,
    kind: "calls",
    judge: (metered, stated) => {
      const calls = metered.steps.filter(({ kind }) => kind === "model").length;
      return sameDecimal(String(calls), stated)
        ? { verdict: "agree" }
        : unexplained(`${name}: states ${stated}, metered ${calls} model steps`);
    },
  };
}
