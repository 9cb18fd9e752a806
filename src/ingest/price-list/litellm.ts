/**
 * Imports LiteLLM's price file (model_prices_and_context_window.json), which users may bring.
 * Prices by service tier become rates of that tier
 * (`output_text@batch`), since their ratios to the standard ones are rarely decimals.
 */
import type { PriceEntry, Rate, RateTier } from "../../domain/cost/price-book.ts";
import { canonicalProvider } from "../../domain/cost/provider-names.ts";
import { TIER_MARK } from "../../domain/cost/rate-table.ts";
import { isTokenBucket } from "../../domain/event/usage.ts";
import { ID_MAX_CHARS } from "../../domain/limits.ts";
import type { Price } from "../../domain/money/decimal.ts";
import { type ImportedPrices, type ImportNote, SubjectNotes } from "./imported.ts";
import { looksLikePrice, type PriceField, priceField } from "./litellm-fields.ts";
import { PRICE_FORMAT } from "./own-format.ts";
import { invalid, isObject, type JsonObject, numberText } from "./price-document-reader.ts";
import { unitPrice } from "./unit-price.ts";

/** The file's own explanation of its fields. */
const SAMPLE = "sample_spec";

/**
 * Reads the file as `parseJsonExact` gives it, so that no number passed a float. What has no
 * counterpart is left out and noted. Throws `price.invalid` where it is not such a file.
 */
export function importLitellmPrices(file: unknown): ImportedPrices {
  if (!isObject(file)) throw invalid("The file is not an object of models.", "");
  if (file.format === PRICE_FORMAT) {
    throw invalid(`This is no list of LiteLLM's: it is of the format "${PRICE_FORMAT}".`, "format");
  }
  const notes: ImportNote[] = [];
  const entries = new Map<string, PriceEntry>();
  for (const [name, model] of Object.entries(file)) {
    if (name === SAMPLE) continue;
    if (!isObject(model)) throw invalid("The model is not an object.", name);
    const provider = providerOf(model);
    const subject = subjectOf(name, provider);
    const noted = new SubjectNotes(notes, provider, subject);
    const rates = ratesOf(model, { inclusive: provider === "x-ai" }, noted);
    const key = `${provider}\n${subject.toLowerCase()}`;
    if (rates.length === 0) continue;
    if (subject === "" || subject.length > ID_MAX_CHARS) noted.add("left_out", "its name");
    else if (entries.has(key)) noted.add("left_out", `${name} repeats an earlier name`);
    else entries.set(key, entryOf(provider, subject, rates));
  }
  if (entries.size + notes.length === 0) throw invalid("No model of this file has a price.", "");
  return { entries: [...entries.values()], notes };
}

function entryOf(provider: string, subject: string, rates: readonly Rate[]): PriceEntry {
  const periods = [{ effectiveFromMs: null, daily: null, rates }];
  return {
    provider,
    subject,
    aliases: [],
    prefixes: [],
    currency: "USD",
    periods,
    tierFactors: {},
  };
}

/** LiteLLM tells Vertex's families apart (`vertex_ai-language-models`); their ids are Google's. */
function providerOf(model: JsonObject): string {
  const name = textOf(model.litellm_provider);
  return canonicalProvider(name.startsWith("vertex_ai-") ? "vertex_ai" : name || "litellm");
}

