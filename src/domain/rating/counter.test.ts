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
import { arbitraryMarkup, arbitraryPriceModel, arbitraryQuantity } from "./arbitraries.test.ts";
import {
  advance,
  type Counter,
  closeCounter,
  EMPTY_COUNTER,
  type Move,
  type PriceOfVersion,
  runningTotal,
  type SegmentPrice,
  segmentsOf,
} from "./counter.ts";
import { chargePrice, finalAmountAt, NO_CELL, priceFunction } from "./price-model.ts";
import type { PriceModel } from "./rate-card.ts";

/** Cases of each law of a counter. */
const LAW_RUNS = process.env.TOLLGATE_TEST_FULL === "1" ? 1_000_000 : 1_000;

const price = (text: string) => parsePrice(text) as Price;
const quantity = (text: string) => parseQuantity(text) as Quantity;
const FREE = 0n as Price;

function segmentPrice(model: PriceModel, effectiveFromMs: number, measure = "steps"): SegmentPrice {
  return { effectiveFromMs, measure, price: priceFunction(model, NO_CELL) };
}

/** Versions 1, 2, …, each in force from its own place in the list. */
function pricesOf(...models: PriceModel[]): PriceOfVersion {
  const prices = models.map((model, index) => segmentPrice(model, index));
  return (version) => prices[version - 1] ?? segmentPrice(models[0] as PriceModel, 0);
}

function play(moves: readonly Move[], priceOf: PriceOfVersion) {
  let counter: Counter | undefined;
  let sum = 0n;
  for (const move of moves) {
    const advanced = advance(counter, move, priceOf);
    counter = advanced.counter;
    sum += advanced.marginal;
  }
  return { counter: counter ?? EMPTY_COUNTER, sum };
}

const graduated = (unit: string, next: string): PriceModel => ({
  model: "graduated",
  tiers: [
    { upTo: quantity("100"), unit: price(unit), flat: FREE },
    { upTo: null, unit: price(next), flat: FREE },
  ],
});
const volume = (unit: string, next: string, flat = "0"): PriceModel => ({
  model: "volume",
  tiers: [
    { upTo: quantity("100"), unit: price(unit), flat: FREE },
    { upTo: null, unit: price(next), flat: price(flat) },
  ],
});
const put = (cardVersionId: number, units: string): Move => ({
  cardVersionId,
  delta: quantity(units),
});

describe("a counter across card versions", () => {
  test("a new version goes on where the old one ended", () => {
    const priceOf = pricesOf(graduated("1", "0.5"), graduated("2", "1.5"));
    const { counter, sum } = play([put(1, "90"), put(2, "20")], priceOf);
    assert.equal(formatAmount(sum as Amount), "125", "90 × 1 + 10 × 2 + 10 × 1.5");
    assert.deepEqual(
      segmentsOf(counter).map(({ cardVersionId }) => cardVersionId),
      [1, 2],
    );
  });

  test("a late step of the old version moves the steps of the new one up their tiers", () => {
    const priceOf = pricesOf(graduated("1", "0.5"), graduated("2", "1.5"));
    const late = play([put(2, "20"), put(1, "90")], priceOf);
    assert.deepEqual(late, play([put(1, "90"), put(2, "20")], priceOf));
  });

  test("versions stand in the order in which they take effect, then by id", () => {
    const model = graduated("1", "1");
    const effective = [5, 1, 5];
    const priceOf = (version: number) => segmentPrice(model, effective[version - 1] ?? 0);
    const { counter } = play([put(3, "1"), put(1, "1"), put(2, "1")], priceOf);
    assert.deepEqual(
      segmentsOf(counter).map(({ cardVersionId }) => cardVersionId),
      [2, 1, 3],
    );
  });

  test("a flat amount is owed once, however many versions charge it", () => {
    const flat = (amount: string): PriceModel => ({ model: "flat", amount: price(amount) });
    const priceOf = pricesOf(flat("10"), flat("20"));
    const both = play([put(2, "1"), put(1, "1")], priceOf);
    assert.equal(formatAmount(both.counter.amount), "10");
    const undone = advance(both.counter, { cardVersionId: 1, delta: quantity("-1") }, priceOf);
    assert.equal(formatAmount(undone.counter.amount), "20");
  });

  test("a charge that counts something else starts anew", () => {
    const [old, later] = [graduated("1", "0.5"), graduated("2", "1.5")];
    const priceOf = (version: number) =>
      version === 1 ? segmentPrice(old, 0) : segmentPrice(later, 1, "sum:seconds");
    const { counter } = play([put(1, "90"), put(2, "20")], priceOf);
    assert.equal(formatAmount(counter.amount), "130", "90 × 1 + 20 × 2");
    assert.deepEqual(
      closeCounter(counter, priceOf).map(({ measure, quantity: counted }) => [measure, counted]),
      [
        ["steps", quantity("90")],
        ["sum:seconds", quantity("20")],
      ],
    );
  });

  test("more is never taken off than was put on", () => {
    const priceOf = pricesOf(graduated("1", "1"), graduated("1", "1"));
    const { counter } = play([put(1, "5")], priceOf);
    const tooMuch = { cardVersionId: 1, delta: quantity("-5.000000001") };
    assert.throws(() => advance(counter, tooMuch, priceOf), /Invariant broken/);
    const other = { cardVersionId: 2, delta: quantity("-1") };
    assert.throws(() => advance(counter, other, priceOf), /Invariant broken/);
  });
});

