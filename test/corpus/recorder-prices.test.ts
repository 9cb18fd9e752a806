import assert from "node:assert/strict";
import { test } from "node:test";
import { type CallTokens, callCost, MILLIONTH_FIRST, NO_TOKENS, PER_TOKEN } from "./arithmetic.ts";
import { callOf, lastDigitChanged, runOf, stepOf } from "./fixtures.ts";
import { judgeCall } from "./recorded-call.ts";
import { solvePrices } from "./recorder-prices.ts";

const RATES = {
  input: "0.00000125",
  cacheRead: "0.000000125",
  cacheWrite: "0",
  output: "0.00001",
  reasoning: "0.00001",
};

const TOKENS: readonly CallTokens[] = [...Array(9).keys()].map((n) => ({
  ...NO_TOKENS,
  input: 1_003 + 977 * n,
  cacheRead: n * n * 128,
  output: 41 + ((n * 37) % 89),
}));

const CALLS = TOKENS.map((tokens) => ({
  tokens,
  cost: String(callCost(PER_TOKEN, tokens, RATES)),
}));

test("a recorder's prices are solved when every call confirms them", () => {
  const solved = solvePrices(PER_TOKEN, CALLS);
  assert.equal(Number(solved?.input), 1.25e-6);
  assert.equal(Number(solved?.cacheRead), 1.25e-7);
  assert.equal(Number(solved?.output), 1e-5);
});

test("one changed digit in one call leaves no price list", () => {
  for (const changed of lastDigitChanged(CALLS[4]?.cost ?? "")) {
    const calls = CALLS.map((call, n) => (n === 4 ? { ...call, cost: changed } : call));
    assert.equal(solvePrices(PER_TOKEN, calls), undefined);
  }
});

test("too few calls, or calls that do not differ, solve nothing", () => {
  assert.equal(solvePrices(PER_TOKEN, CALLS.slice(0, 3)), undefined);
  const same = CALLS.map(() => CALLS[1] ?? assert.fail());
  assert.equal(solvePrices(PER_TOKEN, same), undefined);
  assert.equal(solvePrices(MILLIONTH_FIRST, []), undefined);
});

test("a model that the book cannot price is fitted by the recorder's own list", () => {
  const metered = runOf([stepOf({ costStatus: "unpriced" })], false);
  const call = callOf({ ...(CALLS[2] ?? assert.fail()), peers: CALLS });
  const verdict = judgeCall(call, metered, [PER_TOKEN]);
  assert.deepEqual([verdict.verdict, verdict.rule], ["fitted", "recorder-price-list"]);
  for (const cost of lastDigitChanged(call.cost)) {
    assert.equal(judgeCall({ ...call, cost }, metered, [PER_TOKEN]).verdict, "unexplained");
  }
});
