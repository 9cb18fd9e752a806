/** A model call with the cost its source states, and the prices to compute that cost again. */
import type { CallRates, CallTokens } from "./arithmetic.ts";
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
  /** The record keeps the output's total only: how much of it was reasoning is lost. */
  readonly isReasoningLost: boolean;
  /** All calls of this model in the same log, this one included: one recorder, one price list. */
  readonly peers: readonly Peer[];
}

/** Another call of the same model. */
export interface Peer {
  readonly cost: string;
  readonly tokens: CallTokens;
}

/** A call beside the step that meters it. */
export interface PricedCall {
  readonly call: RecordedCall;
  readonly step: MeteredStep;
  /** Prices of the book at the prompt's size; undefined: the book has none. */
  readonly rates: CallRates | undefined;
  /** Prices of the book for short prompts. */
  readonly baseRates: CallRates | undefined;
}

export function pricedCall(call: RecordedCall, step: MeteredStep, metered: MeteredRun): PricedCall {
  const buckets = ["input_uncached", "cache_read", "cache_write"];
  const size = buckets.reduce((sum, bucket) => sum + Number(step.usage[bucket] ?? "0"), 0);
  const rates = ratesOf(step, metered, size);
  return { call, step, rates, baseRates: ratesOf(step, metered, 0) };
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

export function promptTokens({ input, cacheRead, cacheWrite }: CallTokens): number {
  return input + cacheRead + cacheWrite;
}

export function usesTokens(tokens: CallTokens): boolean {
  return promptTokens(tokens) + tokens.output + tokens.reasoning > 0;
}

/** A figure that no rule computes. */
export function unexplained(detail: string): Verdict {
  return { verdict: "unexplained", detail };
}
