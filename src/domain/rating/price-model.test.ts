import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type Amount,
  type Factor,
  formatAmount,
  type Price,
  parsePrice,
  parseQuantity,
  type Quantity,
} from "../money/decimal.ts";
import {
  arbitraryMarkup,
  arbitraryMatrix,
  arbitraryPercentage,
  arbitraryPriceModel,
  arbitraryQuantity,
} from "./arbitraries.test.ts";
import {
  amountAt,
  chargePrice,
  FIXED_CELL,
  finalAmountAt,
  NO_CELL,
  OTHERWISE_CELL,
  pairCell,
} from "./price-model.ts";
import type { PriceModel, Tier } from "./rate-card.ts";

const price = (text: string) => parsePrice(text) as Price;
const quantity = (text: string) => parseQuantity(text) as Quantity;
const tier = (upTo: string | null, unit: string, flat = "0"): Tier => ({
  upTo: upTo === null ? null : quantity(upTo),
  unit: price(unit),
  flat: price(flat),
});

function running(model: PriceModel, total: string, cell = NO_CELL): string {
  return formatAmount(amountAt(model, quantity(total), cell));
}

function final(model: PriceModel, total: string): string {
  return formatAmount(finalAmountAt(model, quantity(total), NO_CELL));
}

const TIERS = [tier("1000", "0"), tier("2000", "0.002", "5"), tier(null, "0.001")];

describe("what a quantity costs", () => {
  test("per unit, also for a part of a unit", () => {
    const model: PriceModel = { model: "per_unit", unit: price("0.0005") };
    assert.equal(running(model, "1.000000001"), "0.0005000000005");
  });

  test("a flat price is owed once, from the first quantity on", () => {
    const model: PriceModel = { model: "flat", amount: price("99") };
    assert.deepEqual(
      ["0", "0.000000001", "5000"].map((total) => running(model, total)),
      ["0", "99", "99"],
    );
  });

  test("each graduated tier prices its own units, and its last unit belongs to it", () => {
    const model: PriceModel = { model: "graduated", tiers: TIERS };
    const totals = ["0", "1000", "1000.5", "1001", "2000", "2001"];
    assert.deepEqual(
      totals.map((total) => running(model, total)),
      ["0", "0", "5.001", "5.002", "7", "7.001"],
    );
    assert.deepEqual(
      totals.map((total) => final(model, total)),
      totals.map((total) => running(model, total)),
    );
  });

  test("volume runs like graduated and is settled at the tier that the total reaches", () => {
    const model: PriceModel = { model: "volume", tiers: TIERS };
    assert.equal(running(model, "2001"), "7.001");
    assert.deepEqual(
      ["0", "1000", "1001", "2000", "2001"].map((total) => final(model, total)),
      ["0", "0", "7.002", "9", "2.001"],
    );
  });

  test("a package is owed once it is started", () => {
    const model: PriceModel = { model: "package", size: quantity("100"), amount: price("3") };
    assert.deepEqual(
      ["0", "0.000000001", "100", "100.000000001", "201"].map((total) => running(model, total)),
      ["0", "3", "3", "6", "9"],
    );
  });

  test("a matrix prices each cell, and the others where it says so", () => {
    const cells = { "gpt-5": price("2") };
    const model: PriceModel = { model: "matrix", by: "model", cells, otherwise: price("1") };
    assert.equal(running(model, "3", "gpt-5"), "6");
    assert.equal(running(model, "3", OTHERWISE_CELL), "3");
    assert.throws(() => running(model, "3", "toString"), /Invariant broken/);
  });

  test("a matrix by two dimensions prices each pair", () => {
    const cells = { [pairCell("gpt-5", "search")]: price("2") };
    const by = ["model", "tool"] as const;
    const model: PriceModel = { model: "matrix", by, cells, otherwise: null };
    assert.equal(running(model, "3", "gpt-5 | search"), "6");
  });

  test("a percentage is of what the unit states, and its fixed part of each step", () => {
    const fixed = price("0.30");
    const model: PriceModel = { model: "percentage", factor: 29_000n as Factor, fixed };
    assert.equal(running(model, "100"), "2.9");
    assert.equal(running(model, "2", FIXED_CELL), "0.6");
  });

  test("what is included shifts the price, also its tiers and their flat amounts", () => {
    const of = (model: PriceModel, total: string) => {
      const terms = { price: model, included: quantity("100"), inCredits: false };
      return formatAmount(chargePrice(terms, NO_CELL, null).amountAt(quantity(total)));
    };
    const tiers = [tier("1000", "0.01", "5"), tier(null, "0.002")];
    const totals = ["100", "100.5", "1100", "1101"];
    const amounts = totals.map((total) => of({ model: "graduated", tiers }, total));
    assert.deepEqual(amounts, ["0", "5.005", "15", "15.002"]);
    const model: PriceModel = { model: "package", size: quantity("100"), amount: price("3") };
    assert.deepEqual(
      ["100", "101", "200", "201"].map((total) => of(model, total)),
      ["0", "3", "3", "6"],
    );
  });

  test("a price in credits is exact money, at the last place of both", () => {
    const model: PriceModel = { model: "per_unit", unit: 1n as Price };
    const terms = { price: model, included: 0n, inCredits: true };
    const credit = { name: "tokens", price: 1n as Factor };
    assert.equal(chargePrice(terms, NO_CELL, credit).amountAt(1n), 1n);
  });

  test("a markup is on top of the cost", () => {
    const model: PriceModel = { model: "markup", factor: 1_200_000n as Factor };
    const cost = 10n ** 31n;
    assert.equal(formatAmount(amountAt(model, cost, NO_CELL)), "0.012");
  });

  test("a markup beyond the places of an amount is cut in the total, not by the step", () => {
    const model: PriceModel = { model: "markup", factor: 1_500_000n as Factor };
    const totals = [1n, 2n, 3n].map((cost) => amountAt(model, cost, NO_CELL));
    assert.deepEqual(totals, [1n, 3n, 4n]);
  });

  test("a negative total is a defect", () => {
    const model: PriceModel = { model: "per_unit", unit: price("1") };
    assert.throws(() => amountAt(model, -1n, NO_CELL), /Invariant broken/);
    assert.throws(() => finalAmountAt(model, -1n, NO_CELL), /Invariant broken/);
  });
});