describe("a counter at the close of its period", () => {
  test("volume: all units at the price of the tier that the total reaches", () => {
    const priceOf = pricesOf(volume("1", "0.5", "7"));
    const { counter } = play([put(1, "90"), put(1, "20")], priceOf);
    const [count] = closeCounter(counter, priceOf);
    assert.equal(formatAmount(count?.running ?? (0n as Amount)), "112", "100 + 10 × 0.5 + 7");
    assert.equal(formatAmount(count?.final ?? (0n as Amount)), "62", "110 × 0.5 + 7");
  });

  test("volume over two versions: each one's units at its own price for the total", () => {
    const priceOf = pricesOf(volume("1", "0.5", "7"), volume("2", "1", "9"));
    const { counter } = play([put(1, "90"), put(2, "20")], priceOf);
    const [count] = closeCounter(counter, priceOf);
    assert.equal(formatAmount(count?.final ?? (0n as Amount)), "74", "90 × 0.5 + 20 × 1 + 9");
  });

  test("each version includes what it says, and volume tiers see what is beyond it", () => {
    const shifted = (units: string, effectiveFromMs: number): SegmentPrice => {
      const terms = { price: volume("1", "0.5", "7"), included: quantity(units), inCredits: false };
      return { effectiveFromMs, measure: "steps", price: chargePrice(terms, NO_CELL, null) };
    };
    const priceOf = (version: number) => shifted(version === 1 ? "10" : "30", version);
    const { counter } = play([put(1, "90"), put(2, "50")], priceOf);
    const [count] = closeCounter(counter, priceOf);
    assert.equal(count?.included, quantity("10"), "the second one starts above its allowance");
    assert.equal(formatAmount(count?.running ?? (0n as Amount)), "132", "80 + (100 + 5 + 7 − 60)");
    assert.equal(formatAmount(count?.final ?? (0n as Amount)), "72", "80 × 0.5 + 50 × 0.5 + 7");
  });

  test("tells what was priced in credits", () => {
    const terms = { price: graduated("3", "3"), included: 0n, inCredits: true };
    const credit = { name: "tokens", price: 250_000n as Factor };
    const price = chargePrice(terms, NO_CELL, credit);
    const priceOf = () => ({ effectiveFromMs: 0, measure: "steps", price });
    const { counter } = play([put(1, "2")], priceOf);
    const [count] = closeCounter(counter, priceOf);
    assert.equal(formatAmount(count?.credits ?? (0n as Amount)), "6");
    assert.equal(formatAmount(count?.running ?? (0n as Amount)), "1.5");
  });

  test("is told apart by what it is priced in, and volume corrects each part in its own", () => {
    const tokens = { name: "tokens", price: 250_000n as Factor };
    const points = { name: "points", price: 2_000_000n as Factor };
    const priceOf = (version: number): SegmentPrice => {
      const credit = version === 1 ? tokens : version === 3 ? points : null;
      const flat = version === 2 ? "7" : "5";
      const terms = { price: volume("2", "1", flat), included: 0n, inCredits: credit !== null };
      const price = chargePrice(terms, NO_CELL, credit);
      return { effectiveFromMs: version, measure: "steps", price };
    };
    const { counter } = play([put(1, "90"), put(2, "20"), put(3, "10"), put(1, "1")], priceOf);
    const text = (amount: Amount | null) => amount && formatAmount(amount);
    // 91 at 2, then 9 at 2 and 11 at 1 and the flat of 7, then 10 at 1; all at 1 in the end, and
    // the flat of the last version, as its tier was entered before it.
    assert.deepEqual(
      closeCounter(counter, priceOf).map((one) => [
        ...[one.credit?.name ?? null, text(one.running), text(one.final)],
        ...[text(one.credits), text(one.correctionCredits)],
      ]),
      [
        ["tokens", "45.5", "22.75", "182", "-91"],
        [null, "36", "20", null, null],
        ["points", "20", "30", "10", "5"],
      ],
    );
  });

  test("an empty counter owes nothing", () => {
    assert.deepEqual(closeCounter(EMPTY_COUNTER, pricesOf(volume("1", "1"))), []);
  });
});

