/**
 * Rating against an oracle that was written from the card's definition with decimal.js. A few
 * hundred cases run with `npm test`, fifty times as many where TOLLGATE_TEST_FULL is set.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { present } from "../../src/domain/assert.ts";
import { currencyDecimals } from "../../src/domain/money/currency.ts";
import {
  type Amount,
  type Factor,
  formatAmount,
  parseAmount,
} from "../../src/domain/money/decimal.ts";
import { periodTerms } from "../../src/domain/period/period-terms.ts";
import { runCorrection, sumRunCorrections } from "../../src/domain/period/run-bounds.ts";
import { buildStatement } from "../../src/domain/period/statement.ts";
import {
  arbitraryCard,
  arbitraryCharge,
  arbitraryQuantity,
} from "../../src/domain/rating/arbitraries.test.ts";
import { advance, type Counter, closeCounter } from "../../src/domain/rating/counter.ts";
import { compileCard } from "../../src/domain/rating/meter.ts";
import { isCostMeter } from "../../src/domain/rating/meter-fields.ts";
import { parseRateCard } from "../../src/domain/rating/parse-rate-card.ts";
import type { Charge, RateCard } from "../../src/domain/rating/rate-card.ts";
import { rateCardDocument } from "../../src/domain/rating/rate-card-document.ts";
import { type Counted, Exact, finalCost, runningCost } from "./price-oracle.ts";
import { statementLines } from "./statement-oracle.ts";
import type { CardText } from "./terms-oracle.ts";

const IS_FULL = process.env.TOLLGATE_TEST_FULL === "1";
const RUNS = IS_FULL ? 50_000 : 400;

const textOf = (card: RateCard) => JSON.parse(rateCardDocument(card)) as CardText;
const DATED = { effectiveFromMs: 0, takesEffect: "at_once", recordedAtMs: 0 } as const;
const ABOUT = { id: 1, version: 1, ...DATED, document: "", override: null };
const compiled = (card: RateCard) => compileCard({ ...ABOUT, card });

function cellsOf({ price }: Charge): string[] {
  if (price.model === "percentage") return ["", "fixed"];
  if (price.model !== "matrix") return [""];
  const cells = Object.keys(price.cells).slice(0, 2).sort();
  return price.otherwise === null ? cells : [...cells, "*"];
}

/** A card whose charges are not in the order of their keys: a statement keeps that of the card. */
const inAnyOrder = arbitraryCard.chain((card) =>
  fc
    .shuffledSubarray([...card.charges], { minLength: card.charges.length })
    .map((charges) => ({ ...card, charges })),
);

/** Quantities of each cell of each charge, in the order of a statement. */
const arbitraryUse = inAnyOrder.chain((card) => {
  const cells = card.charges.flatMap((charge, index) =>
    cellsOf(charge).map((cell) => ({ charge, index, cell })),
  );
  const quantities = fc.array(arbitraryQuantity, { minLength: 1, maxLength: 6 });
  const use = cells.map((at) => quantities.map((moves) => ({ ...at, moves })));
  return fc.record({ card: fc.constant(card), use: fc.tuple(...use) });
});

type Use = typeof arbitraryUse extends fc.Arbitrary<infer T> ? T : never;

function moved({ card, use }: Use, at: number) {
  const { charge, cell, moves } = present(use[at], "use");
  const price = compiled(card).segmentPrice(charge.key, cell);
  const priceOf = () => price;
  // A cost has 33 places.
  const scale = isCostMeter(charge.meter) ? 10n ** 20n : 1n;
  let counter: Counter | undefined;
  let marginals = 0n;
  for (const quantity of moves) {
    const delta = quantity * scale;
    const advanced = advance(counter, { cardVersionId: 1, delta }, priceOf);
    assert.ok(advanced.marginal >= 0n, "no step takes money off under one version");
    counter = advanced.counter;
    marginals += advanced.marginal;
  }
  return { counter: present(counter, "counter"), marginals, priceOf };
}

function countedAt({ card, use }: Use, at: number): Counted {
  const { charge, index, cell, moves } = present(use[at], "use");
  const total = moves.reduce<bigint>((sum, quantity) => sum + quantity, 0n);
  const isCost = isCostMeter(charge.meter);
  const document = textOf(card);
  return {
    charge: present(document.charges[index], "charge"),
    cell,
    total: new Exact(total).div(new Exact(10).pow(isCost ? 33 - 20 : 9)),
    creditPrice: document.credit?.price ?? "0",
  };
}

