import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyStep, CARDS, oneByOne, STARTED_AT_MS, totals } from "./arbitraries.test.ts";
import { StepSums } from "./step-sums.ts";

test("steps added up at once are what the meter takes of each", () => {
  const property = fc.property(fc.array(anyStep, { maxLength: 12 }), (steps) => {
    const sums = new StepSums(CARDS, () => STARTED_AT_MS);
    for (const step of steps) sums.add(step);
    const rows = sums.merged();
    assert.deepEqual(totals(rows), oneByOne(steps));
    assert.equal(
      new Set(rows.map(({ quantity: _, ...place }) => JSON.stringify(place))).size,
      rows.length,
    );
  });
  fc.assert(property, { numRuns: 300 });
});