/** The model's id at its provider: LiteLLM's name without the provider before the slash. */
function subjectOf(name: string, provider: string): string {
  const slash = name.indexOf("/");
  const head = canonicalProvider(name.slice(0, Math.max(slash, 0)));
  return slash > 0 && head === provider ? name.slice(slash + 1) : name;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** One listed price. */
interface Listed extends PriceField {
  readonly price: Price;
}

/** LiteLLM compares prompt sizes with "more than", for xAI with "at least". */
interface Comparison {
  readonly inclusive: boolean;
}

function ratesOf(model: JsonObject, { inclusive }: Comparison, notes: SubjectNotes): Rate[] {
  const listed = listedPrices(model, notes);
  const groups = Map.groupBy(listed, ({ unit, tier }) =>
    tier === null ? unit : unit + TIER_MARK + tier,
  );
  const rates = [...groups].flatMap(([unit, prices]) => {
    const base = prices.find(({ aboveTokens }) => aboveTokens === null);
    if (base === undefined) notes.add("left_out", `${unit}: no price for small prompts`);
    if (base === undefined) return [];
    // A tier that lists no price for large prompts is billed there like the standard one.
    const standard = base.tier === null ? [] : (groups.get(base.unit) ?? []);
    const tiers = sizeTiers([...standard, ...prices], inclusive);
    return [{ unit, price: base.price, tiers }];
  });
  return [...rates, ...feesOfTiers(rates)];
}

function sizeTiers(prices: readonly Listed[], inclusive: boolean): RateTier[] {
  const byThreshold = new Map<number, RateTier>();
  for (const { aboveTokens, price } of prices) {
    if (aboveTokens === null) continue;
    const inputAboveTokens = inclusive ? Math.max(0, aboveTokens - 1) : aboveTokens;
    byThreshold.set(inputAboveTokens, { inputAboveTokens, price });
  }
  return [...byThreshold.values()].toSorted((a, b) => a.inputAboveTokens - b.inputAboveTokens);
}

/** Fees (searches, requests, pages) cost the same in every service tier. */
function feesOfTiers(rates: readonly Rate[]): Rate[] {
  const marked = rates.flatMap(({ unit }) => unit.split(TIER_MARK).slice(1));
  const own = new Set(rates.map(({ unit }) => unit));
  const fees = rates.filter(({ unit }) => !unit.includes(TIER_MARK) && !isTokenBucket(unit));
  return [...new Set(marked)].flatMap((tier) =>
    fees
      .map((fee) => ({ ...fee, unit: fee.unit + TIER_MARK + tier }))
      .filter(({ unit }) => !own.has(unit)),
  );
}

function listedPrices(model: JsonObject, notes: SubjectNotes): Listed[] {
  const mode = textOf(model.mode);
  const read = (name: string, value: unknown, fromTokens: number | null): Listed[] => {
    const field = priceField(name, mode);
    const text = numberText(value);
    const found =
      field === undefined || text === undefined ? undefined : unitPrice(text, field.per);
    const isUnread = field === undefined || found === undefined;
    if (isUnread && looksLikePrice(name) && value !== null) notes.add("left_out", name);
    if (isUnread) return [];
    if (!found.isExact) notes.add("rounded", `${name}: ${text}`);
    return [{ ...field, aboveTokens: fromTokens ?? field.aboveTokens, price: found.price }];
  };
  const listed = Object.entries(model).flatMap(([name, value]) => {
    if (name === "search_context_cost_per_query") return searchPrices(value);
    if (name === "tiered_pricing" && Array.isArray(value)) return tieredPrices(value, read);
    return read(name, value, null);
  });
  return firstOfEach(listed);
}

type ReadPrice = (name: string, value: unknown, fromTokens: number | null) => Listed[];

/** `tiered_pricing`: price tables by prompt size, each `range` [more than, up to]. */
function tieredPrices(tiers: readonly unknown[], read: ReadPrice): Listed[] {
  return tiers.filter(isObject).flatMap((tier) => {
    const range = tier.range;
    const start = Array.isArray(range) ? Number(numberText(range[0]) ?? 0) : 0;
    const prices = Object.entries(tier).filter(([name]) => name !== "range");
    return prices.flatMap(([name, value]) => read(name, value, start > 0 ? start : null));
  });
}

/** Prices of a web search by how much context it fetches; medium is what providers default to. */
const SEARCH_UNITS: Readonly<Record<string, string>> = {
  search_context_size_low: "web_searches_low",
  search_context_size_medium: "web_searches",
  search_context_size_high: "web_searches_high",
};

function searchPrices(value: unknown): Listed[] {
  if (!isObject(value)) return [];
  return Object.entries(SEARCH_UNITS).flatMap(([name, unit]) => {
    const found = unitPrice(numberText(value[name]) ?? "");
    if (found === undefined) return [];
    return [{ unit, per: 1, aboveTokens: null, tier: null, price: found.price }];
  });
}

/** Two fields may name one unit (`gb_days`); the first stands. */
function firstOfEach(listed: readonly Listed[]): Listed[] {
  const byKey = new Map<string, Listed>();
  for (const one of listed) {
    const key = `${one.unit} ${one.tier} ${one.aboveTokens}`;
    if (!byKey.has(key)) byKey.set(key, one);
  }
  return [...byKey.values()];
}