/** A card without a term beside its charges. */
const PLAIN_CARD: RateCard = {
  ...{ key: "card", currency: "USD", charges: [], fees: [], discounts: [], trial: null },
  ...{ minimum: null, maximum: null, runMinimum: null, runCap: null, entitlements: null },
  ...{ credit: { name: "tokens", price: 250_000n as Factor }, rounding: "half_even" },
};

const exact = (amount: bigint) => formatAmount(amount as Amount);

describe("rating by an oracle of its own", () => {
  test("shares add up to what the definition says, and so does the close", () => {
    const property = fc.property(arbitraryUse, (made) => {
      for (const [at, { charge }] of made.use.entries()) {
        const { counter, marginals, priceOf } = moved(made, at);
        const counted = countedAt(made, at);
        assert.equal(exact(marginals), runningCost(counted).toFixed(), charge.price.model);
        const [count] = closeCounter(counter, priceOf);
        assert.equal(exact(count?.running ?? 0n), runningCost(counted).toFixed());
        assert.equal(exact(count?.final ?? 0n), finalCost(counted).toFixed(), charge.price.model);
      }
    });
    fc.assert(property, { numRuns: RUNS });
  });

  test("one batch, and any order, come to the same", () => {
    const property = fc.property(arbitraryUse, (made) => {
      const sum = (moves: readonly bigint[]) => [moves.reduce((all, one) => all + one, 0n)];
      const batch = made.use.map((one) => ({ ...one, moves: sum(one.moves) as typeof one.moves }));
      const turned = made.use.map((one) => ({ ...one, moves: one.moves.toReversed() }));
      for (const at of made.use.keys()) {
        const { counter } = moved(made, at);
        assert.deepEqual(moved({ ...made, use: batch } as Use, at).counter, counter);
        assert.deepEqual(moved({ ...made, use: turned } as Use, at).counter, counter);
      }
    });
    fc.assert(property, { numRuns: RUNS });
  });

  // A charge by itself is cheap to make: here are as many as nobody would make whole cards of.
  test("one charge of any kind has the shares and the final amount of its definition", () => {
    const moves = fc.array(arbitraryQuantity, { minLength: 1, maxLength: 4 });
    const made = fc.tuple(arbitraryCharge, moves, fc.nat());
    const property = fc.property(made, ([unnamed, quantities, at]) => {
      const charge: Charge = { ...unnamed, key: "c", name: "c", settlesAfterHours: null };
      const cells = cellsOf(charge);
      const cell = present(cells[at % cells.length], "cell");
      const card = { ...PLAIN_CARD, charges: [charge] };
      const one = { card, use: [{ charge, index: 0, cell, moves: quantities }] } as Use;
      const { counter, marginals, priceOf } = moved(one, 0);
      const counted = countedAt(one, 0);
      const running = runningCost(counted).toFixed();
      assert.equal(exact(marginals), running);
      const [count] = closeCounter(counter, priceOf);
      assert.equal(exact(count?.running ?? 0n), running);
      assert.equal(exact(count?.final ?? 0n), finalCost(counted).toFixed());
      if (count === undefined) return;
      const { credits, correctionCredits } = count;
      const inCredits = { ...counted, creditPrice: "1" };
      const [burned, owed] = [runningCost(inCredits), finalCost(inCredits)];
      const wanted = charge.inCredits ? [burned.toFixed(), owed.minus(burned).toFixed()] : [];
      assert.deepEqual(
        [credits, correctionCredits].filter((one) => one !== null).map(exact),
        wanted,
      );
    });
    fc.assert(property, { numRuns: IS_FULL ? 1_000_000 : 1_000 });
  });

  test("ten million units at 0.0000001 are exactly 1", () => {
    const price = { model: "per_unit", unit: "0.0000001" };
    const charges = [{ key: "c", meter: { count: "steps" }, price }];
    const parsed = parseRateCard({ key: "k", currency: "USD", charges });
    assert.ok("card" in parsed);
    const only = compiled(parsed.card).segmentPrice("c", "");
    let counter: Counter | undefined;
    let sum = 0n;
    // One by one where there is time, else in a hundred thousand steps of a hundred units.
    const units = IS_FULL ? 1n : 100n;
    for (let left = 10_000_000n; left > 0n; left -= units) {
      const move = { cardVersionId: 1, delta: units * 10n ** 9n };
      const advanced = advance(counter, move, () => only);
      counter = advanced.counter;
      sum += advanced.marginal;
    }
    assert.equal(exact(sum), "1");
    assert.equal(exact(counter?.amount ?? 0n), "1");
  });
});

