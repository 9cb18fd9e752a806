import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { shortUnits } from "./short-units.ts";

const UNIT = 10n ** 21n;

/** By bigints alone. */
function unitsOf(value: bigint): number {
  const units = value / UNIT;
  return value % UNIT === 0n && units <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(units) : -1;
}

const unit = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 6n }),
  fc.bigInt({ min: 0n, max: 2n ** 54n }),
  fc.integer({ min: 0, max: 53 }).map((bits) => 2n ** BigInt(bits)),
);
/** Differences that the last bits, or a float, would not show. */
const beside = fc.oneof(
  fc.constant(0n),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.tuple(fc.integer({ min: 0, max: 116 }), fc.constantFrom(-1n, 1n, 27n)).map(([bits, times]) => {
    return times * 2n ** BigInt(bits);
  }),
);

test("a magnitude is short where it is a whole number of 12th places, and never else", () => {
  let short = 0;
  fc.assert(
    fc.property(unit, beside, (units, by) => {
      const value = units * UNIT + by;
      if (value < 0n) return;
      const expected = unitsOf(value);
      if (expected >= 0) short += 1;
      const found = shortUnits(value);
      // Some of the largest are not found: they are written the long way.
      if (found !== -1 || value < 2n ** 113n) assert.equal(found, expected, String(value));
    }),
    { numRuns: 20_000 },
  );
  assert.ok(short > 1_000, `${short} were short`);
});
