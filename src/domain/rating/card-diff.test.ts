import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { arbitraryCard } from "./arbitraries.test.ts";
import { cardChanges } from "./card-diff.ts";
import { parseRateCard } from "./parse-rate-card.ts";

const charge = (unit: string, more: object = {}) => {
  return { key: "calls", meter: { count: "steps" }, price: { model: "per_unit", unit }, ...more };
};

function cardOf(...charges: object[]) {
  return (terms: object = {}) => {
    const parsed = parseRateCard({ key: "card", currency: "USD", charges, ...terms });
    assert.ok("card" in parsed);
    return parsed.card;
  };
}

const shown = (...cards: Parameters<typeof cardChanges>) =>
  cardChanges(...cards).map(({ kind, key, change, before, after }) =>
    [kind, key, change, before, after].join(" "),
  );

describe("changes of a card", () => {
  test("show what 1,000 units cost before and after", () => {
    const dearer = cardOf(charge("0.02", { included: "100" }))();
    assert.deepEqual(shown(cardOf(charge("0.01"))(), dearer), ["charge calls changed 10 18"]);
  });

  test("show volume prices as they close, and cost by money", () => {
    const tiers = [
      { upTo: "100", unit: "1" },
      { unit: "0.5", flat: "3" },
    ];
    const volume = { key: "v", meter: { count: "steps" }, price: { model: "volume", tiers } };
    const cost = { key: "m", meter: { sum: "cost" }, price: { model: "markup", percent: "20" } };
    assert.deepEqual(shown(null, cardOf(volume, cost)()).slice(0, 2), [
      "charge v added  503",
      "charge m added  1200",
    ]);
  });

  test("name cells of a matrix, and a meter that changed at the same price", () => {
    const matrix = (cells: object) =>
      charge("1", { price: { model: "matrix", by: "model", cells } });
    assert.deepEqual(shown(cardOf(matrix({ a: "1" }))(), cardOf(matrix({ a: "1", b: "2" }))()), [
      "charge calls (b) added  2000",
    ]);
    const tools = { meter: { count: "steps", where: { kind: "tool" } } };
    assert.deepEqual(shown(cardOf(charge("1"))(), cardOf(charge("1", tools))()), [
      "charge calls changed 1000 1000",
    ]);
  });

  test("tell of a charge which of its fields differ, once", () => {
    const tiers = (unit: string) => [{ upTo: "10", unit }, { unit: "0.1" }];
    const by = (unit: string, more: object) =>
      cardOf(charge("1", { price: { model: "graduated", tiers: tiers(unit) }, ...more }))();
    const where = { meter: { count: "steps", where: { kind: ["tool", "model"] } } };
    const [first, ...others] = cardChanges(
      by("0.2", { included: "5" }),
      by("0.4", { ...where, maximum: "9" }),
    );
    assert.deepEqual(others, []);
    assert.deepEqual(first?.details, [
      { path: "included", before: "5", after: null },
      { path: "price.tiers[0].unit", before: "0.2", after: "0.4" },
      { path: "maximum", before: null, after: "9" },
      { path: "meter.where.kind", before: null, after: "tool, model" },
    ]);
    assert.deepEqual(cardChanges(null, by("1", {}))[0]?.details, [], "of a new one, none");
  });

  test("show fees, discounts and terms as they stand in the document", () => {
    const card = cardOf(charge("1"));
    const before = card({ fees: [{ key: "base", amount: "49" }], minimum: "10" });
    const after = card({ discounts: [{ key: "off", percent: "10" }], minimum: "20", runCap: "5" });
    assert.deepEqual(shown(before, after), [
      'fee base removed {"amount":"49"} ',
      'discount off added  {"percent":"10"}',
      'term minimum changed "10" "20"',
      'term runCap added  "5"',
    ]);
  });

  test("of nothing are none", () => {
    fc.assert(fc.property(arbitraryCard, (card) => assert.deepEqual(cardChanges(card, card), [])));
  });
});
