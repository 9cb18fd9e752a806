import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { arbitraryCard } from "./arbitraries.test.ts";
import { parseRateCard } from "./parse-rate-card.ts";
import type { RateCard } from "./rate-card.ts";
import { rateCardDocument } from "./rate-card-document.ts";

function written(document: object): string {
  const parsed = parseRateCard(document);
  if ("problems" in parsed) assert.fail(JSON.stringify(parsed.problems));
  return rateCardDocument(parsed.card);
}

describe("the document of a rate card", () => {
  test("read again, gives the same card", () => {
    fc.assert(
      fc.property(arbitraryCard.map(structuredClone<RateCard>), (card) => {
        const document = rateCardDocument(card);
        assert.deepEqual(parseRateCard(JSON.parse(document)), { card });
        assert.equal(written(JSON.parse(document)), document);
      }),
      { numRuns: 300 },
    );
  });

  test("is the same however the card was written", () => {
    const meter = { count: "steps", where: { kind: "tool", attempt: 10 } };
    const short = {
      key: "a",
      currency: "USD",
      charges: [{ key: "x", meter, price: { model: "per_unit", unit: "2e-1" } }],
    };
    const long = {
      rounding: "half_even",
      runCap: null,
      included: [],
      minimum: null,
      charges: [
        {
          price: { unit: "0.20", model: "per_unit" },
          meter: { where: { attempt: ["10"], kind: ["tool", "tool"] }, count: "steps" },
          name: "x",
          key: "x",
        },
      ],
      currency: "USD",
      key: "a",
    };
    assert.equal(written(short), written(long));
    assert.equal(
      written(short),
      '{"charges":[{"key":"x","meter":{"count":"steps","where":{"attempt":["10"],' +
        '"kind":["tool"]}},"price":{"model":"per_unit","unit":"0.2"}}],' +
        '"currency":"USD","key":"a","minimum":null,"rounding":"half_even"}',
    );
  });
});
