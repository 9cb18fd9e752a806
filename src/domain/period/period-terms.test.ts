import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatAmount } from "../money/decimal.ts";
import { parseRateCard } from "../rating/parse-rate-card.ts";
import type { RateCard } from "../rating/rate-card.ts";
import { type CardSpan, NO_TERMS, periodTerms, type TermsInput } from "./period-terms.ts";

const DAY_MS = 86_400_000;
const PERIOD = { key: "2026-11-01", startMs: 0, endMs: 30 * DAY_MS };

function cardOf(terms: object, key = "card"): RateCard {
  const charge = { key: "c", meter: { count: "steps" }, price: { model: "per_unit", unit: "1" } };
  const parsed = parseRateCard({ key, currency: "USD", charges: [charge], ...terms });
  assert.ok("card" in parsed);
  return parsed.card;
}

const span = (card: RateCard, from: number, to: number): CardSpan => {
  return { card, startMs: from * DAY_MS, endMs: to * DAY_MS };
};

function termsOf(spans: CardSpan[], startedAtMs: number | null = null) {
  const terms = periodTerms({ period: PERIOD, spans, startedAtMs });
  const text = (bound: Parameters<typeof formatAmount>[0] | null) =>
    bound === null ? null : formatAmount(bound);
  return {
    fees: terms.fees.map(({ feeKey, amount, startMs, endMs }) => {
      return `${feeKey} ${formatAmount(amount)} ${startMs / DAY_MS}-${endMs / DAY_MS}`;
    }),
    bounds: terms.chargeBounds.map((one) => [text(one.minimum), text(one.maximum)]),
    discounts: terms.discounts.map(({ key }) => key),
    minimum: text(terms.minimum),
    maximum: text(terms.maximum),
  };
}

const fee = (amount: string, prorate = true) => ({ fees: [{ key: "base", amount, prorate }] });

