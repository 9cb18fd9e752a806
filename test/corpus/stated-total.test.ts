import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_TOKENS, PER_TOKEN } from "./arithmetic.ts";
import { callOf, lastDigitChanged, runOf, stepOf } from "./fixtures.ts";
import { callFigure, callsFigure, sumFigure, tokenFigure, worst } from "./stated-total.ts";

const TOKENS = [
  { ...NO_TOKENS, input: 50_000 },
  { ...NO_TOKENS, input: 100_000 },
  { ...NO_TOKENS, input: 150_000 },
];
const COSTS = ["0.1", "0.2", "0.3"];
const CALLS = COSTS.map((cost, n) =>
  callOf({ step: `s${n}`, cost, tokens: TOKENS[n] ?? NO_TOKENS, peers: [] }),
);
const METERED = runOf(COSTS.map((cost, n) => stepOf({ id: `s${n}`, cost })));

function verdictOf(text: string, calls = CALLS) {
  const figure = sumFigure({ name: "total", text }, calls, [PER_TOKEN]);
  return figure.judge(METERED, figure.text);
}

test("a total that equals the metered one agrees", () => {
  assert.deepEqual(verdictOf("0.6"), { verdict: "agree" });
});

test("a total is explained where adding its calls in floats prints it", () => {
  assert.deepEqual(verdictOf("0.6000000000000001"), { verdict: "explained", rule: "float-sum" });
  for (const text of ["0.6000000000000002", "0.6000000000000000", "0.60", "0.7", "0.5"]) {
    assert.equal(verdictOf(text).verdict, "unexplained", text);
  }
});

test("a total is as good as its worst call", () => {
  const wrong = CALLS.map((call, n) => (n === 1 ? { ...call, cost: "0.21" } : call));
  assert.equal(verdictOf("0.6000000000000001", wrong).verdict, "unexplained");
  const extra = [...CALLS, callOf({ step: "missing", cost: "0", peers: [] })];
  assert.equal(verdictOf("0.6", extra).verdict, "unexplained");
});

test("a run is as good as its worst figure", () => {
  const fitted = { verdict: "fitted", rule: "x" } as const;
  assert.equal(worst([{ verdict: "agree" }, fitted, { verdict: "explained" }]), fitted);
  assert.deepEqual(worst([]), { verdict: "agree" });
});

test("counts of tokens and calls agree only exactly", () => {
  const run = runOf([
    stepOf({ id: "a", usage: { input_uncached: "7", cache_read: "3", output_text: "5" } }),
    stepOf({ id: "b", usage: { input_uncached: "2" } }),
    stepOf({ id: "t", kind: "tool", usage: { input_uncached: "100" } }),
  ]);
  const buckets = ["input_uncached", "cache_read"];
  const tokens = tokenFigure({ name: "input", text: "12" }, { buckets, of: () => true });
  assert.equal(tokens.judge(run, "12").verdict, "agree");
  const calls = callsFigure("calls", "2");
  assert.equal(calls.judge(run, "2").verdict, "agree");
  for (const text of lastDigitChanged("12")) {
    assert.equal(tokens.judge(run, text).verdict, "unexplained");
  }
  for (const text of lastDigitChanged("2")) {
    assert.equal(calls.judge(run, text).verdict, "unexplained");
  }
});

test("a figure judges the text it is given, not the one it was made with", () => {
  const figure = callFigure(CALLS[0] ?? assert.fail(), [PER_TOKEN]);
  assert.equal(figure.judge(METERED, "0.1").verdict, "agree");
  assert.equal(figure.judge(METERED, "0.2").verdict, "unexplained");
});
