/**
 * A recorder's own price list, where the price book has no price for the model or another one than
 * the recorder used. The prices are solved from a few calls and must be prices: at most four
 * decimal places per million tokens, not below zero. They are believed only if every call of that
 * model in the log then comes out to the last digit.
 */
import { type Arithmetic, type CallRates, type CallTokens, callCost } from "./arithmetic.ts";
import { printsAs } from "./float.ts";
import type { Peer } from "./priced-call.ts";

/** Calls beyond the unknown prices that must confirm the solution. */
const CONFIRMING_CALLS = 2;
/** Prices are multiples of this part of a currency unit per million tokens. */
const PRICE_PLACES = 4;
/** Calls among which a solvable set is looked for. */
const CANDIDATES = 12;

const PARTS = ["input", "cacheRead", "cacheWrite", "output"] as const;
type Part = (typeof PARTS)[number];

/** The price list that reproduces all calls; undefined where there is none. */
export function solvePrices(how: Arithmetic, calls: readonly Peer[]): CallRates | undefined {
  const parts = PARTS.filter((part) => calls.some(({ tokens }) => amount(tokens, part) > 0));
  if (parts.length === 0 || calls.length < parts.length + CONFIRMING_CALLS) return undefined;
  const spread = evenlySpread(calls, CANDIDATES);
  for (const chosen of combinations(spread, parts.length)) {
    const solution = solveLinear(
      chosen.map(({ tokens }) => parts.map((part) => amount(tokens, part))),
      chosen.map(({ cost }) => Number(cost) * 1e6),
    );
    const rates = solution === undefined ? undefined : asRates(parts, solution);
    if (rates !== undefined && calls.every((call) => reproduces(how, call, rates))) return rates;
  }
  return undefined;
}

function reproduces(how: Arithmetic, { tokens, cost }: Peer, rates: CallRates): boolean {
  return printsAs(callCost(how, tokens, rates), cost);
}

/** Reasoning is billed as output. */
function amount(tokens: CallTokens, part: Part): number {
  return part === "output" ? tokens.output + tokens.reasoning : tokens[part];
}

function asRates(parts: readonly Part[], perMillion: readonly number[]): CallRates | undefined {
  const price = (part: Part): string => {
    const value = perMillion[parts.indexOf(part)] ?? 0;
    return `${value.toFixed(PRICE_PLACES)}e-6`;
  };
  if (perMillion.some((value) => !Number.isFinite(value) || value < 0)) return undefined;
  const output = price("output");
  return {
    input: price("input"),
    cacheRead: price("cacheRead"),
    cacheWrite: price("cacheWrite"),
    output,
    reasoning: output,
  };
}

function evenlySpread<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, Math.floor(items.length / count));
  return items.filter((_, position) => position % step === 0).slice(0, count);
}

function* combinations<T>(items: readonly T[], size: number): Generator<T[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (const [position, item] of items.entries()) {
    for (const rest of combinations(items.slice(position + 1), size - 1)) yield [item, ...rest];
  }
}

/** Gauss with the largest pivot; undefined where the calls do not determine the prices. */
function solveLinear(
  matrix: readonly (readonly number[])[],
  right: readonly number[],
): number[] | undefined {
  const rows = matrix.map((row, position) => [...row, right[position] ?? 0]);
  const size = rows.length;
  for (let column = 0; column < size; column += 1) {
    const below = rows.slice(column);
    const pivot = below.reduce((a, b) => (entry(b, column) > entry(a, column) ? b : a));
    if (entry(pivot, column) === 0) return undefined;
    rows.splice(rows.indexOf(pivot), 1);
    rows.splice(column, 0, pivot);
    for (const row of rows) if (row !== pivot) eliminate(row, pivot, column);
  }
  return rows.map((row, position) => (row[size] ?? 0) / (row[position] ?? 1));
}

function entry(row: readonly number[], column: number): number {
  return Math.abs(row[column] ?? 0);
}

function eliminate(row: number[], pivot: readonly number[], column: number): void {
  const factor = (row[column] ?? 0) / (pivot[column] ?? 1);
  for (const [position, value] of pivot.entries()) {
    row[position] = (row[position] ?? 0) - factor * value;
  }
}
