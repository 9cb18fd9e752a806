import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TollgateError } from "../../domain/errors.ts";
import {
  ID_MAX_CHARS,
  PRICE_ENTRY_LIST_MAX_COUNT,
  PRICE_MAX_UNITS,
  TIER_FACTOR_MAX,
} from "../../domain/limits.ts";
import { formatPrice } from "../../domain/money/decimal.ts";
import { parseJsonExact } from "../native/exact-json.ts";
import { readNotedDocument, readPriceDocument } from "./own-format.ts";

type Fields = Record<string, unknown>;

const rate = (more: Fields = {}) => ({ unit: "read_units", price: "0.000016", ...more });
const period = (more: Fields = {}) => ({ rates: [rate()], ...more });
const entry = (more: Fields = {}) => ({
  provider: "pinecone",
  subject: "serverless",
  currency: "USD",
  periods: [period()],
  ...more,
});
const document = (more: Fields = {}) => ({
  format: "tollgate.prices/1",
  source: "my-prices",
  entries: [entry()],
  ...more,
});
const withEntry = (more: Fields) => document({ entries: [entry(more)] });
const withPeriod = (more: Fields) => withEntry({ periods: [period(more)] });
const withRate = (more: Fields) => withPeriod({ rates: [rate(more)] });

/** The path at which a document is refused; "accepted" where it is not. */
function refusedAt(value: unknown): string {
  try {
    readPriceDocument(value);
    return "accepted";
  } catch (error) {
    assert.ok(error instanceof TollgateError && error.code === "price.invalid", String(error));
    return error.field ?? "document";
  }
}

