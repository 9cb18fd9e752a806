import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { inParts } from "./runs-in-parts.ts";

const MOST = 100;
const partsOf = (steps: readonly number[]) => [...inParts(steps, (of) => of, MOST)];

test("runs are read together up to so many steps, to the step", () => {
  // A run counts one beside its steps.
  assert.deepEqual(partsOf([0, MOST - 2]), [[0, MOST - 2]]);
  assert.deepEqual(partsOf([0, MOST - 1]), [[0], [MOST - 1]]);
  assert.deepEqual(partsOf([1, 3 * MOST, 2, 3]), [[1], [3 * MOST], [2, 3]]);
  assert.deepEqual(partsOf([]), []);
});

test("each run is in one part, in its order, and no two parts could be one", () => {
  const runs = fc.array(fc.integer({ min: 0, max: MOST + 5 }));
  const weight = (part: readonly number[]) => part.reduce((sum, of) => sum + 1 + of, 0);
  fc.assert(
    fc.property(runs, (steps) => {
      const parts = partsOf(steps);
      assert.deepEqual(parts.flat(), steps);
      for (const [at, part] of parts.entries()) {
        assert.ok(part.length === 1 || weight(part) <= MOST);
        const next = parts[at + 1]?.[0];
        if (next !== undefined) assert.ok(weight([...part, next]) > MOST);
      }
    }),
  );
});
