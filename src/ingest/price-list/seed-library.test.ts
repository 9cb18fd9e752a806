/** The seed against the library's own arithmetic: the same prices, to a float's accuracy. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { calcPrice } from "@pydantic/genai-prices";
import fc from "fast-check";
import { costOfFacts } from "../../domain/cost/cost-of-step.ts";
import { PriceCatalog } from "../../domain/cost/find-price.ts";
import { factsOf, usage } from "../../domain/cost/price-fixtures.test.ts";
import { formatAmount } from "../../domain/money/decimal.ts";
import { seedVersion } from "./seed.ts";

const seed = seedVersion(0);
const catalog = new PriceCatalog([seed]);

/** Models priced by tokens: the library counts pages, hours and requests in other ways. */
const models = seed.entries.filter(({ periods }) =>
  periods.every(({ rates }) => {
    const units = new Set(rates.map(({ unit }) => unit));
    return units.has("input_uncached") && units.has("output_text") && !units.has("requests");
  }),
);

const tokens = fc.nat(400_000);
const calls = fc.record({
  model: fc.constantFrom(...models),
  // Since the last change of dated prices that the library joins with daily windows otherwise.
  atMs: fc.integer({ min: Date.parse("2026-09-23"), max: Date.parse("2027-06-01") }),
  input: tokens,
  cacheRead: tokens,
  output: tokens,
});

type Call = typeof calls extends fc.Arbitrary<infer T> ? T : never;

describe("the seed and the library", () => {
  it("give the same cost for the same call", () => {
    let comparedCount = 0;
    const call = ({ model, atMs, input, cacheRead, output }: Call) => {
      const theirs = calcPrice(
        { input_tokens: input + cacheRead, cache_read_tokens: cacheRead, output_tokens: output },
        model.subject,
        { providerId: model.provider, timestamp: new Date(atMs) },
      );
      // Where a rule of another model takes the name first, the library prices that one.
      if (theirs === null || theirs.model.id !== model.subject) return;
      comparedCount += 1;
      const quantities = { input_uncached: input, cache_read: cacheRead, output_text: output };
      const found = catalog.find({ provider: model.provider, subject: model.subject }, atMs);
      const ours = Number(
        formatAmount(costOfFacts(factsOf({ usage: usage(quantities) }), found).cost),
      );
      const difference = Math.abs(ours - theirs.total_price);
      assert.ok(difference <= 1e-9 * Math.max(1, ours), `${ours}, theirs ${theirs.total_price}`);
    };
    fc.assert(fc.property(calls, call), { numRuns: 500 });
    assert.ok(comparedCount > 300, `${comparedCount} calls compared`);
  });
});
