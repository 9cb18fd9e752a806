import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Decimal } from "decimal.js";
import fc from "fast-check";
import {
  INPUT_BUCKETS,
  inputQuantity,
  OUTPUT_BUCKETS,
  type Usage,
  usageOf,
} from "../event/usage.ts";
import {
  AMOUNT_SCALE,
  PRICE_MAX_UNITS,
  PRICE_SCALE,
  QUANTITY_MAX_UNITS,
  QUANTITY_SCALE,
} from "../limits.ts";
import { type Factor, formatAmount, type Price, type Quantity } from "../money/decimal.ts";
import { costOfFacts, costOfStep } from "./cost-of-step.ts";
import { PriceCatalog } from "./find-price.ts";
import type { PriceEntry, Rate } from "./price-book.ts";
import { entryOf, factsOf, periodOf, versionOf } from "./price-fixtures.test.ts";

const Exact = Decimal.clone({ precision: 200, toExpNeg: -1000, toExpPos: 1000 });

const UNITS = [...INPUT_BUCKETS, ...OUTPUT_BUCKETS, "seconds", "requests", "images"];
const TIERS = ["standard", "batch", "unheard_of"];

const quantities = fc.bigInt(1n, QUANTITY_MAX_UNITS * 10n ** BigInt(QUANTITY_SCALE));
const prices = fc.bigInt(0n, PRICE_MAX_UNITS * 10n ** BigInt(PRICE_SCALE));
const usages = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...UNITS), quantities), { selector: ([unit]) => unit })
  .map((entries) => usageOf(entries.map(([unit, quantity]) => [unit, quantity as Quantity])));

const sizeTiers = fc
  .uniqueArray(fc.tuple(fc.nat(500_000), prices), { selector: ([size]) => size, maxLength: 3 })
  .map((tiers) =>
    tiers
      .toSorted(([a], [b]) => a - b)
      .map(([inputAboveTokens, price]) => ({ inputAboveTokens, price: price as Price })),
  );

const rateUnits = [...UNITS, ...UNITS.map((unit) => `${unit}@batch`)];
const rates: fc.Arbitrary<Rate[]> = fc.uniqueArray(
  fc
    .tuple(fc.constantFrom(...rateUnits), prices, sizeTiers)
    .map(([unit, price, tiers]) => ({ unit, price: price as Price, tiers })),
  { selector: ({ unit }) => unit, maxLength: 12 },
);

const entries: fc.Arbitrary<PriceEntry> = fc
  .tuple(rates, fc.option(fc.bigInt(0n, 10n ** 9n)))
  .map(([list, batch]) =>
    entryOf({
      periods: [periodOf(list)],
      tierFactors: batch === null ? {} : { batch: batch as Factor },
    }),
  );

const steps = fc.record({
  kind: fc.constantFrom("model" as const, "compute" as const, "tool" as const),
  status: fc.constantFrom("ok" as const, "error" as const),
  tier: fc.constantFrom(...TIERS),
  usage: usages,
});

function found(entry: PriceEntry) {
  const catalog = new PriceCatalog([versionOf(0, { entries: [entry] })]);
  return catalog.find({ provider: "acme", subject: "model-1" }, 0);
}

const decimal = (value: bigint, scale: number) =>
  new Exact(value.toString()).div(new Exact(10).pow(scale));

describe("costing", () => {
  it("without lines gives what it gives with lines", () => {
    fc.assert(
      fc.property(steps, entries, (more, entry) => {
        const facts = factsOf(more);
        const { cost, status, currency, priceVersionId } = costOfStep(facts, found(entry));
        const quick = costOfFacts(facts, found(entry));
        assert.deepEqual(quick, { cost, status, currency, priceVersionId });
      }),
    );
  });

  it("is exact: each line equals decimal arithmetic, and the lines add up", () => {
    fc.assert(
      fc.property(steps, entries, (more, entry) => {
        const { cost, lines } = costOfStep(factsOf(more), found(entry));
        const sum = lines.reduce((total, line) => {
          const price = decimal(line.price, PRICE_SCALE).times(decimal(line.factor, 6));
          const amount = decimal(line.quantity, QUANTITY_SCALE).times(price);
          assert.equal(decimal(line.amount, AMOUNT_SCALE).toString(), amount.toString());
          return total.plus(amount);
        }, new Exact(0));
        assert.equal(formatAmount(cost), sum.toFixed());
      }),
    );
  });

  it("is additive over buckets at one prompt size", () => {
    fc.assert(
      fc.property(steps, entries, (more, entry) => {
        const flat = {
          ...entry,
          periods: entry.periods.map((period) =>
            periodOf(period.rates.map((rate) => ({ ...rate, tiers: [] }))),
          ),
        };
        const facts = factsOf({ ...more, status: "error" });
        const priced = found(flat);
        const parts = [...facts.usage].filter(([unit]) => unit !== "requests");
        const whole = costOfStep(
          { ...facts, usage: usageOf([...parts, ["requests", 1n as Quantity]]) },
          priced,
        );
        const each = parts.map((part) =>
          costOfStep({ ...facts, usage: usageOf([part, ["requests", 1n as Quantity]]) }, priced),
        );
        const fee = costOfStep(
          { ...facts, usage: usageOf([["requests", 1n as Quantity]]) },
          priced,
        ).cost;
        const sum = each.reduce((total, { cost }) => total + cost - fee, fee as bigint);
        assert.equal(whole.cost, sum);
      }),
    );
  });

  it("accounts for every bucket: priced, named as unpriced, or a measure", () => {
    fc.assert(
      fc.property(steps, entries, (more, entry) => {
        const facts = factsOf(more);
        const { lines, unpricedUnits } = costOfStep(facts, found(entry));
        const told = new Set([...lines.map(({ unit }) => unit), ...unpricedUnits]);
        const untold = [...facts.usage.keys()].filter((unit) => !told.has(unit));
        assert.deepEqual(
          untold.filter((unit) => unit !== "seconds" && unit !== "requests"),
          [],
        );
        assert.equal(new Set(lines.map(({ unit }) => unit)).size, lines.length);
      }),
    );
  });

  it("takes one price for the whole request, by the whole prompt", () => {
    fc.assert(
      fc.property(usages, sizeTiers, prices, (usage: Usage, tiers, price) => {
        const entry = entryOf({
          periods: [periodOf([{ unit: "input_uncached", price: price as Price, tiers }])],
        });
        const { lines } = costOfStep(factsOf({ usage }), found(entry));
        const tokens = decimal(inputQuantity(usage), QUANTITY_SCALE);
        const reached = tiers.filter(({ inputAboveTokens }) => tokens.gt(inputAboveTokens)).at(-1);
        for (const line of lines) assert.equal(line.price, reached?.price ?? price);
      }),
    );
  });
});
