import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Amount } from "../money/decimal.ts";
import type { RateCard, RateCardVersion, TakesEffect } from "../rating/rate-card.ts";
import { type CardHistory, cardKeyAt, customerSpans, withCardFrom } from "./customer-cards.ts";
import { periodTerms } from "./period-terms.ts";

const PERIOD = { key: "2026-11-01", startMs: 1_000, endMs: 2_000 };
const FEE = { key: "base", name: "Base", amount: (49n * 10n ** 33n) as Amount, isProrated: true };

function cardOf(key: string): RateCard {
  const bounds = { minimum: null, maximum: null, runMinimum: null, runCap: null };
  const lists = { charges: [], fees: [FEE], discounts: [] };
  return {
    key,
    currency: "USD",
    ...lists,
    ...bounds,
    credit: null,
    trial: null,
    entitlements: null,
    rounding: "up",
  };
}

function version(key: string, effectiveFromMs: number, takesEffect: TakesEffect = "at_once") {
  const about = { id: effectiveFromMs + 1, version: 1, recordedAtMs: 0, document: "" };
  return { ...about, effectiveFromMs, takesEffect, card: cardOf(key), override: null };
}

const versionsOf = (cardKey: string | null): RateCardVersion[] => [version(cardKey ?? "main", 0)];

const spansOf = (history: CardHistory, startedAtMs = 0) =>
  customerSpans({ ...history, startedAtMs }, PERIOD, versionsOf).map(
    ({ card, startMs, endMs }) => `${card.key} ${startMs}-${endMs}`,
  );

const ONE: CardHistory = { cardKey: "a", formerCards: [] };

describe("the cards of a customer", () => {
  test("follow one another from an instant on", () => {
    const two = withCardFrom(ONE, { cardKey: "b", fromMs: 1_400 });
    assert.deepEqual([cardKeyAt(two, 1_399), cardKeyAt(two, 1_400)], ["a", "b"]);
    assert.deepEqual(spansOf(two), ["a 1000-1400", "b 1400-2000"]);
  });

  test("are one where the same card goes on", () => {
    assert.deepEqual(withCardFrom(ONE, { cardKey: "a", fromMs: 1_400 }), ONE);
  });

  test("forget what was to come", () => {
    const later = withCardFrom(ONE, { cardKey: "b", fromMs: 1_800 });
    assert.deepEqual(spansOf(withCardFrom(later, { cardKey: null, fromMs: 1_200 })), [
      "a 1000-1200",
      "main 1200-2000",
    ]);
    assert.deepEqual(withCardFrom(later, { cardKey: "a", fromMs: 1_800 }), ONE);
  });

  test("count from the customer's start, and whole in a period that was over before it", () => {
    assert.deepEqual(spansOf(ONE, 1_300), ["a 1300-2000"]);
    assert.deepEqual(spansOf(ONE, 2_000), ["a 1000-2000"]);
  });

  test("take a version that waits with the period after it", () => {
    const versions = [version("a", 0), version("a", 1_100, "next_period"), version("a", 1_600)];
    const spans = (from: { startMs: number; endMs: number }) =>
      customerSpans({ ...ONE, startedAtMs: 0 }, { key: "k", ...from }, () => versions).map(
        ({ startMs, endMs }) => `${startMs}-${endMs}`,
      );
    assert.deepEqual(spans(PERIOD), ["1000-1600", "1600-2000"]);
    assert.deepEqual(spans({ startMs: 1_100, endMs: 1_500 }), ["1100-1500"]);
  });

  const changes = fc.array(
    fc.record({
      cardKey: fc.constantFrom("a", "b", "c", null),
      fromMs: fc.integer({ min: 900, max: 2_100 }),
    }),
    { maxLength: 30 },
  );

  test("lose nothing: however often the card changes, the period and its fee are covered", () => {
    fc.assert(
      fc.property(changes, (all) => {
        const history = all.reduce(withCardFrom, ONE);
        const ends = history.formerCards.map(({ untilMs }) => untilMs);
        assert.deepEqual(
          ends,
          [...new Set(ends)].sort((a, b) => a - b),
        );
        const spans = customerSpans({ ...history, startedAtMs: 0 }, PERIOD, versionsOf);
        assert.deepEqual([spans[0]?.startMs, spans.at(-1)?.endMs], [1_000, 2_000]);
        for (const [index, span] of spans.entries()) {
          assert.equal(span.card.key, cardKeyAt(history, span.startMs) ?? "main");
          assert.equal(span.endMs, spans[index + 1]?.startMs ?? 2_000);
        }
        const { fees } = periodTerms({ period: PERIOD, spans, startedAtMs: 0 });
        assert.equal(
          fees.reduce((sum, { amount }) => sum + amount, 0n),
          FEE.amount,
        );
      }),
    );
  });

  test("of an instant do not depend on changes after it", () => {
    fc.assert(
      fc.property(changes, fc.integer({ min: 0, max: 3_000 }), (all, atMs) => {
        const before = all.reduce(withCardFrom, ONE);
        const after = withCardFrom(before, { cardKey: "d", fromMs: atMs });
        assert.equal(cardKeyAt(after, atMs - 1), cardKeyAt(before, atMs - 1));
        assert.equal(cardKeyAt(after, atMs), "d");
      }),
    );
  });
});
