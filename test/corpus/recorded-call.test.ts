import assert from "node:assert/strict";
import { test } from "node:test";
import { MILLIONTH_FIRST, NO_TOKENS, PER_MILLION, PER_TOKEN } from "./arithmetic.ts";
import { callOf, lastDigitChanged, runOf, stepOf } from "./fixtures.ts";
import type { RecordedCall } from "./priced-call.ts";
import { judgeCall, judgePart } from "./recorded-call.ts";
import type { MeteredRun, Verdict } from "./types.ts";

/** Judges a call, and makes sure that no other last digit of its cost would do. */
function judged(call: RecordedCall, metered: MeteredRun, how = [PER_TOKEN]): Verdict {
  for (const cost of lastDigitChanged(call.cost)) {
    assert.equal(judgeCall({ ...call, cost }, metered, how).verdict, "unexplained", cost);
  }
  return judgeCall(call, metered, how);
}

test("a cost that equals the metered one agrees", () => {
  const call = callOf({ cost: "0.028", tokens: { ...NO_TOKENS, input: 10_000, output: 1_000 } });
  assert.deepEqual(judged(call, runOf([stepOf({ cost: "0.028" })])), { verdict: "agree" });
});

test("a cost is explained where the recorder's own float arithmetic prints it", () => {
  const tokens = { ...NO_TOKENS, input: 9, output: 333 };
  const cost = String(9 * 2e-6 + 333 * 8e-6);
  assert.equal(cost, "0.0026819999999999995");
  const metered = runOf([stepOf({ cost: "0.002682" })]);
  assert.equal(judged(callOf({ cost, tokens }), metered).rule, "float-arithmetic");
  const otherOrder = judgeCall(callOf({ cost, tokens }), metered, [PER_MILLION]);
  assert.equal(otherOrder.verdict, "unexplained");
});

test("a recorder that charges cached tokens as input is explained", () => {
  const tokens = { ...NO_TOKENS, input: 1_000, cacheRead: 8_000, cacheWrite: 1_000, output: 100 };
  const metered = runOf([stepOf({ cost: "0.0093" })]);
  assert.equal(judged(callOf({ cost: "0.0208", tokens }), metered).rule, "flat-prompt-price");
});

test("a recorder that charges cached tokens apart in another call charges none flat", () => {
  const tokens = { ...NO_TOKENS, input: 999, cacheRead: 1, output: 100 };
  const metered = runOf([stepOf({ cost: "0.0027985" })]);
  const flat = callOf({ cost: "0.0028", tokens });
  assert.equal(judged(flat, metered).rule, "flat-prompt-price");
  const cached = { ...NO_TOKENS, input: 1_000, cacheRead: 8_000, output: 100 };
  const asFlat = {
    ...flat,
    peers: [...flat.peers, { cost: "0.018799999999999997", tokens: cached }],
  };
  assert.equal(judged(asFlat, metered).rule, "flat-prompt-price");
  const apart = {
    ...flat,
    peers: [...flat.peers, { cost: "0.0068000000000000005", tokens: cached }],
  };
  assert.equal(judgeCall(apart, metered, [PER_TOKEN]).verdict, "unexplained");
});

test("a recorder that ignores the price of long prompts is explained", () => {
  const tokens = { ...NO_TOKENS, input: 300_000, output: 1_000 };
  const step = stepOf({ cost: "1.216", usage: { input_uncached: "300000", output_text: "1000" } });
  assert.equal(judged(callOf({ cost: "0.608", tokens }), runOf([step])).rule, "no-size-tier");
});

test("a recorder that never had a price for the model is explained, one that had is not", () => {
  const tokens = { ...NO_TOKENS, input: 1_000, output: 10 };
  const metered = runOf([stepOf({ costStatus: "unpriced" })], false);
  const free = callOf({ cost: "0.0", tokens });
  assert.equal(judged(free, metered).rule, "recorder-had-no-price");
  const paid = callOf({ cost: "0.0", tokens, peers: [{ cost: "0.1", tokens }] });
  assert.equal(judgeCall(paid, metered, [PER_TOKEN]).verdict, "unexplained");
});

test("an unpriced step never agrees, not even with a stated zero", () => {
  const metered = runOf([stepOf({ cost: "0", costStatus: "unpriced" })], false);
  const call = callOf({ cost: "0", peers: [{ cost: "1", tokens: NO_TOKENS }] });
  assert.equal(judgeCall(call, metered, [PER_TOKEN]).verdict, "unexplained");
});

test("cached tokens that the record lost are solved in steps of the provider's cache", () => {
  const tokens = { ...NO_TOKENS, input: 6_357, output: 57 };
  const cost = String((6_357 - 6_272) * 2e-6 + 6_272 * 5e-7 + 57 * 8e-6);
  const metered = runOf([stepOf({ cost: "0.01317" })]);
  const lost = judged(callOf({ cost, tokens, isCacheLost: true }), metered);
  assert.deepEqual([lost.verdict, lost.rule], ["fitted", "lost-cached-tokens"]);
  const kept = callOf({ cost, tokens, isCacheLost: false });
  assert.equal(judgeCall(kept, metered, [PER_TOKEN]).verdict, "unexplained");
});

test("a solution outside the prompt or between cache steps is none", () => {
  const tokens = { ...NO_TOKENS, input: 1_000, output: 0 };
  const metered = runOf([stepOf({ cost: "0.002" })]);
  const between = String(900 * 2e-6 + 100 * 5e-7);
  const outside = "0.0001";
  for (const cost of [between, outside]) {
    const call = callOf({ cost, tokens, isCacheLost: true });
    assert.equal(judgeCall(call, metered, [PER_TOKEN]).verdict, "unexplained", cost);
  }
});

test("reasoning that the recorder priced apart is solved only where it shifts the rounding", () => {
  const tokens = { ...NO_TOKENS, input: 1_000, output: 300 };
  const cost = String(1_000 * 2e-6 + (299 * 8e-6 + 1 * 8e-6));
  assert.notEqual(cost, String(1_000 * 2e-6 + 300 * 8e-6));
  const metered = runOf([stepOf({ cost: "0.00441" })]);
  const verdict = (call: RecordedCall): Verdict => judgeCall(call, metered, [PER_TOKEN]);
  const call = callOf({ cost, tokens, isReasoningLost: true });
  assert.equal(verdict(call).rule, "lost-reasoning-split");
  assert.equal(verdict({ ...call, isReasoningLost: false }).verdict, "unexplained");
  assert.equal(verdict({ ...call, cost: "0.004401" }).verdict, "unexplained");
});

test("the cost of one kind of token agrees by its own price", () => {
  const step = stepOf({ usage: { input_uncached: "7", output_text: "10" }, cost: "0.000094" });
  const part = callOf({ cost: "1.4e-05", tokens: { ...NO_TOKENS, input: 7 } });
  assert.equal(judgePart(part, runOf([step]), [MILLIONTH_FIRST]).verdict, "agree");
  const none = callOf({ cost: "0", tokens: NO_TOKENS });
  assert.equal(judgePart(none, runOf([step], false), [MILLIONTH_FIRST]).verdict, "agree");
  const wrong = { ...part, cost: "1.5e-05" };
  assert.equal(judgePart(wrong, runOf([step]), [MILLIONTH_FIRST]).verdict, "unexplained");
});

test("a call that was not metered is unexplained", () => {
  assert.equal(judgeCall(callOf(), runOf([]), [PER_TOKEN]).verdict, "unexplained");
  assert.equal(judgePart(callOf(), runOf([]), [PER_TOKEN]).verdict, "unexplained");
});
