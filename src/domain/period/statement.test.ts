import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { currencyDecimals } from "../money/currency.ts";
import { type Amount, type Factor, formatAmount, parseAmount } from "../money/decimal.ts";
import { ROUNDING_MODES } from "../money/rounding.ts";
import type { Discount } from "../rating/rate-card.ts";
import { NO_TERMS, type PeriodTerms } from "./period-terms.ts";
import { ADJUSTMENT_REASONS, type Adjustment } from "./records.ts";
import { buildStatement, type StatementInput } from "./statement.ts";
import type { ChargeCount } from "./statement-line.ts";

const amount = (text: string) => parseAmount(text) as Amount;

const EMPTY: StatementInput = {
  customer: "acme",
  period: { key: "2026-11-01", startMs: 0, endMs: 1 },
  currency: "USD",
  rounding: "half_even",
  credit: null,
  terms: NO_TERMS,
  charges: [],
  trials: [],
  runs: [],
  adjustments: [],
};

const least = (text: string) => ({ terms: { ...NO_TERMS, minimum: amount(text) } });

const charge = (chargeKey: string, running: string, final = running): ChargeCount => ({
  cardKey: "card",
  chargeKey,
  cell: "",
  name: chargeKey,
  measure: "steps",
  quantity: 5n,
  ...{ included: 0n, credits: null, correctionCredits: null, credit: null },
  conversions: [],
  running: amount(running),
  final: amount(final),
});

const adjustment = (chargeKey: string, text: string, originPeriod = "2026-10-01"): Adjustment => ({
  seq: 1,
  customer: "acme",
  bookedPeriod: "2026-11-01",
  originPeriod,
  cardKey: "card",
  chargeKey,
  cell: "",
  amount: amount(text),
  credits: null,
  ...{ reason: "late_event", run: "r", source: "s", id: "e" },
});

function bill(change: Partial<StatementInput>) {
  const { lines, totalExact, total } = buildStatement({ ...EMPTY, ...change });
  return {
    lines: lines.map(({ kind, chargeKey, amountExact, amountRounded }) =>
      [kind, chargeKey, formatAmount(amountExact), formatAmount(amountRounded)].join(" "),
    ),
    totalExact: formatAmount(totalExact),
    total: formatAmount(total),
  };
}