/** Graduated, from the definition: every tier's part of the total. */
function graduatedByDefinition(tiers: readonly Tier[], total: bigint): bigint {
  let sum = 0n;
  let lower = 0n;
  for (const { upTo, unit, flat } of tiers) {
    if (total <= lower) break;
    const upper = upTo === null || upTo > total ? total : upTo;
    sum += (upper - lower) * unit * 10n ** 6n + flat * 10n ** 15n;
    lower = upper;
  }
  return sum;
}

/** Cases of each law of a price. */
const LAW_RUNS = process.env.TOLLGATE_TEST_FULL === "1" ? 1_000_000 : 500;

const anyPrice = fc.oneof(
  fc.tuple(arbitraryPriceModel, fc.constant(NO_CELL)),
  fc.tuple(arbitraryMarkup, fc.constant(NO_CELL)),
  fc.tuple(arbitraryPercentage, fc.constantFrom(NO_CELL, FIXED_CELL)),
  arbitraryMatrix.map((matrix): [PriceModel, string] => [
    matrix,
    Object.keys(matrix.cells)[0] ?? "",
  ]),
);

describe("laws of a price", () => {
  test("nothing costs nothing, and more never costs less", () => {
    fc.assert(
      fc.property(anyPrice, arbitraryQuantity, arbitraryQuantity, ([model, cell], a, b) => {
        assert.equal(amountAt(model, 0n, cell), 0n);
        assert.equal(finalAmountAt(model, 0n, cell), 0n);
        assert.ok(amountAt(model, a, cell) <= amountAt(model, a + b, cell));
      }),
      { numRuns: LAW_RUNS },
    );
  });

  test("graduated and volume run by the definition of tiers", () => {
    fc.assert(
      fc.property(arbitraryPriceModel, arbitraryQuantity, (model, total) => {
        fc.pre(model.model === "graduated" || model.model === "volume");
        const expected = graduatedByDefinition(model.tiers, total) as Amount;
        assert.equal(amountAt(model, total, NO_CELL), expected);
      }),
      { numRuns: LAW_RUNS },
    );
  });

  test("only volume is corrected at close", () => {
    fc.assert(
      fc.property(anyPrice, arbitraryQuantity, ([model, cell], total) => {
        fc.pre(model.model !== "volume");
        assert.equal(finalAmountAt(model, total, cell), amountAt(model, total, cell));
      }),
      { numRuns: LAW_RUNS },
    );
  });
});
