import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  CHARGES_PER_CARD_MAX_COUNT,
  DISCOUNTS_PER_CARD_MAX_COUNT,
  FEES_PER_CARD_MAX_COUNT,
  PRICE_MAX_UNITS,
  PROBLEMS_MAX_COUNT,
  TIERS_MAX_COUNT,
} from "../limits.ts";
import { parseCardDocument, parseRateCard } from "./parse-rate-card.ts";

const CHARGE = { key: "x", meter: { count: "steps" }, price: { model: "per_unit", unit: "1" } };
const CARD = { key: "card", currency: "USD", charges: [CHARGE] };

function fieldsOf(document: unknown) {
  const parsed = parseRateCard(document);
  return "problems" in parsed ? parsed.problems.map(({ field }) => field) : [];
}

const charges = (length: number) =>
  Array.from({ length }, (_, index) => ({ ...CHARGE, key: `c${index}` }));

describe("a rate card", () => {
  test("of the design is read", () => {
    const document = {
      key: "support-2026",
      currency: "USD",
      charges: [
        { ...CHARGE, key: "run", meter: { count: "runs", where: { agent: "support" } } },
        { key: "models", meter: { sum: "cost" }, price: { model: "markup", percent: "20" } },
      ],
      included: [],
      minimum: null,
      runCap: "5.00",
      rounding: "half_even",
    };
    assert.deepEqual(fieldsOf(document), []);
    assert.deepEqual(fieldsOf({ ...CARD, included: [{ units: "5" }] }), ["included"]);
  });

  test("has terms of its own, each problem with its path", () => {
    const terms = {
      fees: [
        { key: "base", amount: "49" },
        { key: "x", amount: "-1", prorate: "no" },
      ],
      discounts: [
        { key: "off", percent: "101", charges: ["x", "nothing"] },
        { key: "off", percent: "1", amount: "1", from: "2026-02-30", until: "2026-01-01" },
      ],
      minimum: "10",
      maximum: "9",
      runMinimum: "2",
      runCap: "1",
      credit: { name: "tokens", price: "0.0000001" },
      trial: { days: "0", charges: ["none"] },
    };
    assert.deepEqual(fieldsOf({ ...CARD, ...terms }), [
      "fees[1].amount",
      "fees[1].prorate",
      "discounts[0].percent",
      "discounts[1].from",
      "discounts[1].until",
      "discounts[1]",
      "credit.price",
      "trial.days",
      "fees[1].key",
      "discounts[1].key",
      "discounts[0].charges[1]",
      "trial.charges[0]",
      "maximum",
      "runCap",
    ]);
  });

  test("that means harm is refused, with the path", () => {
    const tiered = (...ends: unknown[]) => ({
      ...CHARGE,
      price: {
        model: "graduated",
        tiers: [...ends.map((upTo) => ({ upTo, unit: "1" })), { unit: "1" }],
      },
    });
    const problemsOf = (charge: object) => fieldsOf({ ...CARD, charges: [charge] });
    const at = (index: number) => [`charges[0].price.tiers[${index}].upTo`];
    assert.deepEqual(problemsOf(tiered("10", "5")), at(1), "out of order");
    assert.deepEqual(problemsOf(tiered("10", "10")), at(1), "of no width");
    assert.deepEqual(problemsOf(tiered("0")), at(0), "of no width");
    const many = Array.from({ length: 9_999 }, (_, index) => `${index + 1}`);
    assert.deepEqual(problemsOf(tiered(...many)), ["charges[0].price.tiers"], "ten thousand");
    for (const unit of ["1e999", "1e-999", "1".repeat(1_000_000), "0x10", "Infinity", "1_000"]) {
      const price = { model: "per_unit", unit };
      assert.deepEqual(problemsOf({ ...CHARGE, price }), ["charges[0].price.unit"]);
    }
    assert.deepEqual(problemsOf({ ...CHARGE, discount: "5" }), ["charges[0].discount"]);
    assert.deepEqual(fieldsOf({ ...CARD, fees: [{ key: "x", amount: "1" }] }), ["fees[0].key"]);
  });

  test("without fees or discounts may say so", () => {
    assert.deepEqual(fieldsOf({ ...CARD, fees: [], discounts: [], trial: null, credit: null }), []);
  });

  test("has fees, discounts and keys within their limits", () => {
    const fees = (length: number) =>
      Array.from({ length }, (_, index) => ({ key: `f${index}`, amount: "1" }));
    const discounts = (length: number) =>
      Array.from({ length }, (_, index) => ({ key: `d${index}`, percent: "1" }));
    const problems = (document: object) => fieldsOf({ ...CARD, ...document }).length;
    assert.equal(problems({ fees: fees(FEES_PER_CARD_MAX_COUNT) }), 0);
    assert.equal(problems({ fees: fees(FEES_PER_CARD_MAX_COUNT + 1) }), 1);
    assert.equal(problems({ discounts: discounts(DISCOUNTS_PER_CARD_MAX_COUNT) }), 0);
    assert.equal(problems({ discounts: discounts(DISCOUNTS_PER_CARD_MAX_COUNT + 1) }), 1);
  });

  test("has defaults: no minimum, half-even rounding, the key as a charge's name", () => {
    const parsed = parseRateCard(CARD);
    assert.ok("card" in parsed);
    const { minimum, rounding, charges: read } = parsed.card;
    assert.deepEqual([minimum, rounding, read[0]?.name], [null, "half_even", "x"]);
    const named = parseRateCard({
      ...CARD,
      minimum: "10",
      charges: [{ ...CHARGE, name: "Steps" }],
    });
    assert.ok("card" in named);
    assert.deepEqual([named.card.minimum, named.card.charges[0]?.name], [10n ** 34n, "Steps"]);
  });

  test("names every problem at once, with its path", () => {
    const document = {
      key: "",
      currency: "usd",
      chargs: [],
      charges: [CHARGE, { ...CHARGE, prize: 1 }, { key: "y", meter: { count: "steps" } }],
      minimum: "-1",
      rounding: "nearest",
    };
    assert.deepEqual(fieldsOf(document), [
      "chargs",
      "key",
      "currency",
      "charges[1].prize",
      "charges[2].price",
      "minimum",
      "rounding",
      "charges[1].key",
    ]);
  });

  test("is an object with a key, a currency and charges", () => {
    assert.deepEqual(fieldsOf({}), ["key", "currency", "charges"]);
    for (const wrong of [null, undefined, 5, "card", [], [CARD]]) {
      assert.deepEqual(fieldsOf(wrong), [undefined]);
    }
    assert.deepEqual(fieldsOf(JSON.parse('{"__proto__":{},"key":"a"}')), [
      "__proto__",
      "currency",
      "charges",
    ]);
  });

  test("has at least one charge and at most two hundred", () => {
    const counts = [0, 1, CHARGES_PER_CARD_MAX_COUNT, CHARGES_PER_CARD_MAX_COUNT + 1].map(
      (length) => fieldsOf({ ...CARD, charges: charges(length) }).length,
    );
    assert.deepEqual(counts, [1, 0, 0, 1]);
  });

  test("has a minimum of at most the largest price", () => {
    const edges = [`${PRICE_MAX_UNITS}`, `${PRICE_MAX_UNITS + 1n}`, "1e400"];
    assert.deepEqual(
      edges.map((minimum) => fieldsOf({ ...CARD, minimum }).length),
      [0, 1, 1],
    );
  });

  test("that is wrong ten thousand times over is told so in few words", () => {
    const wrongTiers = Array.from({ length: TIERS_MAX_COUNT }, () => ({ upTo: "1", unit: "-1" }));
    const price = { model: "graduated", tiers: wrongTiers };
    const wrong = charges(CHARGES_PER_CARD_MAX_COUNT).map((charge) => ({ ...charge, price }));
    const parsed = parseRateCard({ ...CARD, charges: wrong });
    assert.ok("problems" in parsed);
    assert.equal(parsed.problems.length, PROBLEMS_MAX_COUNT);
  });

  test("made of any JSON is read or refused, never a crash", () => {
    const key = fc.constantFrom(
      "key",
      "charges",
      "price",
      "model",
      "tiers",
      "where",
      "label",
      "cells",
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom("USD", "graduated", "matrix", "1", "-1", 1, 0.5, null, true, "cost"),
        fc.array(tie("any"), { maxLength: 3 }),
        fc.dictionary(key, tie("any"), { maxKeys: 4 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, value, (charge, meter) => {
        const parsed = parseRateCard({ ...CARD, charges: [charge, { ...CHARGE, meter }] });
        assert.ok("card" in parsed || parsed.problems.length > 0);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a document of an override", () => {
  const overrideOf = (document: object) =>
    parseCardDocument({ key: "acme", extends: "card", ...document });

  test("states what differs, by key", () => {
    const parsed = overrideOf({ charges: { x: CHARGE, y: null }, fees: { base: { amount: "1" } } });
    assert.ok("override" in parsed);
    const { charges: changed, fees, discounts, changes } = parsed.override;
    assert.deepEqual([...changed.keys()], ["x", "y"]);
    assert.equal(changed.get("y"), null);
    assert.equal(fees.get("base")?.key, "base");
    assert.equal(discounts.size, 0);
    assert.deepEqual(changes, {});
  });

  test("takes a term away by null and leaves alone what it does not name", () => {
    const parsed = overrideOf({ minimum: null, runCap: "3" });
    assert.ok("override" in parsed);
    assert.deepEqual(parsed.override.changes, { minimum: null, runCap: 3n * 10n ** 33n });
  });

  test("names every problem with its path", () => {
    const parsed = overrideOf({
      ...{ extends: "acme", currency: "EUR", charges: [CHARGE], fees: { base: { amount: "x" } } },
      discounts: { off: { key: "other", percent: "5" } },
    });
    assert.ok("problems" in parsed);
    assert.deepEqual(
      parsed.problems.map(({ field }) => field),
      ["currency", "charges", "fees.base.amount", "discounts.off.key", "extends"],
    );
  });

  test("without `extends` is a whole card", () => {
    assert.ok("card" in parseCardDocument(CARD));
    assert.ok("problems" in parseCardDocument(null));
  });
});
