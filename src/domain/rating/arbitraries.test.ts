/** Random rate cards for the property tests of this folder. It has no test of its own. */
import fc from "fast-check";
import type { Amount, Factor, Price, Quantity } from "../money/decimal.ts";
import { ROUNDING_MODES } from "../money/rounding.ts";
import type { Charge, Meter, PriceModel, RateCard, Tier, Where } from "./rate-card.ts";

const SMALL_PRICES = [0n, 1n, 2_000_000_000_000_000n, 10n ** 18n];

export const arbitraryPrice: fc.Arbitrary<Price> = fc.oneof(
  fc.constantFrom(...SMALL_PRICES),
  fc.bigInt({ min: 0n, max: 10n ** 27n }),
) as fc.Arbitrary<Price>;

/** Whole and broken quantities, near enough to one another to meet at the edges of tiers. */
export const arbitraryQuantity: fc.Arbitrary<Quantity> = fc.oneof(
  fc.bigInt({ min: 1n, max: 30n }).map((units) => units * 10n ** 9n),
  fc.bigInt({ min: 1n, max: 10n ** 13n }),
) as fc.Arbitrary<Quantity>;

const arbitraryTiers: fc.Arbitrary<Tier[]> = fc
  .record({
    ends: fc.uniqueArray(arbitraryQuantity, { maxLength: 4 }),
    prices: fc.array(fc.tuple(arbitraryPrice, arbitraryPrice), { minLength: 5, maxLength: 5 }),
  })
  .map(({ ends, prices }) => {
    const sorted = ends.toSorted((a, b) => (a < b ? -1 : 1));
    return [...sorted, null].map((upTo, index) => {
      const [unit, flat] = prices[index] ?? [0n as Price, 0n as Price];
      return { upTo, unit, flat };
    });
  });

export const CELLS = ["gpt-5", "o9", "__proto__", "a b"] as const;

/** Every model that prices quantities. */
export const arbitraryPriceModel: fc.Arbitrary<PriceModel> = fc.oneof(
  fc.record({ model: fc.constant("per_unit" as const), unit: arbitraryPrice }),
  fc.record({ model: fc.constant("flat" as const), amount: arbitraryPrice }),
  fc.record({ model: fc.constant("graduated" as const), tiers: arbitraryTiers }),
  fc.record({ model: fc.constant("volume" as const), tiers: arbitraryTiers }),
  fc.record({
    model: fc.constant("package" as const),
    size: arbitraryQuantity,
    amount: arbitraryPrice,
  }),
);

export const arbitraryMatrix: fc.Arbitrary<PriceModel & { readonly model: "matrix" }> = fc.record({
  model: fc.constant("matrix" as const),
  by: fc.constantFrom("model" as const, "agent" as const, "label.team" as const),
  cells: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...CELLS), arbitraryPrice), {
      selector: ([name]) => name,
      minLength: 1,
    })
    .map((entries) => Object.fromEntries(entries)),
  otherwise: fc.option(arbitraryPrice),
});

export const arbitraryMarkup: fc.Arbitrary<PriceModel> = fc.record({
  model: fc.constant("markup" as const),
  factor: fc.bigInt({ min: 10n ** 6n, max: 10n ** 8n }) as fc.Arbitrary<Factor>,
});

const someOf = <T>(...values: T[]) => fc.subarray(values, { minLength: 1 });

const arbitraryWhere = fc.record(
  {
    agent: someOf("support", "sales"),
    kind: someOf("model", "tool"),
    provider: someOf("openai", "local"),
    model: someOf("gpt-5", "o9"),
    tool: someOf("search"),
    status: someOf("ok", "error"),
    payer: someOf("us", "customer"),
    attempt: someOf(1, 2, 10),
    label: fc.dictionary(fc.constantFrom("team", "__proto__"), someOf("x", "y"), { minKeys: 1 }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Where>;

const arbitraryStepMeter: fc.Arbitrary<Meter> = fc.oneof(
  arbitraryWhere.map((where) => ({ count: "steps" as const, where })),
  fc
    .tuple(fc.constantFrom("seconds", "output_text"), arbitraryWhere)
    .map(([sum, where]) => ({ sum, where })),
);

const arbitraryTerms: fc.Arbitrary<Pick<Charge, "meter" | "price">> = fc.oneof(
  fc.record({ meter: arbitraryStepMeter, price: arbitraryPriceModel }),
  fc.record({ meter: arbitraryStepMeter, price: arbitraryMatrix }),
  fc.record({
    meter: arbitraryWhere.map((where): Meter => ({ sum: "cost", where })),
    price: arbitraryMarkup,
  }),
  fc.record({
    meter: fc.constantFrom<Meter>(
      { count: "runs", where: {} },
      { count: "runs", where: { agent: ["support"], label: { team: ["x"] } } },
      { count: "outcomes", where: { outcome: ["ticket_resolved"] } },
    ),
    price: arbitraryPriceModel,
  }),
);

export const arbitraryCard: fc.Arbitrary<RateCard> = fc.record({
  key: fc.constantFrom("card", "Karte ß"),
  currency: fc.constantFrom("USD", "JPY", "KWD"),
  charges: fc
    .array(fc.tuple(arbitraryTerms, fc.boolean()), { minLength: 1, maxLength: 6 })
    .map((list) =>
      list.map(([terms, isNamed], index) => {
        const key = `charge-${index}`;
        return { key, name: isNamed ? `Charge ${index}` : key, ...terms };
      }),
    ),
  minimum: fc.option(arbitraryPrice.map((price) => (price * 10n ** 15n) as Amount)),
  rounding: fc.constantFrom(...ROUNDING_MODES),
});