describe("a price document", () => {
  it("needs no more than a source, subjects and rates", () => {
    const { source, effectiveFromMs, entries } = readPriceDocument(document());
    assert.equal(source, "my-prices");
    assert.equal(effectiveFromMs, null);
    assert.deepEqual(entries[0]?.aliases, []);
    assert.deepEqual(entries[0]?.tierFactors, {});
    assert.deepEqual(entries[0]?.periods[0]?.daily, null);
    assert.equal(formatPrice(entries[0]?.periods[0]?.rates[0]?.price ?? assert.fail()), "0.000016");
  });

  it("may state names, dates, windows, sizes and tiers", () => {
    const tiers = [{ inputAboveTokens: 200_000, price: "2" }];
    const full = withEntry({
      provider: "Azure OpenAI",
      aliases: ["a"],
      prefixes: ["p-"],
      tierFactors: { batch: "0.5", "batch+us": "0.55" },
      periods: [
        period({
          effectiveFrom: "2026-12-01T01:00:00+01:00",
          daily: { from: "16:30", to: "00:30" },
          rates: [rate({ tiers }), rate({ unit: "read_units@batch" })],
        }),
      ],
    });
    const read = readPriceDocument({ ...full, effectiveFrom: "2026-12-01T00:00:00Z" });
    assert.equal(read.effectiveFromMs, Date.parse("2026-12-01T00:00:00Z"));
    const [first] = read.entries;
    assert.equal(first?.provider, "azure");
    assert.equal(first?.tierFactors.batch, 500_000n);
    assert.equal(first?.periods[0]?.effectiveFromMs, read.effectiveFromMs);
    assert.deepEqual(first?.periods[0]?.daily, { fromMinute: 990, toMinute: 30 });
    assert.equal(first?.periods[0]?.rates[0]?.tiers[0]?.inputAboveTokens, 200_000);
  });

  it("is read from text without a float", () => {
    const tiers = [{ inputAboveTokens: 200_000, price: "0.000000000000000001" }];
    const text = JSON.stringify(withRate({ tiers }));
    const parsed = readPriceDocument(parseJsonExact(text)).entries[0]?.periods[0]?.rates[0]
      ?.tiers[0];
    assert.deepEqual(parsed, { inputAboveTokens: 200_000, price: 1n });
  });

  it("is refused at the path of what is wrong", () => {
    const at = "entries[0].periods[0].rates[0]";
    const cases: readonly [unknown, string][] = [
      [null, "document"],
      [[], "document"],
      [document({ format: "tollgate.prices/2" }), "format"],
      // LiteLLM's list, which is asked for by its name.
      [{ sample_spec: {}, "gpt-5": { litellm_provider: "openai" } }, "format"],
      [document({ source: " " }), "source"],
      [document({ effectiveFrom: "2026-12-01" }), "effectiveFrom"],
      [document({ effectiveFrom: 1 }), "effectiveFrom"],
      [document({ entries: [] }), "entries"],
      [document({ entries: {} }), "entries"],
      [document({ entries: [entry(), entry({ subject: "SERVERLESS" })] }), "entries[1]"],
      [document({ currency: "USD" }), "document"],
      [withEntry({ model: "x" }), "entries[0]"],
      [withEntry({ provider: undefined }), "entries[0].provider"],
      [withEntry({ subject: "" }), "entries[0].subject"],
      [withEntry({ subject: "a\nb" }), "entries[0].subject"],
      [withEntry({ aliases: "a" }), "entries[0].aliases"],
      [withEntry({ aliases: [1] }), "entries[0].aliases[0]"],
      [withEntry({ currency: "XYZ" }), "entries[0].currency"],
      [withEntry({ tierFactors: { standard: "2" } }), "entries[0].tierFactors.standard"],
      [withEntry({ tierFactors: { Batch: "2" } }), "entries[0].tierFactors.Batch"],
      [withEntry({ tierFactors: { batch: "0.0000001" } }), "entries[0].tierFactors.batch"],
      [withEntry({ tierFactors: { batch: "-1" } }), "entries[0].tierFactors.batch"],
      [withEntry({ tierFactors: [] }), "entries[0].tierFactors"],
      [withEntry({ periods: [] }), "entries[0].periods"],
      [withPeriod({ from: null }), "entries[0].periods[0]"],
      [withPeriod({ daily: { from: "24:00", to: "01:00" } }), "entries[0].periods[0].daily.from"],
      [withPeriod({ daily: { from: "01:00" } }), "entries[0].periods[0].daily.to"],
      [withPeriod({ daily: { from: "01:00", to: "01:00" } }), "entries[0].periods[0].daily"],
      [withPeriod({ rates: [rate(), rate()] }), "entries[0].periods[0].rates[1].unit"],
      [withRate({ unit: "Read Units" }), `${at}.unit`],
      [withRate({ unit: "a@standard" }), `${at}.unit`],
      [withRate({ unit: "a@batch@flex" }), `${at}.unit`],
      [withRate({ price: 0.5 }), `${at}.price`],
      [parseJsonExact(JSON.stringify(withRate({ price: 0.5 }))), `${at}.price`],
      [parseJsonExact(JSON.stringify(document({ entries: [0.5] }))), "entries[0]"],
      [withRate({ price: "-0.1" }), `${at}.price`],
      [withRate({ price: "0.0000000000000000001" }), `${at}.price`],
      [withRate({ price: "1,5" }), `${at}.price`],
      [
        withRate({ tiers: [{ inputAboveTokens: -1, price: "1" }] }),
        `${at}.tiers[0].inputAboveTokens`,
      ],
      [
        withRate({ tiers: [{ inputAboveTokens: 1.5, price: "1" }] }),
        `${at}.tiers[0].inputAboveTokens`,
      ],
      [withRate({ tiers: [{ inputAboveTokens: 9 }] }), `${at}.tiers[0].price`],
      [
        withRate({
          tiers: [
            { inputAboveTokens: 9, price: "1" },
            { inputAboveTokens: 9, price: "2" },
          ],
        }),
        `${at}.tiers[1]`,
      ],
    ];
    for (const [value, path] of cases) {
      assert.equal(refusedAt(value), path, JSON.stringify(value)?.slice(0, 200));
    }
  });

  it("may be as large as its limits and no larger", () => {
    const names = (count: number) => Array.from({ length: count }, (_, n) => `n${n}`);
    const edges: readonly [unknown, unknown, string][] = [
      [
        withEntry({ aliases: names(PRICE_ENTRY_LIST_MAX_COUNT) }),
        withEntry({ aliases: names(PRICE_ENTRY_LIST_MAX_COUNT + 1) }),
        "entries[0].aliases",
      ],
      [
        withEntry({ subject: "x".repeat(ID_MAX_CHARS) }),
        withEntry({ subject: "x".repeat(ID_MAX_CHARS + 1) }),
        "entries[0].subject",
      ],
      [
        withRate({ price: `${PRICE_MAX_UNITS}` }),
        withRate({ price: `${PRICE_MAX_UNITS}.000000000000000001` }),
        "entries[0].periods[0].rates[0].price",
      ],
      [
        withEntry({ tierFactors: { batch: `${TIER_FACTOR_MAX}` } }),
        withEntry({ tierFactors: { batch: `${TIER_FACTOR_MAX}.000001` } }),
        "entries[0].tierFactors.batch",
      ],
    ];
    for (const [largest, larger, path] of edges) {
      assert.equal(refusedAt(largest), "accepted", path);
      assert.equal(refusedAt(larger), path);
    }
  });
});