const PERIOD = { key: "2026-11-01", startMs: 0, endMs: 30 * 86_400_000 };
const money = fc.bigInt({ min: 0n, max: 10n ** 7n }).map((mills) => exact(mills * 10n ** 30n));

/** One to three cards in a period, the last of them with usage. */
const arbitraryPeriod = fc.record({
  made: arbitraryUse,
  earlier: fc.array(inAnyOrder, { maxLength: 2 }),
  cuts: fc.uniqueArray(fc.integer({ min: 1, max: PERIOD.endMs - 1 }), {
    minLength: 3,
    maxLength: 3,
  }),
  isWhole: fc.boolean(),
  startedAtMs: fc.option(fc.integer({ min: -60 * 86_400_000, max: PERIOD.endMs })),
  runs: fc.array(fc.record({ before: money, charge: money }), { maxLength: 4 }),
});

type Period = typeof arbitraryPeriod extends fc.Arbitrary<infer T> ? T : never;

function spansOf({ made, earlier, cuts, isWhole }: Period) {
  const { currency } = made.card;
  const cards = [...earlier.map((card) => ({ ...card, currency })), made.card];
  const starts = cuts.toSorted((a, b) => a - b).slice(0, cards.length);
  if (isWhole) starts[0] = 0;
  return cards.map((card, index) => {
    const startMs = starts[index] ?? 0;
    return { card, startMs, endMs: starts[index + 1] ?? PERIOD.endMs };
  });
}

function built(facts: Period) {
  const { made, runs, startedAtMs } = facts;
  const { card, use } = made;
  const spans = spansOf(facts);
  const amount = (text: string) => parseAmount(text) as Amount;
  const corrections = runs.map(({ before, charge }) => {
    const total = { before: amount(before), charge: amount(charge) };
    return runCorrection({ ...total, isEnded: false, wasEnded: false }, card);
  });
  return buildStatement({
    customer: "acme",
    period: PERIOD,
    currency: card.currency,
    rounding: card.rounding,
    credit: card.credit,
    terms: periodTerms({ period: PERIOD, spans, startedAtMs }),
    charges: use.flatMap(({ charge, cell }, at) => {
      const { counter, priceOf } = moved(made, at);
      const about = { cardKey: card.key, chargeKey: charge.key, cell, name: "", conversions: [] };
      return closeCounter(counter, priceOf).map((count) => ({ ...count, ...about }));
    }),
    trials: [],
    runs: [sumRunCorrections(card.key, corrections)],
    adjustments: [],
  });
}

describe("a statement by an oracle of its own", () => {
  test("has the lines that the definition says, and comes to their sum", () => {
    const property = fc.property(arbitraryPeriod, (facts) => {
      const { made, runs, startedAtMs } = facts;
      const statement = built(facts);
      const wanted = statementLines({
        ...{ period: PERIOD, runs, startedAtMs, mode: made.card.rounding },
        spans: spansOf(facts).map((span) => ({ ...span, card: textOf(span.card) })),
        decimals: present(currencyDecimals(made.card.currency), "decimals"),
        counts: made.use.map((_, at) => countedAt(made, at)),
      });
      const shown = statement.lines.filter(({ kind }) => !["included", "rounding"].includes(kind));
      assert.deepEqual(
        shown.map((line) => {
          const amounts = [exact(line.amountExact), exact(line.amountRounded)];
          return [line.kind, line.chargeKey, ...amounts].join(" ");
        }),
        wanted.map((line) => {
          return [line.kind, line.key, line.exact.toFixed(), line.rounded.toFixed()].join(" ");
        }),
      );
      const total = wanted.reduce((all, { rounded }) => all.plus(rounded), new Exact(0));
      assert.equal(exact(statement.total), total.toFixed());
    });
    fc.assert(property, { numRuns: RUNS });
  });

  test("adds up to the last digit in both columns", () => {
    const property = fc.property(arbitraryPeriod, (facts) => {
      const { lines, total } = built(facts);
      const sum = (amounts: readonly bigint[]) => amounts.reduce((all, one) => all + one, 0n);
      assert.equal(sum(lines.map(({ amountExact }) => amountExact)), total);
      assert.equal(sum(lines.map(({ amountRounded }) => amountRounded)), total);
    });
    fc.assert(property, { numRuns: RUNS });
  });
});