describe("a statement", () => {
  test("of nothing is empty", () => {
    assert.deepEqual(bill({}), { lines: [], totalExact: "0", total: "0" });
  });

  test("rounds each line once and says what rounding made of the total", () => {
    assert.deepEqual(bill({ charges: [charge("b", "0.014"), charge("a", "1.004")] }), {
      lines: ["charge a 1.004 1", "charge b 0.014 0.01", "rounding  -0.008 0"],
      totalExact: "1.018",
      total: "1.01",
    });
  });

  test("has the decimals of its currency and the mode of its card", () => {
    const charges = [charge("a", "10.5")];
    assert.equal(bill({ charges, currency: "JPY" }).total, "10");
    assert.equal(bill({ charges, currency: "JPY", rounding: "up" }).total, "11");
    assert.equal(bill({ charges: [charge("a", "0.0005")], currency: "KWD" }).total, "0");
  });

  test("corrects volume tiers in a line of their own", () => {
    assert.deepEqual(bill({ charges: [charge("a", "12", "10")] }).lines, [
      "charge a 12 12",
      "tier_correction a -2 -2",
    ]);
  });

  test("comes to exactly the minimum where the charges do not reach it", () => {
    const charges = [charge("a", "1.335"), charge("b", "1.335")];
    assert.deepEqual(bill({ charges, ...least("10") }), {
      lines: [
        "charge a 1.335 1.34",
        "charge b 1.335 1.34",
        "minimum  7.32 7.32",
        "rounding  0.01 0",
      ],
      totalExact: "9.99",
      total: "10",
    });
    assert.equal(bill({ charges, ...least("2.68") }).lines.length, 3);
    assert.equal(bill({ ...least("5") }).total, "5");
  });

  test("sums late differences by closed period and charge before it rounds them", () => {
    const adjustments = [
      adjustment("b", "-3"),
      adjustment("a", "0.004"),
      adjustment("a", "0.004"),
      adjustment("a", "1", "2026-09-01"),
      adjustment("c", "1"),
      adjustment("c", "-1"),
    ];
    const { lines, total } = bill({ adjustments, ...least("1") });
    assert.deepEqual(lines, [
      "minimum  1 1",
      "adjustment a 1 1",
      "adjustment a 0.008 0.01",
      "adjustment b -3 -3",
      "rounding  0.002 0",
    ]);
    assert.equal(total, "-0.99");
  });

  test("names cells and closed periods", () => {
    const { lines } = buildStatement({
      ...EMPTY,
      charges: [{ ...charge("calls", "2", "1"), name: "Calls", cell: "gpt-5" }],
      adjustments: [{ ...adjustment("calls", "1"), cell: "gpt-5" }, adjustment("gone", "1")],
      chargeName: ({ chargeKey }) => (chargeKey === "calls" ? "Calls" : chargeKey),
    });
    assert.deepEqual(
      lines.map(({ description, originPeriod }) => [description, originPeriod]),
      [
        ["Calls (gpt-5)", null],
        ["Calls (gpt-5): volume tier correction", null],
        ["Calls (gpt-5): adjustment of the period 2026-10-01", "2026-10-01"],
        ["gone: adjustment of the period 2026-10-01", "2026-10-01"],
      ],
    );
  });

  test("works out each kind of line on those before it", () => {
    const percent = (charges: string[] | null, text: bigint): Discount => {
      const [key, value] = [`off-${text}`, { percent: (text * 10_000n) as Factor }];
      return { key, name: key, value, charges, from: null, until: null };
    };
    const named = { cardKey: "card", name: "A", minimumParts: [] };
    const { lines, total } = bill({
      terms: {
        ...NO_TERMS,
        fees: [{ ...named, feeKey: "base", amount: amount("20"), startMs: 0, endMs: 1 }],
        chargeBounds: [
          { ...named, chargeKey: "a", minimum: amount("30"), maximum: null },
          { ...named, chargeKey: "b", minimum: null, maximum: amount("50") },
          { ...named, chargeKey: "unused", minimum: amount("10"), maximum: null },
        ],
        ...{ discounts: [percent(["a"], 10n), percent(null, 50n)], maximum: amount("45") },
      },
      charges: [{ ...charge("a", "26"), included: 3n }, charge("b", "60", "70")],
      trials: [{ ...named, chargeKey: "a", cell: "", amount: amount("1") }],
      runs: [
        { cardKey: "card", cappedRuns: 2, cap: amount("-9"), raisedRuns: 1, minimum: amount("1") },
      ],
    });
    assert.deepEqual(lines, [
      "charge a 26 26",
      "included a 0 0",
      "charge b 60 60",
      "tier_correction b 10 10",
      "trial a -1 -1",
      "charge_minimum a 5 5",
      "charge_maximum b -20 -20",
      "charge_minimum unused 10 10",
      "fee base 20 20",
      "run_cap  -9 -9",
      "run_minimum  1 1",
      "discount off-10 -2.7 -2.7", // The cap takes 3.00 off "a".
      "discount off-50 -49.65 -49.65",
      "maximum  -4.65 -4.65",
    ]);
    assert.equal(total, "45");
  });

  test("in a currency that is not known is a defect", () => {
    assert.throws(() => buildStatement({ ...EMPTY, currency: "usd" }), /Invariant broken/);
  });
});

const arbitraryAmount = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 36n }),
  fc.bigInt({ min: 0n, max: 4000n }).map((thousandths) => thousandths * 10n ** 30n),
) as fc.Arbitrary<Amount>;
const signed = fc
  .tuple(arbitraryAmount, fc.boolean())
  .map(([value, isNegative]) => (isNegative ? -value : value) as Amount);