describe("a discount", () => {
  const price = (value: unknown) => {
    const listed = readPriceDocument(value).entries[0]?.periods[0]?.rates[0];
    return [listed?.price, ...(listed?.tiers ?? []).map((tier) => tier.price)].map((one) =>
      formatPrice(one ?? assert.fail()),
    );
  };
  const tiers = [{ inputAboveTokens: 1, price: "0.00002" }];
  const sized = { periods: [period({ rates: [rate({ tiers })] })] };

  it("of an entry is folded into all its prices", () => {
    const value = withEntry({ ...sized, discountPercent: "12.5" });
    assert.deepEqual(price(value), ["0.000014", "0.0000175"]);
  });

  it("of a provider holds for its entries by any of its names, unless they have their own", () => {
    const discountPercent = { "Azure-OpenAI": "50", pinecone: "25" };
    assert.deepEqual(price({ ...withEntry(sized), discountPercent }), ["0.000012", "0.000015"]);
    const azure = { ...withEntry({ ...sized, provider: "azure" }), discountPercent };
    assert.deepEqual(price(azure), ["0.000008", "0.00001"]);
    const own = { ...withEntry({ ...sized, discountPercent: "0" }), discountPercent };
    assert.deepEqual(price(own), ["0.000016", "0.00002"]);
  });

  it("of a provider that has no entry is told", () => {
    const discountPercent = { "Azure-OpenAI": "50", pincone: "25" };
    const { notes } = readNotedDocument({ ...withEntry(sized), discountPercent });
    const detail = "no entry of this list is of that provider";
    const noted = { kind: "left_out", subject: "discountPercent", detail };
    assert.deepEqual(notes, [
      { ...noted, provider: "azure" },
      { ...noted, provider: "pincone" },
    ]);
    const used = { ...withEntry(sized), discountPercent: { Pinecone: "25" } };
    assert.deepEqual(readNotedDocument(used).notes, []);
  });

  it("is between nothing and all, and refused where a price would have to be rounded", () => {
    assert.deepEqual(price(withEntry({ discountPercent: "100" })), ["0"]);
    assert.equal(
      refusedAt(withEntry({ discountPercent: "100.0001" })),
      "entries[0].discountPercent",
    );
    assert.equal(refusedAt(withEntry({ discountPercent: "-1" })), "entries[0].discountPercent");
    assert.equal(refusedAt(withEntry({ discountPercent: 10 })), "entries[0].discountPercent");
    assert.equal(
      refusedAt(document({ discountPercent: { pinecone: "x" } })),
      "discountPercent.pinecone",
    );
    const fine = withEntry({
      periods: [period({ rates: [rate({ price: "0.000000000000000001" })] })],
    });
    const split = { ...fine, discountPercent: { pinecone: "10" } };
    assert.equal(refusedAt(split), "entries[0].periods[0].rates[0].price");
  });
});
