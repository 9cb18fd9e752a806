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

test("what was committed between two moments is added up apart", () => {
  const seqs = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 5 });
  const dated = fc.array(fc.tuple(anyStep, fc.integer({ min: 1, max: 40 })), { maxLength: 12 });
  const property = fc.property(dated, seqs, (steps, unordered) => {
    const moments = unordered.toSorted((a, b) => a - b);
    const momentsOf = (customer: string) => (customer === "acme" ? moments : []);
    const sums = new StepSums(CARDS, () => STARTED_AT_MS, momentsOf);
    for (const [step, seq] of steps) sums.add(step, seq);
    const wanted = new Map<string, bigint>();
    for (const [step, seq] of steps) {
      const epoch = momentsOf(step.customer).filter((moment) => moment < seq).length;
      for (const [key, quantity] of oneByOne([step])) {
        const place = JSON.stringify({ ...JSON.parse(key), epoch });
        wanted.set(place, (wanted.get(place) ?? 0n) + quantity);
      }
    }
    assert.deepEqual(totals(sums.merged()), wanted);
  });
  fc.assert(property, { numRuns: 300 });
});
