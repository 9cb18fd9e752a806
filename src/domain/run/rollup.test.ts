import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { CostStatus, Step } from "../event/step.ts";
import { usageOf } from "../event/usage.ts";
import type { Amount, Quantity } from "../money/decimal.ts";
import {
  addRollup,
  growRollup,
  rollupKeyOfStep,
  rollupKeyText,
  tokensOfStep,
  totalsOfStep,
} from "./rollup.ts";

function stepOf(stated: Partial<Step>): Step {
  return {
    run: "r",
    source: "s",
    id: "i",
    seq: 1,
    revision: 1,
    voided: false,
    amendedBy: null,
    contentHash: "1",
    customer: "acme",
    agent: null,
    namesAgent: false,
    overruled: false,
    parentStep: null,
    callId: null,
    hold: null,
    occurredAtMs: 0,
    receivedAtMs: 0,
    ratedAtMs: 0,
    period: "2026-11-01",
    kind: "model",
    status: "ok",
    completeness: "exact",
    attempt: 1,
    payer: "us",
    role: "bill",
    provider: "openai",
    model: "gpt-5",
    tool: null,
    tier: "standard",
    usage: usageOf([
      ["input_uncached", 10n as Quantity],
      ["cache_read", 5n as Quantity],
      ["output_text", 3n as Quantity],
      ["output_reasoning", 2n as Quantity],
      ["web_searches", 1n as Quantity],
    ]),
    labels: null,
    cardVersionId: 1,
    priceVersionId: 0,
    cost: 100n as Amount,
    costStatus: "priced",
    charge: 120n as Amount,
    shares: [],
    ...stated,
  };
}

test("a step counts once, with what we pay for it and what we charge", () => {
  assert.deepEqual(totalsOfStep(stepOf({})), { steps: 1, unpriced: 0, cost: 100n, charge: 120n });
  assert.deepEqual(tokensOfStep(stepOf({})), { input: 15n, output: 5n });
});

test("what its customer pays the provider is no cost of ours", () => {
  assert.equal(totalsOfStep(stepOf({ payer: "customer" })).cost, 0n);
});

test("an unknown cost is counted as unknown, in whole or in part", () => {
  const unknown = (costStatus: CostStatus) => totalsOfStep(stepOf({ costStatus })).unpriced;
  assert.deepEqual(
    ["priced", "partial", "unpriced", "none"].map((s) => unknown(s as CostStatus)),
    [0, 1, 1, 0],
  );
});

test("a voided step or a witness counts for nothing but what tier shifts left on it", () => {
  for (const gone of [{ voided: true }, { role: "shadow" as const }]) {
    const { steps, cost, charge } = totalsOfStep(stepOf({ ...gone, charge: -2n as Amount }));
    assert.deepEqual([steps, cost, charge], [0, 0n, -2n]);
    assert.deepEqual(tokensOfStep(stepOf(gone)), { input: 0n, output: 0n });
  }
});

test("keys that differ in any dimension have different texts, and deltas of one key add up", () => {
  const key = rollupKeyOfStep(stepOf({}));
  assert.deepEqual([key.agent, key.tool], ["", ""]);
  for (const name of Object.keys(key)) {
    assert.notEqual(rollupKeyText({ ...key, [name]: "other" }), rollupKeyText(key), name);
  }
  const delta = {
    ...key,
    ...totalsOfStep(stepOf({})),
    inputTokens: 15n as Quantity,
    outputTokens: 5n as Quantity,
  };
  const sum = addRollup(delta, delta);
  assert.deepEqual([sum.steps, sum.cost, sum.inputTokens, sum.model], [2, 200n, 30n, "gpt-5"]);
});

test("a row that grows in place becomes the sum, and its delta stays as it was", () => {
  const wide = fc.bigInt({ min: -(10n ** 50n), max: 10n ** 50n });
  const sums = fc.tuple(fc.nat(), fc.nat(), wide, wide, wide, wide).map((values) => {
    const [steps, unpriced, cost, charge, input, output] = values;
    const money = { cost: cost as Amount, charge: charge as Amount };
    const tokens = { inputTokens: input as Quantity, outputTokens: output as Quantity };
    return { ...rollupKeyOfStep(stepOf({})), steps, unpriced, ...money, ...tokens };
  });
  fc.assert(
    fc.property(sums, sums, (row, delta) => {
      const [grown, before] = [{ ...row }, { ...delta }];
      growRollup(grown, delta);
      assert.deepEqual(grown, addRollup(row, delta));
      assert.deepEqual(delta, before);
    }),
  );
});
