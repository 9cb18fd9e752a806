/**
 * Rules that solve the stated cost of a call for what the record lost. A solution must lie in its
 * legal range, and the cost computed with it must print the stated digits.
 */
import { type Arithmetic, type CallRates, type CallTokens, callCost } from "./arithmetic.ts";
import { printsAs } from "./float.ts";
import type { Peer, PricedCall } from "./priced-call.ts";
import { solvePrices } from "./recorder-prices.ts";
import type { Verdict } from "./types.ts";

export const FITTING_RULES = {
  "lost-cached-tokens": "solved for the cached prompt tokens that the record lost",
  "lost-reasoning-split": "solved for the reasoning tokens that the recorder priced apart",
  "recorder-price-list": "solved for the recorder's own prices, confirmed by every call of the log",
} as const;

/** Prompt caches count in steps of this many tokens; 1 where the provider states none. */
const CACHE_STEP_TOKENS: Readonly<Record<string, number>> = {
  openai: 128,
  azure: 128,
  deepseek: 64,
};

/** The first solution that reproduces the call; undefined where there is none. */
export function fitCall(priced: PricedCall, how: Arithmetic): Verdict | undefined {
  const { call, step, rates } = priced;
  const solved = rates === undefined ? undefined : withCache(priced, how, rates);
  if (rates !== undefined && solved !== undefined) {
    const cached = solved.cacheRead - call.tokens.cacheRead;
    const detail = `${cached} of ${call.tokens.input} prompt tokens were cached`;
    if (printsAs(callCost(how, solved, rates), call.cost)) {
      return fitted("lost-cached-tokens", detail);
    }
    const split = reasoningSplit({ tokens: solved, cost: call.cost }, how, rates);
    if (split !== undefined && call.isReasoningLost) {
      return fitted("lost-reasoning-split", `${split} reasoning tokens; ${detail}`);
    }
  }
  const list = recorderPrices(call.peers, how);
  if (list === undefined || !printsAs(callCost(how, call.tokens, list), call.cost)) {
    return undefined;
  }
  const prices = `${list.input} in, ${list.output} out a token`;
  return fitted("recorder-price-list", `${step.model ?? ""} at ${prices}`);
}

/** The tokens with the cached ones solved; as they stand where none can be missing. */
function withCache(
  { call, step }: PricedCall,
  how: Arithmetic,
  rates: CallRates,
): CallTokens | undefined {
  const { tokens } = call;
  const discount = Number(rates.input) - Number(rates.cacheRead);
  const missing = callCost(how, tokens, rates) - Number(call.cost);
  const cached = call.isCacheLost && discount > 0 ? Math.round(missing / discount) : 0;
  const cacheStep = CACHE_STEP_TOKENS[step.provider ?? ""] ?? 1;
  if (cached < 0 || cached > tokens.input || cached % cacheStep !== 0) return undefined;
  return { ...tokens, input: tokens.input - cached, cacheRead: tokens.cacheRead + cached };
}

/** Units in the last place by which pricing the reasoning apart can shift a cost. */
const SPLIT_NOISE = 4 * Number.EPSILON;

/**
 * The reasoning tokens that give the stated digits. Pricing them apart changes only how the same
 * sum is rounded, so nothing is tried where the cost differs by more than that.
 */
function reasoningSplit(
  { tokens, cost }: Peer,
  how: Arithmetic,
  rates: CallRates,
): number | undefined {
  const stated = Number(cost);
  const whole = callCost(how, tokens, rates);
  if (tokens.reasoning > 0 || Math.abs(whole - stated) > stated * SPLIT_NOISE) return undefined;
  for (let reasoning = 1; reasoning <= tokens.output; reasoning += 1) {
    const split = { ...tokens, output: tokens.output - reasoning, reasoning };
    if (printsAs(callCost(how, split, rates), cost)) return reasoning;
  }
  return undefined;
}

const solvedLists = new WeakMap<readonly Peer[], Map<string, CallRates | undefined>>();

/** Solved once for all calls of a model. */
function recorderPrices(peers: readonly Peer[], how: Arithmetic): CallRates | undefined {
  const known = solvedLists.get(peers) ?? new Map<string, CallRates | undefined>();
  solvedLists.set(peers, known);
  if (!known.has(how.name)) known.set(how.name, solvePrices(how, peers));
  return known.get(how.name);
}

function fitted(rule: keyof typeof FITTING_RULES, detail: string): Verdict {
  return { verdict: "fitted", rule, detail };
}
