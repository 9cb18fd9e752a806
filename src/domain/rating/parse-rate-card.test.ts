import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  CHARGES_PER_CARD_MAX_COUNT,
  PRICE_MAX_UNITS,
  PROBLEMS_MAX_COUNT,
  TIERS_MAX_COUNT,
} from "../limits.ts";
import { parseRateCard } from "./parse-rate-card.ts";

const CHARGE = { key: "x", meter: { count: "steps" }, price: { model: "per_unit", unit: "1" } };
const CARD = { key: "card", currency: "USD", charges: [CHARGE] };

function fieldsOf(document: unknown) {
  const parsed = parseRateCard(document);
  return "problems" in parsed ? parsed.problems.map(({ field }) => field) : [];
}

const charges = (length: number) =>
  Array.from({ length }, (_, index) => ({ ...CHARGE, key: `c${index}` }));

describe("a rate card", () => {
  test("of the design is read, but for what comes later", () => {
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
    const parsed = parseRateCard(document);
    assert.ok("problems" in parsed);
    assert.deepEqual(parsed.problems, [
      {
        code: "ratecard.invalid",
        detail: "run caps come in a later version; leave it out or null",
        field: "runCap",
      },
    ]);
    assert.deepEqual(fieldsOf({ ...document, runCap: null }), []);
    assert.deepEqual(fieldsOf({ ...CARD, included: [{ units: "5" }] }), ["included"]);
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
      "charges[1].key",
      "minimum",
      "rounding",
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
