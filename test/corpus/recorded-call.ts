/**
 * Rules for the cost that a source states for one call. Each reads the record and the price book,
 * computes the stated figure and compares digit by digit.
 */
import type { Arithmetic, CallRates, CallTokens } from "./arithmetic.ts";
import { callCost } from "./arithmetic.ts";
import { exactProduct, exactSum, printsAs, sameDecimal, statesExactly } from "./float.ts";
import type { MeteredRun, MeteredStep, Verdict } from "./types.ts";

/** A model call with the cost its source states for it. */
export interface RecordedCall {
  /** Id of the step that meters it. */
  readonly step: string;
  /** The stated cost as the source wrote it. */
  readonly cost: string;
  readonly tokens: CallTokens;
  /** The record keeps the prompt's total only: how much of it was cached is lost. */
  readonly isCacheLost: boolean;
  /** The recorder stated a cost above zero for this model somewhere in the run. */
  readonly isModelPriced: boolean;
}

export const RULES = {
  "float-arithmetic": "tokens × listed prices, multiplied and added as the recorder does in floats",
  "flat-prompt-price": "the recorder charged every prompt token, cached or not, at the input price",
  "no-size-tier": "the recorder used the plain price where the price book has one for long prompts",
  "lost-cached-tokens": "solved for the cached tokens that the record lost: a legal integer",
  "recorder-had-no-price": "the recorder states 0 for every call of a model that used tokens",
} as const;

/** Prompt caches count in steps of this many tokens; 1 where the provider states none. */
const CACHE_STEP_TOKENS: Readonly<Record<string, number>> = { openai: 128, deepseek: 64 };

interface Priced {
  readonly call: RecordedCall;
  readonly step: MeteredStep;
  readonly rates: CallRates | undefined;
  readonly baseRates: CallRates | undefined;
}

/** Judges the stated cost of one call by the first rule that reproduces it. */
export function judgeCall(
  call: RecordedCall,
  metered: MeteredRun,
  arithmetics: readonly Arithmetic[],
): Verdict {
  const step = metered.steps.find(({ id }) => id === call.step);
  if (step === undefined) return unexplained(`step ${call.step} was not metered`);
  if (isPriced(step) && statesExactly(step.cost, call.cost)) return { verdict: "agree" };
  const rates = ratesOf(step, metered, promptTokens(call.tokens));
  const priced: Priced = { call, step, rates, baseRates: ratesOf(step, metered, 0) };
  return byRule(priced, arithmetics);
}

/** Judges the stated cost of a part of a call, such as its cached tokens alone. */
export function judgePart(
  call: RecordedCall,
  metered: MeteredRun,
  arithmetics: readonly Arithmetic[],
): Verdict {
  const step = metered.steps.find(({ id }) => id === call.step);
  if (step === undefined) return unexplained(`step ${call.step} was not metered`);
  const prompt = PROMPT_BUCKETS.map((bucket) => Number(step.usage[bucket] ?? "0"));
  const size = prompt.reduce((sum, tokens) => sum + tokens, 0);
  const rates = ratesOf(step, metered, size);
  if (rates !== undefined && isPriced(step)) {
    const parts = (Object.keys(call.tokens) as (keyof CallTokens)[]).map((part) =>
      exactProduct(call.tokens[part], rates[part]),
    );
    if (statesExactly(exactSum(parts), call.cost)) return { verdict: "agree" };
  }
  return byRule({ call, step, rates, baseRates: ratesOf(step, metered, 0) }, arithmetics);
}

const PROMPT_BUCKETS = ["input_uncached", "cache_read", "cache_write"];

function isPriced({ costStatus }: MeteredStep): boolean {
  return costStatus === "priced" || costStatus === "none";
}

function byRule(priced: Priced, arithmetics: readonly Arithmetic[]): Verdict {
  const { call, step } = priced;
  return (
    withoutPrice(call) ??
    first(arithmetics, (how) => computed(priced, how)) ??
    first(arithmetics, (how) => fitted(priced, how)) ??
    unexplained(`call ${call.step}: states ${call.cost}, metered ${step.cost} (${step.costStatus})`)
  );
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

function withoutPrice(call: RecordedCall): Verdict | undefined {
  const { output, reasoning } = call.tokens;
  const used = promptTokens(call.tokens) + output + reasoning > 0;
  return used && !call.isModelPriced && sameDecimal(call.cost, "0")
    ? explained("recorder-had-no-price", "0 stated for a call that used tokens")
    : undefined;
}

/** The rules that need nothing but the record's own tokens. */
function computed({ call, rates, baseRates }: Priced, how: Arithmetic): Verdict | undefined {
  if (rates === undefined || baseRates === undefined) return undefined;
  const { tokens } = call;
  const flat = { ...tokens, input: promptTokens(tokens), cacheRead: 0, cacheWrite: 0 };
  if (printsAs(callCost(how, tokens, rates), call.cost)) {
    return explained("float-arithmetic", how.name);
  }
  if (printsAs(callCost(how, flat, rates), call.cost)) {
    return explained("flat-prompt-price", how.name);
  }
  if (printsAs(callCost(how, tokens, baseRates), call.cost)) {
    return explained("no-size-tier", how.name);
  }
  return undefined;
}

/** Solves the stated cost for the cached tokens and computes it again with the solution. */
function fitted({ call, step, rates }: Priced, how: Arithmetic): Verdict | undefined {
  if (!call.isCacheLost || rates === undefined) return undefined;
  const { input: prompt } = call.tokens;
  const discount = Number(rates.input) - Number(rates.cacheRead);
  if (discount <= 0) return undefined;
  const missing = callCost(how, call.tokens, rates) - Number(call.cost);
  const cacheRead = Math.round(missing / discount);
  const cacheStep = CACHE_STEP_TOKENS[step.provider ?? ""] ?? 1;
  if (cacheRead <= 0 || cacheRead > prompt || cacheRead % cacheStep !== 0) return undefined;
  const solved = { ...call.tokens, input: prompt - cacheRead, cacheRead };
  if (!printsAs(callCost(how, solved, rates), call.cost)) return undefined;
  return {
    verdict: "fitted",
    rule: "lost-cached-tokens",
    detail: `${cacheRead} of ${prompt} prompt tokens were cached (steps of ${cacheStep})`,
  };
}

function ratesOf(step: MeteredStep, metered: MeteredRun, size: number): CallRates | undefined {
  const { provider, model, occurredAt } = step;
  if (provider === null || model === null) return undefined;
  const rate = (unit: string): string | undefined =>
    metered.rateOf({ provider, model, unit, occurredAt, inputTokens: size });
  const input = rate("input_uncached");
  const output = rate("output_text");
  if (input === undefined || output === undefined) return undefined;
  const cacheRead = rate("cache_read") ?? input;
  const reasoning = rate("output_reasoning") ?? output;
  return { input, output, reasoning, cacheRead, cacheWrite: rate("cache_write") ?? input };
}

function promptTokens({ input, cacheRead, cacheWrite }: CallTokens): number {
  return input + cacheRead + cacheWrite;
}

function explained(rule: keyof typeof RULES, detail: string): Verdict {
  return { verdict: "explained", rule, detail };
}

/** A figure that no rule computes. */
export function unexplained(detail: string): Verdict {
  return { verdict: "unexplained", detail };
}
