import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Quantity, quantityOfInteger } from "../money/decimal.ts";
import { entryOf, factorOf, periodOf, ratesOf } from "./price-fixtures.test.ts";
import { priceForSize, RateTable } from "./rate-table.ts";

function tableOf(prices: Record<string, string>): RateTable {
  const entry = entryOf({ tierFactors: { batch: factorOf("0.5") } });
  return new RateTable(entry, periodOf(ratesOf(prices)));
}

describe("a rate table", () => {
  it("is resolved once for a tier, whatever its spelling", () => {
    const table = tableOf({ input_uncached: "1" });
    assert.equal(table.forTier("standard"), table.forTier("Default"));
    assert.equal(table.forTier("batch"), table.forTier("BATCH"));
    assert.notEqual(table.forTier("batch"), table.forTier("standard"));
  });

  it("is one for all tiers that have no price, so that names from outside fill no memory", () => {
    const table = tableOf({ input_uncached: "1" });
    assert.equal(table.forTier("x1"), table.forTier("x2"));
    assert.equal(table.forTier("x1").get("input_uncached")?.basis, "assumed");
  });

  it("knows a unit that only one tier has in that tier only", () => {
    const table = tableOf({ "pages@batch": "1" });
    assert.equal(table.forTier("batch").get("pages")?.basis, "own");
    assert.equal(table.forTier("standard").get("pages"), undefined);
    assert.equal(table.forTier("standard").get("pages@batch"), undefined);
  });

  it("takes another bucket's rate of the tier before the standard rate of that bucket", () => {
    const rates = tableOf({ output_text: "2", "output_text@flex": "3" }).forTier("flex");
    const reasoning = rates.get("output_reasoning");
    assert.deepEqual([reasoning?.rateUnit, reasoning?.basis], ["output_text@flex", "fallback"]);
  });
});

describe("the price for a size", () => {
  const tiers = [100, 200].map((inputAboveTokens, index) => ({
    inputAboveTokens,
    price: BigInt(index + 2) as never,
  }));
  const rate = new RateTable(
    entryOf(),
    periodOf([{ unit: "input_uncached", price: 1n as never, tiers }]),
  )
    .forTier("standard")
    .get("input_uncached");

  it("is that of the last threshold which the prompt exceeds", () => {
    const sizes: readonly [bigint, bigint][] = [
      [0n, 1n],
      [quantityOfInteger(100), 1n],
      [quantityOfInteger(100) + 1n, 2n],
      [quantityOfInteger(200), 2n],
      [quantityOfInteger(201), 3n],
    ];
    for (const [size, price] of sizes) {
      assert.equal(priceForSize(rate ?? assert.fail(), size as Quantity).price, price);
    }
  });
});
