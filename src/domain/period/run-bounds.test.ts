import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Amount } from "../money/decimal.ts";
import { type RunTotal, runCorrection, sumRunCorrections } from "./run-bounds.ts";

const bounds = { runCap: 100n as Amount, runMinimum: 10n as Amount };
const total = (before: bigint, charge: bigint, isEnded = false): RunTotal => {
  return { before: before as Amount, charge: charge as Amount, isEnded, wasEnded: false };
};

describe("the bounds of a run", () => {
  test("take off what is above the cap, once, over all its periods", () => {
    assert.equal(runCorrection(total(0n, 130n), bounds).cap, -30n);
    assert.equal(runCorrection(total(80n, 50n), bounds).cap, -30n);
    assert.equal(runCorrection(total(130n, 50n), bounds).cap, -50n);
    assert.equal(runCorrection(total(130n, -50n), bounds).cap, 30n, "a reversal gives back");
    assert.equal(runCorrection(total(0n, 100n), bounds).cap, 0n);
  });

  test("fill up to the minimum when the run has ended", () => {
    assert.equal(runCorrection(total(2n, 3n), bounds).minimum, 0n);
    assert.equal(runCorrection(total(2n, 3n, true), bounds).minimum, 5n);
    assert.equal(runCorrection(total(2n, 300n, true), bounds).minimum, 0n);
  });

  test("are none without a cap or minimum", () => {
    const none = { runCap: null, runMinimum: null };
    assert.deepEqual(runCorrection(total(0n, 500n, true), none), { cap: 0n, minimum: 0n });
  });

  test("raise no run without a minimum, also where more was taken back than charged", () => {
    const cappedAlone = { runCap: 100n as Amount, runMinimum: null };
    assert.deepEqual(runCorrection(total(0n, -5n, true), cappedAlone), { cap: 0n, minimum: 0n });
    assert.equal(runCorrection(total(0n, -5n, true), bounds).minimum, 15n);
  });

  test("come to two lines for any number of runs", () => {
    const totals = [total(0n, 130n), total(0n, 5n, true), total(0n, 50n), total(99n, 2n)];
    const corrections = totals.map((one) => runCorrection(one, bounds));
    assert.deepEqual(sumRunCorrections("card", corrections), {
      ...{ cardKey: "card", cappedRuns: 2, cap: -31n, raisedRuns: 1, minimum: 5n },
    });
  });

  test("over any periods, what is billed of a run is its total within the bounds", () => {
    const charges = fc.array(fc.bigInt({ min: 0n, max: 80n }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(charges, (all) => {
        let [before, billed] = [0n, 0n];
        for (const [at, charge] of all.entries()) {
          const isEnded = at === all.length - 1;
          const { cap, minimum } = runCorrection(total(before, charge, isEnded), bounds);
          billed += charge + cap + minimum;
          before += charge;
        }
        assert.equal(billed, before > 100n ? 100n : before < 10n ? 10n : before);
      }),
    );
  });
});
