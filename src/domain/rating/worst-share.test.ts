import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Factor, type Price, parsePrice, type Quantity } from "../money/decimal.ts";
import { arbitraryPriceModel, arbitraryQuantity } from "./arbitraries.test.ts";
import { priceFunction } from "./price-model.ts";
import type { PriceModel } from "./rate-card.ts";
import { worstShare } from "./worst-share.ts";

const UNIT = 10n ** 9n;

function worst(price: PriceModel, quantity: bigint) {
  return worstShare({ price, inCredits: false }, { cell: "", quantity }, null);
}

describe("The worst share of a quantity", () => {
  it("is never exceeded, wherever the period's total stands", () => {
    const start = fc.oneof(fc.constant(0n), arbitraryQuantity);
    fc.assert(
      fc.property(arbitraryPriceModel, arbitraryQuantity, start, (price, quantity, from) => {
        const { amountAt } = priceFunction(price, "");
        const share = amountAt(from + quantity) - amountAt(from);
        assert.ok(share <= worst(price, quantity), `${share} at ${from}`);
      }),
      { numRuns: process.env.TOLLGATE_TEST_FULL === "1" ? 1_000_000 : 20_000 },
    );
  });

  it("is reached somewhere, so nothing is set aside in vain", () => {
    const few = fc.bigInt({ min: 1n, max: 6n });
    const tiers = fc
      .record({ first: few, second: few, prices: fc.array(few, { minLength: 6, maxLength: 6 }) })
      .map(({ first, second, prices }) => {
        const ends = [first, first + second, null] as (Quantity | null)[];
        return ends.map((upTo, at) => ({
          upTo,
          unit: (prices[at] ?? 0n) as Price,
          flat: (prices[at + 3] ?? 0n) as Price,
        }));
      });
    fc.assert(
      fc.property(tiers, few, (own, quantity) => {
        const { amountAt } = priceFunction({ model: "graduated", tiers: own }, "");
        const shares = Array.from({ length: 30 }, (_, from) => {
          return amountAt(BigInt(from) + quantity) - amountAt(BigInt(from));
        });
        const largest = shares.reduce((a, b) => (a > b ? a : b));
        assert.equal(worst({ model: "graduated", tiers: own }, quantity), largest);
      }),
      { numRuns: 5_000 },
    );
  });

  it("takes a unit at the edge of a free tier for a paid one", () => {
    const tiers = [
      { upTo: (1000n * UNIT) as Quantity, unit: 0n as Price, flat: 0n as Price },
      { upTo: null, unit: parsePrice("0.002") as Price, flat: 0n as Price },
    ];
    assert.equal(worst({ model: "graduated", tiers }, UNIT), 2n * 10n ** 30n);
  });

  it("takes a markup one unit of the last place up", () => {
    const factor = 1_200_000n as Factor;
    assert.equal(worst({ model: "markup", factor }, 1n), 2n);
  });
});
