/** Random rate cards for the property tests of this folder. It has no test of its own. */
import fc from "fast-check";
import type { Amount, Factor, Price, Quantity } from "../money/decimal.ts";
import { ROUNDING_MODES } from "../money/rounding.ts";
import { pairCell } from "./price-model.ts";
import type {
  Charge,
  ChargedEnding,
  Discount,
  Fee,
  Meter,
  PriceModel,
  RateCard,
  Tier,
  Where,
} from "./rate-card.ts";

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

type Matrix = PriceModel & { readonly model: "matrix" };

const cellsOf = (name: fc.Arbitrary<string>) =>
  fc
    .uniqueArray(fc.tuple(name, arbitraryPrice), { selector: ([cell]) => cell, minLength: 1 })
    .map((entries) => Object.fromEntries(entries));

const arbitraryCell = fc.constantFrom(...CELLS);
const DIMENSIONS = ["model", "agent", "label.team"] as const;

/** By one dimension or two. */
export const arbitraryMatrix: fc.Arbitrary<Matrix> = fc.oneof(
  fc.record({
    model: fc.constant("matrix" as const),
    by: fc.constantFrom(...DIMENSIONS),
    cells: cellsOf(arbitraryCell),
    otherwise: fc.option(arbitraryPrice),
  }),
  fc.record({
    model: fc.constant("matrix" as const),
    by: fc.constantFrom(["model", "agent"] as const, ["label.team", "model"] as const),
    cells: cellsOf(fc.tuple(arbitraryCell, arbitraryCell).map(([a, b]) => pairCell(a, b))),
    otherwise: fc.option(arbitraryPrice),
  }),
);

export const arbitraryPercentage: fc.Arbitrary<PriceModel> = fc.record({
  model: fc.constant("percentage" as const),
  factor: fc.bigInt({ min: 0n, max: 10n ** 7n }) as fc.Arbitrary<Factor>,
  fixed: arbitraryPrice,
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

type Priced = Pick<Charge, "meter" | "price" | "included" | "inCredits" | "endings">;

const PLAIN = { included: 0n, inCredits: false, endings: null };

const arbitraryIncluded = fc.oneof(fc.constant(0n), arbitraryQuantity as fc.Arbitrary<bigint>);
const arbitraryEndings = fc.option(someOf<ChargedEnding>("completed", "failed", "abandoned"));

const arbitraryPriced: fc.Arbitrary<Priced> = fc.oneof(
  fc.record({
    meter: arbitraryStepMeter,
    price: arbitraryPriceModel,
    included: arbitraryIncluded,
    inCredits: fc.boolean(),
    endings: fc.constant(null),
  }),
  fc.record({ meter: arbitraryStepMeter, price: arbitraryMatrix }).map((priced) => {
    return { ...PLAIN, ...priced };
  }),
  fc.record({
    ...{ meter: fc.constant<Meter>({ sum: "seconds", where: {} }), price: arbitraryPercentage },
    ...{ included: arbitraryIncluded, inCredits: fc.constant(false), endings: fc.constant(null) },
  }),
  fc.record({
    meter: arbitraryWhere.map((where): Meter => ({ sum: "cost", where })),
    price: arbitraryMarkup,
    included: arbitraryIncluded.map((quantity) => quantity * 10n ** 24n),
    inCredits: fc.constant(false),
    endings: fc.constant(null),
  }),
  fc.record({
    meter: fc.constantFrom<Meter>(
      { count: "runs", where: {} },
      { count: "runs", where: { agent: ["support"], label: { team: ["x"] } } },
      { count: "outcomes", where: { outcome: ["ticket_resolved"] } },
    ),
    price: arbitraryPriceModel,
    included: arbitraryIncluded,
    inCredits: fc.boolean(),
    endings: arbitraryEndings,
  }),
);

const toMoney = (price: bigint) => (price * 10n ** 15n) as Amount;
const arbitraryMoney = arbitraryPrice.map(toMoney);
const isBound = (least: Amount | null, most: Amount | null) =>
  least === null || most === null || least <= most;

export type Unnamed = Omit<Charge, "key" | "name" | "settlesAfterHours">;

/** A charge of any kind, without a name. */
export const arbitraryCharge: fc.Arbitrary<Unnamed> = fc
  .tuple(
    arbitraryPriced,
    fc.record({ minimum: fc.option(arbitraryMoney), maximum: fc.option(arbitraryMoney) }),
  )
  .map(([priced, bounds]) => ({ ...priced, ...bounds }))
  .filter(({ minimum, maximum }) => isBound(minimum, maximum));

const namedAs = (prefix: string, index: number, isNamed: boolean) => {
  const key = `${prefix}-${index}`;
  return { key, name: isNamed ? `${prefix} ${index}` : key };
};

const arbitraryFees: fc.Arbitrary<Fee[]> = fc
  .array(fc.record({ amount: arbitraryMoney, isProrated: fc.boolean() }), { maxLength: 2 })
  .map((fees) => fees.map((fee, index) => ({ ...namedAs("fee", index, fee.isProrated), ...fee })));

const arbitraryDiscounts: fc.Arbitrary<Discount[]> = fc
  .array(
    fc.record({
      value: fc.oneof(
        fc.bigInt({ min: 0n, max: 10n ** 6n }).map((percent) => ({ percent: percent as Factor })),
        arbitraryMoney.map((amount) => ({ amount })),
      ),
      charges: fc.option(fc.constant(["charge-0"])),
      from: fc.constantFrom(null, "2026-01-01"),
      until: fc.constantFrom(null, "2026-12-01"),
    }),
    { maxLength: 3 },
  )
  .map((all) => all.map((one, index) => ({ ...namedAs("discount", index, true), ...one })));

export const arbitraryCard: fc.Arbitrary<RateCard> = fc
  .record({
    key: fc.constantFrom("card", "Karte ß"),
    currency: fc.constantFrom("USD", "JPY", "KWD"),
    charges: fc
      .tuple(
        fc.array(fc.tuple(arbitraryCharge, fc.boolean()), { minLength: 1, maxLength: 6 }),
        fc.option(fc.integer({ min: 1, max: 8_784 })),
      )
      .map(([all, hours]) =>
        all.map(([one, is], index): Charge => {
          const isOnOutcomes = "count" in one.meter && one.meter.count === "outcomes";
          const settlesAfterHours = isOnOutcomes ? hours : null;
          return { ...namedAs("charge", index, is), ...one, settlesAfterHours };
        }),
      ),
    fees: arbitraryFees,
    discounts: arbitraryDiscounts,
    minimum: fc.option(arbitraryMoney),
    maximum: fc.option(arbitraryMoney),
    runMinimum: fc.option(arbitraryMoney),
    runCap: fc.option(arbitraryMoney),
    trial: fc.option(fc.integer({ min: 1, max: 90 }).map((days) => ({ days, charges: null }))),
    entitlements: fc.option(
      fc.record({
        agents: fc.constant(null),
        models: fc.option(fc.constantFrom([], ["gpt-5*"], ["openai/gpt-5.1", "x"])),
        tools: fc.option(fc.constant(["search"])),
        parallelRuns: fc.option(fc.bigInt({ min: 0n, max: 9n })),
      }),
    ),
    credit: (fc.bigInt({ min: 1n, max: 10n ** 7n }) as fc.Arbitrary<Factor>).map((price) => {
      return { name: "tokens", price };
    }),
    rounding: fc.constantFrom(...ROUNDING_MODES),
  })
  .filter(({ minimum, maximum }) => isBound(minimum, maximum))
  .filter(({ runMinimum, runCap }) => isBound(runMinimum, runCap));
