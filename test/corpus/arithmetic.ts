/**
 * How recorders multiply tokens by prices in floating point. The same price gives other last
 * digits by another order of operations, so each recorder's own order is named and replayed.
 */
import { shiftDecimal } from "./float.ts";

/** Tokens of one call, disjoint. */
export interface CallTokens {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** Output without reasoning. */
  readonly output: number;
  readonly reasoning: number;
}

export const NO_TOKENS: CallTokens = {
  input: 0,
  cacheRead: 0,
  cacheWrite: 0,
  output: 0,
  reasoning: 0,
};

/** Prices per token as decimal text. */
export type CallRates = { readonly [part in keyof CallTokens]: string };

/** The costs of the parts of one call. */
export type CallCosts = { readonly [part in keyof CallTokens]: number };

export interface Arithmetic {
  readonly name: string;
  /** Tokens × price per token. */
  readonly term: (tokens: number, rate: string) => number;
  /** Adds the parts in the recorder's order. */
  readonly sum: (parts: CallCosts) => number;
}

const perMillion = (rate: string): number => Number(shiftDecimal(rate, 6));

const promptThenOutput = (parts: CallCosts): number =>
  parts.input + parts.cacheRead + parts.cacheWrite + (parts.output + parts.reasoning);

/** LiteLLM: a float price per token times tokens; prompt and completion added up apart. */
export const PER_TOKEN: Arithmetic = {
  name: "price per token × tokens",
  term: (tokens, rate) => tokens * Number(rate),
  sum: promptThenOutput,
};

/** Tokens times the price of a million, divided by a million, part by part. */
export const PER_MILLION: Arithmetic = {
  name: "tokens × price per million ÷ 1,000,000",
  term: (tokens, rate) => (tokens * perMillion(rate)) / 1e6,
  sum: promptThenOutput,
};

/** pi: the price of a million divided first; input, output, cache read, cache write. */
export const MILLIONTH_FIRST: Arithmetic = {
  name: "price per million ÷ 1,000,000 × tokens",
  term: (tokens, rate) => (perMillion(rate) / 1e6) * tokens,
  sum: (parts) =>
    parts.input + (parts.output + parts.reasoning) + parts.cacheRead + parts.cacheWrite,
};

/** The cost of a call as a recorder with this arithmetic computes it. */
export function callCost(how: Arithmetic, tokens: CallTokens, rates: CallRates): number {
  return how.sum({
    input: how.term(tokens.input, rates.input),
    cacheRead: how.term(tokens.cacheRead, rates.cacheRead),
    cacheWrite: how.term(tokens.cacheWrite, rates.cacheWrite),
    output: how.term(tokens.output, rates.output),
    reasoning: how.term(tokens.reasoning, rates.reasoning),
  });
}
