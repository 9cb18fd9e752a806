import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Factor, Price } from "../money/decimal.ts";
import type { PriceEntry } from "./price-book.ts";
import { decodePriceEntries, encodePriceEntries } from "./price-codec.ts";

test("entries come back from their text to the last digit", () => {
  const price = fc.bigInt({ min: 0n, max: 10n ** 27n }).map((n) => n as Price);
  const entry: fc.Arbitrary<PriceEntry> = fc.record(
    {
      provider: fc.string(),
      subject: fc.string(),
      aliases: fc.array(fc.string()),
      prefixes: fc.array(fc.string()),
      currency: fc.constant("USD"),
      tierFactors: fc.constant({ batch: 500_000n as Factor }),
      periods: fc.array(
        fc.record(
          {
            effectiveFromMs: fc.option(fc.nat()),
            daily: fc.constant(null),
            rates: fc.array(
              fc.record(
                { unit: fc.string(), price, tiers: fc.constant([]) },
                { noNullPrototype: true },
              ),
            ),
          },
          { noNullPrototype: true },
        ),
      ),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      assert.deepEqual(decodePriceEntries(encodePriceEntries(entries)), entries);
    }),
  );
});
