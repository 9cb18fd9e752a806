import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inParts, READ_TOGETHER_MAX_STEPS } from "./runs-in-parts.ts";

const partsOf = (steps: readonly number[]) => [...inParts(steps, (of) => of)];

test("runs are read together up to so many steps, to the step", () => {
  const most = READ_TOGETHER_MAX_STEPS;
  // A run counts one beside its steps.
  assert.deepEqual(partsOf([0, most - 2]), [[0, most - 2]]);
  assert.deepEqual(partsOf([0, most - 1]), [[0], [most - 1]]);
  assert.deepEqual(partsOf([1, 3 * most, 2, 3]), [[1], [3 * most], [2, 3]]);
  assert.deepEqual(partsOf([]), []);
});

test("each run is in one part, in its order, and no two parts could be one", () => {
  const runs = fc.array(fc.integer({ min: 0, max: READ_TOGETHER_MAX_STEPS + 5 }));
  const weight = (part: readonly number[]) => part.reduce((sum, of) => sum + 1 + of, 0);
  fc.assert(
    fc.property(runs, (steps) => {
      const parts = partsOf(steps);
      assert.deepEqual(parts.flat(), steps);
      for (const [at, part] of parts.entries()) {
        assert.ok(part.length === 1 || weight(part) <= READ_TOGETHER_MAX_STEPS);
        const next = parts[at + 1]?.[0];
        if (next !== undefined) assert.ok(weight([...part, next]) > READ_TOGETHER_MAX_STEPS);
      }
    }),
  );
});