const option = fc.option(arbitraryAmount);
const bounds = { minimum: option, minimumParts: fc.constant([]), maximum: option };

const arbitraryTerms: fc.Arbitrary<PeriodTerms> = fc.record({
  ...bounds,
  cards: fc.constantFrom([], [{ key: "old", charges: [{ key: "b" }, { key: "a" }] }]),
  fees: fc.array(
    fc.record({
      cardKey: fc.constant("card"),
      feeKey: fc.constantFrom("fee", "seats"),
      name: fc.constant("Fee"),
      amount: arbitraryAmount,
      startMs: fc.constantFrom(0, 1),
      endMs: fc.constant(1),
    }),
    { maxLength: 2 },
  ),
  chargeBounds: fc.uniqueArray(
    fc.record({
      cardKey: fc.constant("card"),
      chargeKey: fc.constantFrom("a", "b"),
      name: fc.constant("Charge"),
      ...bounds,
    }),
    { maxLength: 2, selector: ({ chargeKey }) => chargeKey },
  ),
  discounts: fc.array(
    fc.record({
      key: fc.constant("discount"),
      name: fc.constant("Discount"),
      value: fc.oneof(
        fc.record({ amount: arbitraryAmount }),
        fc.record({ percent: fc.bigInt({ min: 0n, max: 10n ** 6n }) as fc.Arbitrary<Factor> }),
      ),
      charges: fc.option(fc.subarray(["a", "b", "fee"], { minLength: 1 })),
      from: fc.constant(null),
      until: fc.constant(null),
    }),
    { maxLength: 3 },
  ),
});

const arbitraryInput: fc.Arbitrary<StatementInput> = fc.record({
  customer: fc.constant("acme"),
  period: fc.constant(EMPTY.period),
  currency: fc.constantFrom("USD", "JPY", "KWD"),
  rounding: fc.constantFrom(...ROUNDING_MODES),
  credit: fc.constant(null),
  terms: arbitraryTerms,
  trials: fc.constant([]),
  runs: fc.array(
    fc.record({
      cardKey: fc.constantFrom("card", "old"),
      cappedRuns: fc.nat(),
      cap: arbitraryAmount.map((value) => -value as Amount),
      raisedRuns: fc.nat(),
      minimum: arbitraryAmount,
    }),
    { maxLength: 1 },
  ),
  charges: fc.uniqueArray(
    fc.record({
      cardKey: fc.constantFrom("card", "old"),
      chargeKey: fc.constantFrom("a", "b"),
      cell: fc.constantFrom("", "x"),
      name: fc.constant("Charge"),
      measure: fc.constantFrom("steps", "sum:cost"),
      quantity: fc.bigInt({ min: 1n, max: 10n ** 20n }),
      included: fc.bigInt({ min: 0n, max: 5n }),
      credits: fc.constant(null),
      correctionCredits: fc.constant(null),
      credit: fc.constant(null),
      conversions: fc.constant([]),
      running: arbitraryAmount,
      final: arbitraryAmount,
    }),
    {
      maxLength: 8,
      selector: (c) => [c.cardKey, c.chargeKey, c.cell, c.measure].join(),
    },
  ),
  adjustments: fc.array(
    fc.record({
      seq: fc.nat(),
      customer: fc.constant("acme"),
      bookedPeriod: fc.constant("2026-11-01"),
      originPeriod: fc.constantFrom("2026-09-01", "2026-10-01"),
      cardKey: fc.constant("card"),
      chargeKey: fc.constantFrom("a", "b"),
      cell: fc.constant(""),
      amount: signed,
      credits: fc.constant(null),
      reason: fc.constantFrom(...ADJUSTMENT_REASONS),
      run: fc.constant("r"),
      source: fc.constant("s"),
      id: fc.constant("e"),
    }),
    { maxLength: 8 },
  ),
});

