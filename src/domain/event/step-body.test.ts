import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AMOUNT_SCALE, QUANTITY_SCALE } from "../limits.ts";
import { DecimalSum } from "../money/decimal-sum.ts";
import { anyStep } from "../simulation/arbitraries.test.ts";
import { StepBody, wantedUsage } from "./step-body.ts";
import { partsOfStep } from "./step-text.ts";

test("what is read in place is what the step states", () => {
  const body = new StepBody();
  const property = fc.property(anyStep, (step) => {
    body.read(partsOfStep(step).body);
    assert.equal(body.counts, step.role === "bill" && !step.voided);
    assert.equal(body.cardVersionId, step.cardVersionId ?? -1);
    assert.equal(body.ratedAtMs, step.ratedAtMs);
    assert.equal(body.periodOr("2026-11-01"), step.period);
    assert.equal(body.usualCodes < 0, step.revision !== 1 || step.attempt !== 1);
    const cost = new DecimalSum(AMOUNT_SCALE);
    body.addCost(cost);
    assert.equal(cost.total, step.cost);
    const units = ["input_uncached", "order_value", "never_sent"];
    const sums = units.map(() => new DecimalSum(QUANTITY_SCALE));
    const stated = units.map(() => 0);
    body.addUsage(wantedUsage(units), sums, stated);
    const quantities = units.map((unit) => step.usage.get(unit) ?? 0n);
    assert.deepEqual(
      sums.map(({ total }) => total),
      quantities,
    );
    assert.deepEqual(
      stated,
      quantities.map((quantity) => (quantity === 0n ? 0 : 1)),
    );
  });
  fc.assert(property, { numRuns: 300 });
});

test("steps whose codes differ are told apart", () => {
  const property = fc.property(anyStep, anyStep, (one, other) => {
    const codesOf = (step: typeof one) => {
      const body = new StepBody();
      body.read(partsOfStep(step).body);
      return body.codes;
    };
    const { kind, status, payer, role, attempt, revision } = other;
    const alike = { ...one, kind, status, payer, role, attempt, revision };
    const isSame = codesOf(one) === codesOf(alike);
    const fields = ["kind", "status", "payer", "role", "attempt", "revision"] as const;
    assert.equal(
      isSame,
      fields.every((field) => one[field] === alike[field]),
    );
  });
  fc.assert(property);
});
