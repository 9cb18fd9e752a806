/** Where stages begin, in which scale a measure counts, and what keeps balances apart. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Factor } from "../money/decimal.ts";
import {
  type BalanceKey,
  balanceText,
  countsRuns,
  emptyBalance,
  isMoney,
  NAMED_MEASURES,
  type Stage,
  type StageStart,
  scaleOf,
  scopeText,
  stageLevel,
} from "./budget.ts";

function stage(at: StageStart): Stage {
  return { at, action: "notify", delayMs: 0 };
}

/** A stage at so many percent of the limit. */
function share(percent: bigint): Stage {
  return stage({ percent: (percent * 10_000n) as Factor });
}

describe("A stage", () => {
  it("begins at its share of the limit in force", () => {
    assert.equal(stageLevel(share(80n), 500n), 400n);
    assert.equal(stageLevel(share(150n), 500n), 750n);
    assert.equal(stageLevel(share(80n), 0n), 0n);
  });

  it("of a level begins there under any limit, and under none", () => {
    const fixed = stage({ level: 7n });
    assert.deepEqual([stageLevel(fixed, 500n), stageLevel(fixed, null)], [7n, 7n]);
  });

  it("of a share is never reached where there is no limit", () => {
    assert.equal(stageLevel(share(1n), null), null);
  });

  it("of the whole begins at the very limit; a smaller share never after a larger", () => {
    const limits = fc.bigInt({ min: 0n, max: 10n ** 45n });
    const percents = fc.bigInt({ min: 0n, max: 100n });
    fc.assert(
      fc.property(limits, percents, percents, (limit, one, other) => {
        assert.equal(stageLevel(share(100n), limit), limit);
        const [low, high] = one < other ? [one, other] : [other, one];
        const first = stageLevel(share(low), limit) ?? assert.fail("there is a limit");
        const second = stageLevel(share(high), limit) ?? assert.fail("there is a limit");
        assert.ok(0n <= first && first <= second && second <= limit);
      }),
    );
  });
});

describe("A measure", () => {
  it("of money has 33 decimal places, any other 9", () => {
    assert.deepEqual(["cost", "charge"].map(scaleOf), [33, 33]);
    assert.deepEqual(["tokens", "steps", "runs", "seconds", "costs"].map(scaleOf), [9, 9, 9, 9, 9]);
  });

  it("is of money, of runs, or of what steps use: of no two at once", () => {
    assert.deepEqual(NAMED_MEASURES.filter(isMoney), ["cost", "charge", "prepaid"]);
    assert.deepEqual(NAMED_MEASURES.filter(countsRuns), ["runs", "parallel_runs"]);
  });
});

describe("A balance", () => {
  // Short texts of few characters, so that many of them are nearly the same.
  const name = fc.string({ unit: fc.constantFrom("1", "a", ":", '"', " ", "\\"), maxLength: 3 });
  const key = fc.record({ budgetId: fc.integer({ min: 1, max: 111 }), scope: name, window: name });

  it("shares its text with no other, however scope and window are spelled", () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        const same = a.budgetId === b.budgetId && a.scope === b.scope;
        assert.equal(scopeText(a) === scopeText(b), same);
        assert.equal(balanceText(a) === balanceText(b), same && a.window === b.window);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is not that of the next window, nor that of budget 11 where budget 1 has scope 1", () => {
    const day: BalanceKey = { budgetId: 1, scope: "acme", window: "2026-11-26" };
    assert.notEqual(balanceText(day), balanceText({ ...day, window: "2026-11-27" }));
    assert.notEqual(
      balanceText({ budgetId: 1, scope: "1", window: "" }),
      balanceText({ budgetId: 11, scope: "", window: "" }),
    );
  });

  it("of which none was kept yet has used nothing and told nothing", () => {
    const key = { budgetId: 3, scope: "acme", window: "" };
    assert.deepEqual(emptyBalance(key), { ...key, settled: 0n, stagesTold: 0, grantedAtMs: 0 });
  });
});
