/**
 * Reads the price table of genai-prices (@pydantic/genai-prices) as data: its prices, dates, tiers
 * and names, not its arithmetic (floating point) and not its matching (silent prefixes).
 */
import type { DailyWindow, PriceEntry, Rate, RatePeriod } from "../../domain/cost/price-book.ts";
import { type GenaiMatch, modelNames } from "./genai-names.ts";
import { genaiUnit } from "./genai-units.ts";
import { type ImportedPrices, type ImportNote, SubjectNotes } from "./imported.ts";
import { unitPrice } from "./unit-price.ts";

/** A price by prompt size. The library applies a tier where the input is more than `start`. */
export interface GenaiTiers {
  readonly base: number;
  readonly tiers: readonly { readonly start: number; readonly price: number }[];
}

export type GenaiPrices = Readonly<Record<string, number | GenaiTiers | undefined>>;

/** Old data tells a date from a time of day by its fields, new data also by a `type`. */
export interface GenaiConstraint {
  readonly start_date?: string;
  readonly start_time?: string;
  readonly end_time?: string;
}

/** Prices that hold under a constraint, or always. */
export interface GenaiPeriod {
  readonly constraint?: GenaiConstraint | null;
  readonly prices: GenaiPrices;
}

/** A model of the table, with the rules that match it. */
export interface GenaiModel {
  readonly id: string;
  readonly match: GenaiMatch;
  /** One table, or a list in which the last one that holds applies. */
  readonly prices: GenaiPrices | readonly GenaiPeriod[];
}

/** A provider of the table. */
export interface GenaiProvider {
  readonly id: string;
  readonly models: readonly GenaiModel[];
}

/** Maps the library's table, as its package or its data file holds it, into price entries. */
export function importGenaiPrices(providers: readonly GenaiProvider[]): ImportedPrices {
  const notes: ImportNote[] = [];
  const entries = providers.flatMap((provider) => {
    const seen = new Set<string>();
    return provider.models.flatMap((model) => {
      const noted = new SubjectNotes(notes, provider.id, model.id);
      const subject = model.id.toLowerCase();
      if (seen.has(subject)) noted.add("left_out", "the id repeats an earlier one");
      const isFirst = !seen.has(subject);
      seen.add(subject);
      return isFirst ? [entryOf(provider.id, model, noted)] : [];
    });
  });
  return { entries, notes };
}

function entryOf(provider: string, model: GenaiModel, notes: SubjectNotes): PriceEntry {
  const { aliases, prefixes } = modelNames({ provider, ...model });
  const { id: subject } = model;
  const periods = periodsOf(model, notes);
  return { provider, subject, aliases, prefixes, currency: "USD", periods, tierFactors: {} };
}

function periodsOf(model: GenaiModel, notes: SubjectNotes): RatePeriod[] {
  const listed: readonly GenaiPeriod[] = isPeriodList(model.prices)
    ? model.prices
    : [{ prices: model.prices }];
  let effectiveFromMs: number | null = null;
  return listed.flatMap(({ constraint, prices }) => {
    const startDate = constraint?.start_date;
    if (startDate !== undefined) {
      const startMs = Date.parse(`${startDate}T00:00:00Z`);
      if (!Number.isFinite(startMs)) notes.add("left_out", `start_date ${startDate}`);
      if (!Number.isFinite(startMs)) return [];
      effectiveFromMs = startMs;
    }
    const daily = windowOf(constraint);
    if (daily === undefined) notes.add("left_out", JSON.stringify(constraint));
    // A window listed after a date belongs to the prices of that date.
    return daily === undefined
      ? []
      : [{ effectiveFromMs, daily, rates: ratesOf(model, prices, notes) }];
  });
}

function isPeriodList(prices: GenaiModel["prices"]): prices is readonly GenaiPeriod[] {
  return Array.isArray(prices);
}

/** Null: all day. Undefined: a window that is not in whole minutes of UTC. */
function windowOf(constraint: GenaiConstraint | null | undefined): DailyWindow | null | undefined {
  const { start_time: from, end_time: to } = constraint ?? {};
  if (from === undefined && to === undefined) return null;
  const fromMinute = minuteOf(from);
  const toMinute = minuteOf(to);
  return fromMinute === undefined || toMinute === undefined ? undefined : { fromMinute, toMinute };
}

function minuteOf(time: string | undefined): number | undefined {
  const [, hours, minutes] =
    /^([01]\d|2[0-3]):([0-5]\d):00(?:\.0+)?(?:Z|\+00:00)$/.exec(time ?? "") ?? [];
  return hours === undefined ? undefined : Number(hours) * 60 + Number(minutes);
}

/** The library states free variants (`…:free`) by an empty table; any other such one is a gap. */
const FREE: GenaiPrices = { input_mtok: 0, output_mtok: 0 };

function ratesOf(model: GenaiModel, prices: GenaiPrices, notes: SubjectNotes): Rate[] {
  const isFree = model.id.endsWith(":free") && Object.keys(prices).length === 0;
  return Object.entries(isFree ? FREE : prices).flatMap(([key, value]) => {
    const rate = value === undefined ? undefined : rateOf(key, value, notes);
    if (rate === undefined) notes.add("left_out", `${key}: ${JSON.stringify(value)}`);
    return rate === undefined ? [] : [rate];
  });
}

function rateOf(key: string, value: number | GenaiTiers, notes: SubjectNotes): Rate | undefined {
  const known = genaiUnit(key);
  if (known === undefined) return undefined;
  const priceOf = (listed: number) => {
    // The shortest decimal text that gives this double back is the number that was published.
    const found = unitPrice(String(listed), known.per);
    if (found?.isExact === false) notes.add("rounded", `${key}: ${listed} for ${known.per}`);
    return found?.price;
  };
  const base = priceOf(typeof value === "number" ? value : value.base);
  if (base === undefined) return undefined;
  const listed = typeof value === "number" ? [] : value.tiers;
  const tiers = listed
    .toSorted((a, b) => a.start - b.start)
    .flatMap(({ start, price: text }) => {
      const price = priceOf(text);
      return price === undefined ? [] : [{ inputAboveTokens: start, price }];
    });
  return tiers.length === listed.length ? { unit: known.unit, price: base, tiers } : undefined;
}
