import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { allocate, smallestUnit } from "./allocate.ts";
import type { Amount } from "./decimal.ts";

describe("dividing an amount", () => {
  test("gives the units that are left to those that lost most, then to the first", () => {
    assert.deepEqual(allocate(100n as Amount, [1n, 1n, 1n], 1n), [34n, 33n, 33n]);
    assert.deepEqual(allocate(100n as Amount, [1n, 2n, 4n], 1n), [14n, 29n, 57n]);
    assert.deepEqual(allocate(20n as Amount, [1n, 2n], 10n), [10n, 10n]);
    assert.deepEqual(allocate(5n as Amount, [0n, 3n], 1n), [0n, 5n]);
    assert.equal(smallestUnit(3), 10n ** 30n);
  });

  test("loses nothing, and is less than one unit away from the exact share", () => {
    const weights = fc
      .array(fc.bigInt({ min: 0n, max: 10n ** 40n }), { minLength: 1, maxLength: 12 })
      .filter((all) => all.some((weight) => weight > 0n));
    const units = fc.bigInt({ min: 0n, max: 10n ** 30n });
    const unit = fc.constantFrom(1n, 7n, 10n ** 31n);
    fc.assert(
      fc.property(weights, units, unit, (all, whole, one) => {
        const amount = (whole * one) as Amount;
        const parts = allocate(amount, all, one);
        assert.equal(
          parts.reduce<bigint>((sum, part) => sum + part, 0n),
          amount,
        );
        const total = all.reduce((sum, weight) => sum + weight, 0n);
        for (const [at, weight] of all.entries()) {
          const away = (parts[at] ?? 0n) * total - amount * weight;
          assert.ok(away < one * total && away > -one * total);
        }
      }),
      { numRuns: process.env.TOLLGATE_TEST_FULL === "1" ? 1_000_000 : 1_000 },
    );
  });

  test("of a broken unit, by nothing or less is a defect", () => {
    assert.throws(() => allocate(15n as Amount, [1n], 10n), /Invariant broken/);
    assert.throws(() => allocate(10n as Amount, [0n], 10n), /Invariant broken/);
    assert.throws(() => allocate(10n as Amount, [2n, -1n], 10n), /Invariant broken/);
    assert.throws(() => allocate(-10n as Amount, [1n], 10n), /Invariant broken/);
  });
});
