import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { present } from "../assert.ts";
import { AMOUNT_SCALE } from "../limits.ts";
import type { Amount } from "../money/decimal.ts";
import { arbitraryCard } from "./arbitraries.test.ts";
import { type CardOverride, resolveCard } from "./card-override.ts";
import { parseCardDocument, parseRateCard } from "./parse-rate-card.ts";
import type { Charge, RateCard } from "./rate-card.ts";
import { overrideDocument } from "./rate-card-document.ts";

const CHARGE = { meter: { count: "steps" }, price: { model: "per_unit", unit: "1" } };

function cardOf(document: object): RateCard {
  const parsed = parseRateCard(document);
  assert.ok("card" in parsed);
  return parsed.card;
}

function overrideOf(document: object): CardOverride {
  const parsed = parseCardDocument({ key: "acme", extends: "base", ...document });
  assert.ok("override" in parsed);
  return parsed.override;
}

const BASE = cardOf({
  key: "base",
  currency: "USD",
  charges: [
    { key: "a", ...CHARGE },
    { key: "b", ...CHARGE },
  ],
  fees: [{ key: "fee", amount: "49" }],
  discounts: [{ key: "off", percent: "10", charges: ["b"] }],
  minimum: "10",
  runCap: "5",
});

/** A card whose charges on outcomes settle like those of another one. */
function settlingLike(card: RateCard, { charges }: RateCard): RateCard {
  const isOnOutcomes = ({ meter }: Charge) => "count" in meter && meter.count === "outcomes";
  const settling = charges.find(isOnOutcomes);
  if (settling === undefined) return card;
  const { settlesAfterHours } = settling;
  const settled = card.charges.map((one) => {
    return isOnOutcomes(one) ? { ...one, settlesAfterHours } : one;
  });
  return { ...card, charges: settled };
}

function resolved(document: object) {
  const result = resolveCard(BASE, overrideOf(document));
  return "card" in result ? result.card : result.problems.map(({ field }) => field);
}

/** Cards as they may be sent: no charge with a matrix leaves one of its cells out. */
function selectingAll(card: RateCard): RateCard {
  const charges = card.charges.map((charge) =>
    charge.price.model === "matrix" ? { ...charge, meter: { ...charge.meter, where: {} } } : charge,
  );
  return { ...card, charges };
}

/** With the amounts that a bill shows in whole units, which every currency has. */
function inWholeUnits(card: RateCard): RateCard {
  const whole = <T extends Amount | null>(amount: T): T =>
    (amount === null ? null : amount - (amount % 10n ** BigInt(AMOUNT_SCALE))) as T;
  const bounds = <T extends Pick<RateCard, "minimum" | "maximum">>(one: T): T => {
    return { ...one, minimum: whole(one.minimum), maximum: whole(one.maximum) };
  };
  return bounds({
    ...card,
    charges: card.charges.map(bounds),
    fees: card.fees.map((fee) => ({ ...fee, amount: whole(fee.amount) })),
    discounts: card.discounts.map((one) => {
      return "amount" in one.value ? { ...one, value: { amount: whole(one.value.amount) } } : one;
    }),
  });
}

describe("an override", () => {
  test("of nothing is its base under another key", () => {
    assert.deepEqual(resolved({}), { ...BASE, key: "acme" });
  });

  test("replaces charges in their place, adds new ones behind, removes by null", () => {
    const price = { model: "per_unit", unit: "0.5" };
    const card = resolved({ charges: { c: CHARGE, a: { ...CHARGE, price } }, fees: { fee: null } });
    assert.ok("charges" in card);
    assert.deepEqual(
      card.charges.map(({ key, price: { model } }) => `${key} ${model}`),
      ["a per_unit", "b per_unit", "c per_unit"],
    );
    assert.notDeepEqual(card.charges[0]?.price, BASE.charges[0]?.price);
    assert.deepEqual([card.fees, card.minimum], [[], BASE.minimum]);
  });

  test("replaces single terms, and takes one away by null", () => {
    const card = resolved({ minimum: null, runCap: "7", rounding: "up" });
    assert.ok("charges" in card);
    assert.deepEqual([card.minimum, card.runCap, card.rounding], [null, 7n * 10n ** 33n, "up"]);
  });

  test("must leave a card without contradiction", () => {
    assert.deepEqual(resolved({ charges: { b: null } }), ["discounts[0].charges[0]"]);
    assert.deepEqual(resolved({ charges: { z: null } }), ['charges["z"]']);
    assert.deepEqual(resolved({ charges: { a: null, b: null }, discounts: { off: null } }), [
      "charges",
    ]);
    assert.deepEqual(resolved({ runMinimum: "6" }), ["runCap"]);
    assert.deepEqual(resolved({ charges: { fee: CHARGE } }), ["fees[0].key"]);
  });

  test("states no amount finer than the currency of the card that it extends", () => {
    assert.deepEqual(resolved({ fees: { base: { amount: "1.005" } } }), ['fees["base"].amount']);
  });

  test("of another card is a defect", () => {
    assert.throws(() => resolveCard({ ...BASE, key: "other" }, overrideOf({})), /Invariant broken/);
  });

  test("is read back from its document, and resolves to the same card", () => {
    const anyCard = arbitraryCard.map(structuredClone<RateCard>);
    const plainCard = anyCard.map(inWholeUnits).map(selectingAll);
    const property = fc.property(plainCard, plainCard, (one, other) => {
      const base = settlingLike(one, other);
      const byKey = <T extends { readonly key: string }>(items: readonly T[]) =>
        new Map(items.map((item) => [item.key, item]));
      const { minimum, maximum, runMinimum, runCap, credit, trial, rounding } = other;
      const override: CardOverride = {
        ...{ key: "acme", extends: base.key },
        ...{ charges: byKey(other.charges), fees: byKey(other.fees) },
        discounts: byKey(other.discounts),
        changes: { minimum, maximum, runMinimum, runCap, credit, trial, rounding },
      };
      const read = parseCardDocument(JSON.parse(overrideDocument(override)));
      assert.deepEqual(read, { override });
      const result = resolveCard(base, override);
      assert.ok("card" in result);
      assert.deepEqual(present(result.card.charges.at(0), "charge"), other.charges[0]);
      assert.deepEqual(result.card.maximum, maximum);
    });
    fc.assert(property);
  });
});