/** Up to three versions, which take effect in any order, with any models. */
const arbitraryVersions = fc
  .array(
    fc.record({
      model: fc.oneof(arbitraryPriceModel, arbitraryMarkup),
      effectiveFromMs: fc.nat({ max: 2 }),
      measure: fc.constantFrom("steps", "steps", "sum:seconds"),
    }),
    { minLength: 3, maxLength: 3 },
  )
  .map((versions): PriceOfVersion => {
    const prices = versions.map(({ model, effectiveFromMs, measure }) =>
      segmentPrice(model, effectiveFromMs, measure),
    );
    return (version) => prices[version - 1] ?? segmentPrice(graduated("1", "1"), 0);
  });

const arbitraryMoves = fc.array(
  fc.record({ cardVersionId: fc.integer({ min: 1, max: 3 }), delta: arbitraryQuantity }),
  { maxLength: 8 },
);

const shuffled = <T>(values: readonly T[]) =>
  fc.shuffledSubarray([...values], { minLength: values.length, maxLength: values.length });

const inTwoOrders = arbitraryMoves.chain((moves) =>
  fc.record({ moves: fc.constant(moves), others: shuffled(moves) }),
);

describe("laws of a counter", () => {
  test("the total depends on what was counted, not on the order", () => {
    fc.assert(
      fc.property(arbitraryVersions, inTwoOrders, (priceOf, { moves, others }) => {
        assert.deepEqual(play(moves, priceOf).counter, play(others, priceOf).counter);
      }),
      { numRuns: LAW_RUNS },
    );
  });

  test("the shares add up to the total, and the total follows from the segments", () => {
    fc.assert(
      fc.property(arbitraryVersions, arbitraryMoves, (priceOf, moves) => {
        const { counter, sum } = play(moves, priceOf);
        assert.equal(sum, counter.amount);
        assert.equal(runningTotal(segmentsOf(counter), priceOf), counter.amount);
      }),
      { numRuns: LAW_RUNS },
    );
  });

  test("a batch comes to the same as its steps one by one", () => {
    fc.assert(
      fc.property(arbitraryVersions, arbitraryMoves, (priceOf, moves) => {
        const batch = [1, 2, 3].flatMap((cardVersionId): Move[] => {
          const own = moves.filter((move) => move.cardVersionId === cardVersionId);
          const delta = own.reduce((sum, move) => sum + move.delta, 0n);
          return own.length === 0 ? [] : [{ cardVersionId, delta }];
        });
        assert.deepEqual(play(batch, priceOf).counter, play(moves, priceOf).counter);
      }),
      { numRuns: LAW_RUNS },
    );
  });

  test("taking some back, in any order, leaves what the others come to", () => {
    const scenario = inTwoOrders.chain(({ moves, others }) =>
      fc.record({ moves: fc.constant(moves), others: fc.constant(others), kept: fc.nat(8) }),
    );
    fc.assert(
      fc.property(arbitraryVersions, scenario, (priceOf, { moves, others, kept }) => {
        const back = others.slice(kept).map((move) => ({ ...move, delta: -move.delta }));
        const { counter, sum } = play([...moves, ...back], priceOf);
        const rest = play(others.slice(0, kept), priceOf);
        assert.deepEqual(counter, rest.counter);
        assert.equal(sum, rest.sum);
      }),
      { numRuns: LAW_RUNS },
    );
  });

  test("taking everything back leaves an empty counter", () => {
    fc.assert(
      fc.property(arbitraryVersions, inTwoOrders, (priceOf, { moves, others }) => {
        const back = others.map((move) => ({ ...move, delta: -move.delta }));
        assert.deepEqual(play([...moves, ...back], priceOf), { counter: EMPTY_COUNTER, sum: 0n });
      }),
      { numRuns: LAW_RUNS },
    );
  });

  test("under one version no step is ever negative, and close gives the final amount", () => {
    fc.assert(
      fc.property(
        arbitraryPriceModel,
        fc.array(arbitraryQuantity, { minLength: 1 }),
        (model, all) => {
          const priceOf = pricesOf(model);
          let counter: Counter | undefined;
          for (const delta of all) {
            const advanced = advance(counter, { cardVersionId: 1, delta }, priceOf);
            assert.ok(advanced.marginal >= 0n);
            counter = advanced.counter;
          }
          const total = all.reduce<bigint>((sum, delta) => sum + delta, 0n);
          const [count] = closeCounter(counter ?? EMPTY_COUNTER, priceOf);
          assert.equal(count?.final, finalAmountAt(model, total, NO_CELL));
        },
      ),
      { numRuns: LAW_RUNS },
    );
  });

  test("a version that repeats the prices of the one before changes nothing", () => {
    fc.assert(
      fc.property(arbitraryPriceModel, arbitraryMoves, (model, moves) => {
        const priceOf = pricesOf(model, model, model);
        const alone = play(
          moves.map((move) => ({ ...move, cardVersionId: 1 })),
          priceOf,
        );
        const several = play(moves, priceOf);
        assert.equal(several.sum, alone.sum);
        assert.deepEqual(
          closeCounter(several.counter, priceOf),
          closeCounter(alone.counter, priceOf),
        );
      }),
      { numRuns: LAW_RUNS },
    );
  });
});
