import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { PriceEntry } from "../../domain/cost/price-book.ts";
import { PRICE_MAX_UNITS, PRICE_SCALE } from "../../domain/limits.ts";
import { currencyDecimals } from "../../domain/money/currency.ts";
import type { Factor, Price } from "../../domain/money/decimal.ts";
import { parseJsonExact } from "../native/exact-json.ts";
import { type PriceDocument, readPriceDocument } from "./own-format.ts";
import { seedVersion } from "./seed.ts";
import { toPriceDocument } from "./write-document.ts";

/** Plain objects, as documents are parsed into. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record<T>(model, { noNullPrototype: true });

const prices = fc.bigInt(0n, PRICE_MAX_UNITS * 10n ** BigInt(PRICE_SCALE)).map((n) => n as Price);
const names = fc.stringMatching(/^[a-z][a-z0-9_./:@ -]{0,30}[a-z0-9]$/);
const units = fc.stringMatching(/^[a-z][a-z0-9_]{0,20}(@[a-z][a-z0-9]{0,9})?$/);
const times = fc.option(
  fc
    .date({ min: new Date("2000-01-01"), max: new Date("2199-01-01"), noInvalidDate: true })
    .map(Number),
);
const distinct = <T>(items: fc.Arbitrary<T>, key: (item: T) => unknown) =>
  fc.uniqueArray(items, { selector: key, maxLength: 4 });

const rates = record({
  unit: units.filter(
    (unit) =>
      !unit.endsWith("@standard") &&
      !/@(default|global|none|normal|regular|ondemand|unspecified)$/.test(unit),
  ),
  price: prices,
  tiers: distinct(
    record({ inputAboveTokens: fc.nat(), price: prices }),
    (t) => t.inputAboveTokens,
  ).map((tiers) => tiers.toSorted((a, b) => a.inputAboveTokens - b.inputAboveTokens)),
});
const minutes = fc.nat(1_439);
const windows = fc
  .tuple(minutes, minutes)
  .filter(([from, to]) => from !== to)
  .map(([fromMinute, toMinute]) => ({ fromMinute, toMinute }));
const periods = record({
  effectiveFromMs: times,
  daily: fc.option(windows),
  rates: distinct(rates, ({ unit }) => unit),
});
const factors = fc.dictionary(
  fc.constantFrom("batch", "flex", "priority", "batch+us"),
  fc.bigInt(0n, 10n ** 9n).map((n) => n as Factor),
);
const entries = record<PriceEntry>({
  provider: fc.constantFrom("openai", "x-ai", "acme", "you.com"),
  subject: names,
  aliases: fc.array(names, { maxLength: 3 }),
  prefixes: fc.array(names, { maxLength: 3 }),
  currency: fc
    .constantFrom("USD", "EUR", "JPY")
    .filter((code) => currencyDecimals(code) !== undefined),
  periods: fc.array(periods, { minLength: 1, maxLength: 3 }),
  tierFactors: factors.map((record) => ({ ...record })),
});
const documents = record<PriceDocument>({
  source: names,
  effectiveFromMs: times,
  entries: fc.uniqueArray(entries, {
    selector: ({ provider, subject }) => `${provider} ${subject.toLowerCase()}`,
    minLength: 1,
    maxLength: 3,
  }),
});

const reread = (document: PriceDocument) =>
  readPriceDocument(parseJsonExact(JSON.stringify(toPriceDocument(document))));

describe("a written price document", () => {
  it("gives the same prices back", () => {
    fc.assert(fc.property(documents, (document) => assert.deepEqual(reread(document), document)));
  });

  it("gives the whole seed back", () => {
    const seed = { source: "seed", effectiveFromMs: null, entries: seedVersion(0).entries };
    assert.deepEqual(reread(seed), seed);
  });
});