describe("the terms of a period", () => {
  test("without a card are none", () => {
    assert.deepEqual(periodTerms({ period: PERIOD, spans: [], startedAtMs: null }), NO_TERMS);
  });

  test("a fee is owed for the part of the period that has it", () => {
    assert.deepEqual(termsOf([span(cardOf(fee("49")), 0, 30)]).fees, ["base 49 0-30"]);
    assert.deepEqual(termsOf([span(cardOf(fee("49")), 10, 30)]).fees, ["base 32.67 10-30"]);
    const changed = [span(cardOf(fee("49")), 0, 10), span(cardOf(fee("99")), 10, 30)];
    assert.deepEqual(termsOf(changed).fees, ["base 16.33 0-10", "base 66 10-30"]);
  });

  test("a fee that goes on under a new version is one part", () => {
    const same = [span(cardOf(fee("49")), 0, 10), span(cardOf(fee("49")), 10, 30)];
    assert.deepEqual(termsOf(same).fees, ["base 49 0-30"]);
  });

  test("fees stand as their card lists them, all parts of one before the next", () => {
    const two = (amount: string) => ({
      fees: [
        { key: "z", amount },
        { key: "a", amount: "10" },
      ],
    });
    const changed = [span(cardOf(two("30")), 0, 10), span(cardOf(two("60")), 10, 30)];
    assert.deepEqual(termsOf(changed).fees, ["z 10 0-10", "z 40 10-30", "a 10 0-30"]);
    const dropped = [span(cardOf(two("30")), 0, 15), span(cardOf(fee("8")), 15, 30)];
    assert.deepEqual(termsOf(dropped).fees, ["base 4 15-30", "a 5 0-15", "z 15 0-15"]);
  });

  test("a fee that is not prorated is owed once, in full, for the whole period", () => {
    const changed = [
      span(cardOf(fee("49", false)), 5, 10),
      span(cardOf({}), 10, 20),
      span(cardOf(fee("49", false)), 20, 30),
    ];
    assert.deepEqual(termsOf(changed).fees, ["base 49 0-30"]);
  });

  test("minimums are owed for their part, maximums by the last card in full", () => {
    const bounds = (minimum: string, maximum: string) => ({ minimum, maximum });
    const spans = [
      span(cardOf(bounds("30", "50")), 0, 10),
      span(cardOf(bounds("60", "90")), 10, 30),
    ];
    assert.deepEqual(termsOf(spans).minimum, "50", "10 + 40");
    assert.deepEqual(termsOf(spans).maximum, "90");
    const half = [span(cardOf(bounds("30", "50")), 15, 30)];
    assert.deepEqual(termsOf(half).minimum, "15");
  });

  test("a minimum that is not of the whole period says for which parts it is", () => {
    const partsOf = (spans: CardSpan[], startedAtMs: number | null = null) =>
      periodTerms({ period: PERIOD, spans, startedAtMs }).minimumParts.map(
        ({ amount, spans: times }) => {
          const told = times.map(({ startMs, endMs }) => `${startMs / DAY_MS}-${endMs / DAY_MS}`);
          return `${formatAmount(amount)} ${told.join(" ")}`;
        },
      );
    const [thirty, sixty] = [cardOf({ minimum: "30" }), cardOf({ minimum: "60" }, "other")];
    assert.deepEqual(partsOf([span(thirty, 0, 30)]), []);
    const again = [span(thirty, 0, 10), span(thirty, 10, 30)];
    assert.deepEqual(partsOf(again), [], "a new version leaves it as it is");
    assert.deepEqual(partsOf([span(thirty, 15, 30)]), ["15 15-30"]);
    const there = [span(thirty, 0, 5), span(sixty, 5, 20), span(thirty, 20, 30)];
    assert.deepEqual(partsOf(there), ["15 0-5 20-30", "30 5-20"]);
    const trial = cardOf({ minimum: "60", trial: { days: 10 } });
    assert.deepEqual(partsOf([span(trial, 0, 30)], 0), ["40 10-30"]);
    const free = cardOf({ minimum: "60", trial: { days: 90 } });
    assert.deepEqual(partsOf([span(free, 0, 30)], 0), [], "nothing of it is owed");
  });

  test("a charge's bounds are those of its own card", () => {
    const charge = (minimum: string, maximum: string) => {
      const base = { key: "c", meter: { count: "steps" }, price: { model: "per_unit", unit: "1" } };
      return { charges: [{ ...base, minimum, maximum }] };
    };
    const spans = [
      span(cardOf(charge("30", "40"), "old"), 0, 10),
      span(cardOf(charge("60", "70")), 10, 30),
    ];
    assert.deepEqual(termsOf(spans).bounds, [
      ["10", "40"],
      ["40", "70"],
    ]);
    assert.deepEqual(termsOf([span(cardOf({}), 0, 30)]).bounds, []);
  });

  test("discounts apply by the date on which the period starts", () => {
    const discounts = [
      { key: "always", percent: "1" },
      { key: "now", percent: "1", from: "2026-11-01", until: "2026-11-02" },
      { key: "later", percent: "1", from: "2026-11-02" },
      { key: "before", percent: "1", until: "2026-11-01" },
    ];
    assert.deepEqual(termsOf([span(cardOf({ discounts }), 0, 30)]).discounts, ["always", "now"]);
  });

  test("a trial owes no fee and no minimum", () => {
    const card = cardOf({ ...fee("30"), minimum: "60", trial: { days: 10 } });
    const { fees, minimum } = termsOf([span(card, 0, 30)], 0);
    assert.deepEqual([fees, minimum], [["base 20 10-30"], "40"]);
    assert.deepEqual(termsOf([span(card, 0, 30)], -20 * DAY_MS).minimum, "60");
    const named = cardOf({ ...fee("30"), minimum: "60", trial: { days: 10, charges: ["base"] } });
    const some = termsOf([span(named, 0, 30)], 0);
    assert.deepEqual([some.fees, some.minimum], [["base 20 10-30"], "60"]);
    const whole = cardOf({ ...fee("30"), trial: { days: 90 } });
    assert.deepEqual(termsOf([span(whole, 0, 30)], 0).fees, []);
  });

  test("however often a card changes, an unchanged fee adds up to itself", () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: PERIOD.endMs - 1 }), { maxLength: 6 });
    const amount = fc.bigInt({ min: 0n, max: 10n ** 8n }).map((cents) => `${cents}e-2`);
    fc.assert(
      fc.property(cuts, amount, (all, text) => {
        const ends = [...all.toSorted((a, b) => a - b), PERIOD.endMs];
        const spans = ends.map((endMs, index): CardSpan => {
          const card = cardOf(fee(text), `card-${index}`);
          return { card, startMs: ends[index - 1] ?? 0, endMs };
        });
        const input: TermsInput = { period: PERIOD, spans, startedAtMs: null };
        const owed = periodTerms(input).fees.reduce((sum, part) => sum + part.amount, 0n);
        assert.equal(owed, cardOf(fee(text)).fees[0]?.amount);
      }),
    );
  });
});
