import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isCostMeter, labelOfDimension, measureOf, subjectOfMeter } from "./meter-fields.ts";
import type { Meter } from "./rate-card.ts";

describe("what a meter is about", () => {
  const runs: Meter = { count: "runs", where: {} };
  const seconds: Meter = { sum: "seconds", where: {} };
  const cost: Meter = { sum: "cost", where: {} };
  const unitNamedRuns: Meter = { sum: "runs", where: {} };

  test("a count is about what it counts, a sum about steps", () => {
    assert.deepEqual([runs, seconds, cost].map(subjectOfMeter), ["runs", "steps", "steps"]);
  });

  test("a count and a sum of the same word are different measures", () => {
    assert.deepEqual([runs, unitNamedRuns, cost].map(measureOf), ["runs", "sum:runs", "sum:cost"]);
  });

  test("only the sum of cost is money", () => {
    assert.deepEqual([runs, seconds, cost].map(isCostMeter), [false, false, true]);
  });

  test("a dimension may be a label", () => {
    assert.equal(labelOfDimension("label.team.x"), "team.x");
    assert.equal(labelOfDimension("model"), undefined);
  });
});
