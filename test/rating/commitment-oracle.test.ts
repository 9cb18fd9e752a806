/** Statements with commitments against an oracle that was written from their definition. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { present } from "../../src/domain/assert.ts";
import { currencyDecimals } from "../../src/domain/money/currency.ts";
import { type Amount, formatAmount, parseAmount } from "../../src/domain/money/decimal.ts";
import type { Commitment } from "../../src/domain/period/commitment.ts";
import type { CommitmentInput } from "../../src/domain/period/commitment-draw.ts";
import { parseCommitments } from "../../src/domain/period/parse-commitments.ts";
import { periodTerms } from "../../src/domain/period/period-terms.ts";
import { buildStatement } from "../../src/domain/period/statement.ts";
import { arbitraryCard } from "../../src/domain/rating/arbitraries.test.ts";
import { parseRateCard } from "../../src/domain/rating/parse-rate-card.ts";
import type { RateCard } from "../../src/domain/rating/rate-card.ts";
import { rateCardDocument } from "../../src/domain/rating/rate-card-document.ts";
import type { CommitmentText } from "./commitment-oracle.ts";
import { type Counted, Exact } from "./price-oracle.ts";
import { statementLines } from "./statement-oracle.ts";
import type { CardText } from "./terms-oracle.ts";

const RUNS = process.env.TOLLGATE_TEST_FULL === "1" ? 100_000 : 400;
const PERIOD = { key: "2026-11-01", startMs: 0, endMs: 30 * 86_400_000 };

const KEYS = ["a", "b", "c"];
const whole = fc.integer({ min: 1, max: 400 }).map(String);

/** Per unit, so that the terms beside the charges are what is tried; they are of any card. */
const arbitraryFacts = fc.record({
  card: arbitraryCard.map((card): RateCard => {
    const price = { model: "per_unit", unit: "0.125" };
    const charges = KEYS.map((key) => ({ key, meter: { count: "steps" }, price }));
    const terms = JSON.parse(rateCardDocument(card)) as CardText;
    const discounts = terms.discounts?.map(({ charges: _, ...discount }) => discount) ?? [];
    const [first, ...others] = discounts;
    const some = first === undefined ? [] : [{ ...first, charges: ["a", "b"] }, ...others];
    const { minimum, maximum, fees } = terms;
    const document = { key: "k", currency: "USD", charges, minimum, maximum, fees };
    const parsed = parseRateCard({ ...document, discounts: some });
    const plain = parseRateCard({ key: "k", currency: "USD", charges });
    const read = "card" in parsed ? parsed : plain;
    return present("card" in read ? read.card : undefined, "card");
  }),
  quantities: fc.tuple(...KEYS.map(() => fc.integer({ min: 0, max: 3_000 }))),
  selections: fc.constantFrom<(readonly string[] | null)[]>(
    [["a"], ["a", "b"], null],
    [["a"], ["b", "c"], null],
    [["b", "a"], ["c"]],
    [null, null],
    [["c"]],
    [null],
  ),
  terms: fc.array(
    fc.record({
      kind: fc.constantFrom("prepaid", "minimum"),
      amount: whole,
      overagePercent: fc.constantFrom(null, "120", "80", "0", "133.3333"),
      isLast: fc.boolean(),
      usedBefore: whole,
    }),
    { minLength: 3, maxLength: 3 },
  ),
});

type Facts = typeof arbitraryFacts extends fc.Arbitrary<infer T> ? T : never;

function textsOf({ selections, terms }: Facts): CommitmentText[] {
  return selections.map((charges, index) => {
    return { key: `c${index}`, charges, ...present(terms[index], "terms") };
  });
}

const amount = (text: string) => parseAmount(text) as Amount;

function inputOf(texts: readonly CommitmentText[]): CommitmentInput {
  const time = { per: "contract", from: "2026-01-01", until: "2027-01-01" };
  const documents = texts.map(({ isLast: _, usedBefore: _before, ...text }) => ({
    ...text,
    ...time,
  }));
  const parsed = parseCommitments({ commitments: documents }, "USD");
  const read: readonly Commitment[] = "commitments" in parsed ? parsed.commitments : [];
  assert.equal(read.length, texts.length);
  const lastOf = ({ isLast }: CommitmentText) => (isLast ? PERIOD.key : "2026-12-01");
  return {
    commitments: read.map((one, index) => {
      return { ...one, lastPeriod: lastOf(present(texts[index], "text")) };
    }),
    before: texts.map(({ key, usedBefore, amount: most }) => {
      const [usage, all] = [amount(usedBefore), amount(most)];
      const about = { key, period: null, statementPeriod: "2026-10-01", trueUp: amount("0") };
      return { ...about, usage, drawn: usage < all ? usage : all };
    }),
    closed: new Set(),
  };
}

function built(facts: Facts) {
  const { card, quantities } = facts;
  return buildStatement({
    ...{ customer: "acme", period: PERIOD, currency: "USD", rounding: card.rounding, credit: null },
    terms: periodTerms({
      period: PERIOD,
      spans: [{ card, startMs: 0, endMs: PERIOD.endMs }],
      startedAtMs: null,
    }),
    charges: KEYS.map((chargeKey, index) => {
      const units = BigInt(quantities[index] ?? 0);
      const cost = (units * amount("0.125")) as Amount;
      const about = { cardKey: "k", chargeKey, cell: "", name: chargeKey, conversions: [] };
      const counted = {
        quantity: units * 10n ** 9n,
        included: 0n,
        measure: "steps",
        credits: null,
        correctionCredits: null,
        credit: null,
      };
      return { ...about, ...counted, running: cost, final: cost };
    }),
    ...{ trials: [], runs: [], adjustments: [], commitments: inputOf(textsOf(facts)) },
  });
}

describe("a statement with commitments, by an oracle of its own", () => {
  test("has the lines that the definition says, in their order", () => {
    const property = fc.property(arbitraryFacts, (facts) => {
      const { card, quantities } = facts;
      const text = JSON.parse(rateCardDocument(card)) as CardText;
      const counts = text.charges.map((charge, index): Counted => {
        return { charge, cell: "", total: new Exact(quantities[index] ?? 0), creditPrice: "0" };
      });
      const wanted = statementLines({
        ...{ period: PERIOD, startedAtMs: null, mode: card.rounding, runs: [] },
        spans: [{ card: text, startMs: 0, endMs: PERIOD.endMs }],
        decimals: present(currencyDecimals("USD"), "decimals"),
        counts,
        commitments: textsOf(facts),
      });
      const { lines, total } = built(facts);
      const shown = lines.filter(({ kind }) => !["included", "rounding"].includes(kind));
      assert.deepEqual(
        shown.map(({ kind, chargeKey, amountExact, amountRounded }) => {
          return [kind, chargeKey, formatAmount(amountExact), formatAmount(amountRounded)].join(
            " ",
          );
        }),
        wanted.map(({ kind, key, exact, rounded }) => {
          return [kind, key, exact.toFixed(), rounded.toFixed()].join(" ");
        }),
      );
      const sum = lines.reduce((all, line) => all + line.amountExact, 0n);
      assert.equal(sum, total, "both columns add up");
    });
    fc.assert(property, { numRuns: RUNS });
  });
});