const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n);

/** Cases of a law: a million where there is time. */
const runs = (few: number) => (process.env.TOLLGATE_TEST_FULL === "1" ? 1_000_000 : few);

describe("laws of a statement", () => {
  test("both columns add up to the total, to the last digit", () => {
    fc.assert(
      fc.property(arbitraryInput, (input) => {
        const { lines, total, totalExact } = buildStatement(input);
        assert.equal(sum(lines.map((line) => line.amountRounded)), total);
        assert.equal(sum(lines.map((line) => line.amountExact)), total);
        const billed = lines.filter(({ kind }) => kind !== "rounding");
        assert.equal(sum(billed.map((line) => line.amountExact)), totalExact);
      }),
      { numRuns: runs(1000) },
    );
  });

  test("no charge, correction or adjustment is lost", () => {
    fc.assert(
      fc.property(arbitraryInput, (input) => {
        const { lines } = buildStatement(input);
        const exact = (...kinds: string[]) =>
          sum(lines.filter(({ kind }) => kinds.includes(kind)).map((line) => line.amountExact));
        assert.equal(exact("charge"), sum(input.charges.map(({ running }) => running)));
        assert.equal(
          exact("charge", "tier_correction"),
          sum(input.charges.map(({ final }) => final)),
        );
        assert.equal(exact("adjustment"), sum(input.adjustments.map((one) => one.amount)));
      }),
      { numRuns: runs(500) },
    );
  });

  test("every rounded amount is a figure of the currency, less than one unit away", () => {
    fc.assert(
      fc.property(arbitraryInput, (input) => {
        const unit = 10n ** BigInt(33 - (currencyDecimals(input.currency) ?? 0));
        for (const { kind, amountExact, amountRounded } of buildStatement(input).lines) {
          assert.equal(amountRounded % unit, 0n);
          const away = amountRounded - amountExact;
          if (kind !== "rounding") assert.ok(away < unit && away > -unit);
        }
      }),
      { numRuns: runs(100) },
    );
  });

  test("the order of the input does not matter", () => {
    const inTwoOrders = arbitraryInput.chain((input) =>
      fc.record({
        input: fc.constant(input),
        charges: fc.shuffledSubarray([...input.charges], { minLength: input.charges.length }),
        adjustments: fc.shuffledSubarray([...input.adjustments], {
          minLength: input.adjustments.length,
        }),
      }),
    );
    fc.assert(
      fc.property(inTwoOrders, ({ input, charges, adjustments }) => {
        const other = buildStatement({ ...input, charges, adjustments });
        assert.deepEqual(other, buildStatement(input));
      }),
      { numRuns: runs(100) },
    );
  });

  test("charges that miss a minimum of whole figures come to exactly that minimum", () => {
    fc.assert(
      fc.property(arbitraryInput, fc.bigInt({ min: 1n, max: 10n ** 4n }), (made, whole) => {
        const minimum = (whole * 10n ** 33n) as Amount;
        const plain = { ...made.terms, minimum: null, maximum: null };
        const input = { ...made, terms: plain, adjustments: [] };
        const { total } = buildStatement({ ...input, terms: { ...plain, minimum } });
        assert.ok(total >= minimum);
        const { total: without } = buildStatement(input);
        assert.equal(total, without > minimum ? without : minimum);
      }),
      { numRuns: runs(100) },
    );
  });

  test("discounts never make a bill negative, nor more than it was", () => {
    fc.assert(
      fc.property(arbitraryInput, (made) => {
        const plain = { ...made.terms, minimum: null, maximum: null };
        const input = { ...made, terms: plain, adjustments: [] };
        const { total } = buildStatement(input);
        const { total: full } = buildStatement({ ...input, terms: { ...plain, discounts: [] } });
        assert.ok(total <= full && (total >= 0n || total === full));
      }),
      { numRuns: runs(500) },
    );
  });
});
