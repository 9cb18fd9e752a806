import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PriceCatalog } from "../../domain/cost/find-price.ts";
import { formatPrice } from "../../domain/money/decimal.ts";
import { type GenaiModel, type GenaiProvider, importGenaiPrices } from "./genai-prices.ts";

const model = (more: Partial<GenaiModel>): GenaiModel => ({
  id: "m",
  match: { equals: "m" },
  prices: { input_mtok: 1.25 },
  ...more,
});

function imported(more: Partial<GenaiModel>, provider = "acme") {
  const table: GenaiProvider[] = [{ id: provider, models: [model(more)] }];
  const { entries, notes } = importGenaiPrices(table);
  return { entry: entries[0], notes: notes.map(({ kind, detail }) => `${kind} ${detail}`) };
}

const rates = (more: Partial<GenaiModel>) =>
  imported(more).entry?.periods[0]?.rates.map(({ unit, price }) => `${unit} ${formatPrice(price)}`);

describe("prices of genai-prices", () => {
  it("become exact decimals per unit", () => {
    const prices = {
      input_mtok: 0.15,
      output_mtok: 0.6,
      cache_read_mtok: 0.075,
      cache_write_1h_mtok: 4,
      web_searches_kcount: 10,
      requests_kcount: 12,
      audio_hours: 0.36,
    };
    assert.deepEqual(rates({ prices }), [
      "input_uncached 0.00000015",
      "output_text 0.0000006",
      "cache_read 0.000000075",
      "cache_write_1h 0.000004",
      "web_searches 0.01",
      "requests 0.012",
      "audio_seconds 0.0001",
    ]);
  });

  it("keep their sizes as thresholds that the prompt must exceed, ascending", () => {
    const input_mtok = {
      base: 1,
      tiers: [
        { start: 271_999, price: 4 },
        { start: 1_000, price: 2 },
      ],
    };
    const tiers = imported({ prices: { input_mtok } }).entry?.periods[0]?.rates[0]?.tiers;
    assert.deepEqual(
      tiers?.map((tier) => tier.inputAboveTokens),
      [1_000, 271_999],
    );
  });

  it("that cannot be exact or read are noted, and the rest is kept", () => {
    const prices = { input_mtok: 0.18000000000000002, output_wonders: 3, output_mtok: -1 };
    const { entry, notes } = imported({ prices });
    assert.deepEqual(
      entry?.periods[0]?.rates.map(({ unit }) => unit),
      ["input_uncached"],
    );
    assert.deepEqual(notes, [
      "rounded input_mtok: 0.18000000000000002 for 1000000",
      "left_out output_wonders: 3",
      "left_out output_mtok: -1",
    ]);
  });

  it("of a free variant are zero; an empty table of another model is no price", () => {
    assert.deepEqual(rates({ id: "m:free", prices: {} }), ["input_uncached 0", "output_text 0"]);
    assert.deepEqual(rates({ prices: {} }), []);
  });
});

describe("dates of genai-prices", () => {
  const listed = (constraints: readonly (object | undefined)[]) => {
    const prices = constraints.map((constraint) => ({
      ...(constraint === undefined ? {} : { constraint }),
      prices: { input_mtok: 1 },
    }));
    const { entry, notes } = imported({ prices });
    const periods = entry?.periods.map(({ effectiveFromMs, daily }) => ({
      effectiveFromMs,
      daily,
    }));
    return { periods, notes };
  };
  const AUGUST_MS = Date.parse("2026-08-17T00:00:00Z");

  it("start at midnight UTC, with or without a type beside them", () => {
    for (const type of [{}, { type: "start_date" }]) {
      assert.deepEqual(listed([undefined, { start_date: "2026-08-17", ...type }]).periods, [
        { effectiveFromMs: null, daily: null },
        { effectiveFromMs: AUGUST_MS, daily: null },
      ]);
    }
  });

  it("a window listed after a date belongs to the prices of that date", () => {
    const window = { start_time: "01:00:00Z", end_time: "04:00:00Z" };
    assert.deepEqual(listed([undefined, { start_date: "2026-08-17" }, window]).periods?.[2], {
      effectiveFromMs: AUGUST_MS,
      daily: { fromMinute: 60, toMinute: 240 },
    });
  });

  it("that cannot be kept are noted, never taken for all day or since ever", () => {
    const odd = [{ start_time: "01:00:30Z", end_time: "04:00:00Z" }, { start_date: "soon" }];
    const { periods, notes } = listed([undefined, ...odd]);
    assert.equal(periods?.length, 1);
    assert.equal(notes.length, 2);
  });
});

describe("names of genai-prices", () => {
  const found = (more: Partial<GenaiModel>, name: string, provider = "acme"): string => {
    const { entries } = importGenaiPrices([{ id: provider, models: [model(more)] }]);
    const version = { id: 0, source: "", recordedAtMs: 0, effectiveFromMs: null, entries };
    return new PriceCatalog([version]).find({ provider, subject: name }, 0).match;
  };

  it("that the data spells out are aliases, whatever the rule they stand in", () => {
    const match = {
      or: [{ equals: "a" }, { starts_with: "b-2" }, { contains: "c-3" }, { ends_with: "d-4" }],
    };
    for (const name of ["a", "b-2", "c-3", "d-4"]) assert.equal(found({ match }, name), "alias");
    assert.equal(found({ match }, "b-2-20260131"), "snapshot");
  });

  it("that merely fit a rule are suggestions or unknown", () => {
    const match = { or: [{ starts_with: "b-2" }, { contains: "c-3" }, { regex: "^m-\\d$" }] };
    assert.equal(found({ match }, "b-2-pro"), "prefix");
    assert.equal(found({ match }, "x-c-3"), "none");
    assert.equal(found({ match }, "m-7"), "prefix");
  });

  it("exclude texts that are beginnings, or that another rule forbids", () => {
    const match = { and: [{ starts_with: "b-tts" }, { regex: "^(?!.*tts)" }] };
    assert.equal(found({ match }, "b-tts"), "prefix");
    assert.equal(found({ match: { starts_with: "claude-4@" } }, "claude-4@"), "prefix");
  });

  it("of Bedrock stand for the plain id and each region's, not for the global profile", () => {
    const match = { or: [{ contains: "us.x.m-v1" }, { starts_with: "x.m-v1" }] };
    const regional = { id: "regional.x.m-v1:0", match };
    assert.equal(found(regional, "x.m-v1:0", "aws"), "alias");
    assert.equal(found(regional, "us.x.m-v1:0", "aws"), "alias");
    assert.equal(found(regional, "eu.x.m-v1:0", "aws"), "none");
    assert.equal(found(regional, "global.x.m-v1:0", "aws"), "none");
  });

  it("that stand twice keep the first price and are noted", () => {
    const twice = [model({}), model({ id: "M", prices: { input_mtok: 9 } })];
    const { entries, notes } = importGenaiPrices([{ id: "acme", models: twice }]);
    assert.equal(entries.length, 1);
    assert.equal(notes.length, 1);
  });
});
