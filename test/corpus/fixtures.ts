/** Runs made up for tests of the rules: a meter's answer with the steps and prices one needs. */
import { NO_TOKENS } from "./arithmetic.ts";
import type { RecordedCall } from "./priced-call.ts";
import type { MeteredRun, MeteredStep } from "./types.ts";

/** 2 in, 0.5 cached, 2.5 written, 8 out per million; twice the price above 200,000 tokens. */
const PRICES: Readonly<Record<string, number>> = {
  input_uncached: 2,
  cache_read: 0.5,
  cache_write: 2.5,
  output_text: 8,
  output_reasoning: 8,
};
const LONG_PROMPT_TOKENS = 200_000;

export function stepOf(more: Partial<MeteredStep> = {}): MeteredStep {
  return {
    source: "corpus",
    id: "s1",
    kind: "model",
    status: "ok",
    provider: "openai",
    model: "some-model",
    occurredAt: "2026-01-01T00:00:00Z",
    usage: {},
    cost: "0",
    costStatus: "priced",
    ...more,
  };
}

export function runOf(steps: readonly MeteredStep[], isPriced = true): MeteredRun {
  return {
    run: "r1",
    cost: "0",
    steps,
    rateOf: ({ unit, inputTokens }) => {
      const price = PRICES[unit];
      if (!isPriced || price === undefined) return undefined;
      return `${inputTokens > LONG_PROMPT_TOKENS ? price * 2 : price}e-6`;
    },
  };
}

export function callOf(more: Partial<RecordedCall> = {}): RecordedCall {
  const call = {
    step: "s1",
    cost: "0",
    tokens: NO_TOKENS,
    isCacheLost: false,
    isReasoningLost: false,
    ...more,
  };
  return { ...call, peers: more.peers ?? [call] };
}

/** The same figure with its last digit changed, once up and once down. */
export function lastDigitChanged(text: string): [string, string] {
  const mantissa = /^[^eE]*/.exec(text)?.[0] ?? text;
  const at = mantissa.search(/\d\D*$/);
  const digit = Number(text[at]);
  const changed = (by: number): string =>
    `${text.slice(0, at)}${(digit + by) % 10}${text.slice(at + 1)}`;
  return [changed(1), changed(9)];
}
