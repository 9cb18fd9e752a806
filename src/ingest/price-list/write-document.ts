/** Writes price entries as Tollgate's own document; reading it gives the same entries back. */
import type { DailyWindow, PriceEntry, Rate, RatePeriod } from "../../domain/cost/price-book.ts";
import { FACTOR_SCALE } from "../../domain/limits.ts";
import { formatPrice, formatScaled } from "../../domain/money/decimal.ts";
import { PRICE_FORMAT, type PriceDocument } from "./own-format.ts";

/** The document as plain data, ready for `JSON.stringify`. */
export function toPriceDocument(document: PriceDocument): object {
  const { source, effectiveFromMs, entries } = document;
  const effectiveFrom = timeText(effectiveFromMs);
  return { format: PRICE_FORMAT, source, effectiveFrom, entries: entries.map(entryData) };
}

function entryData(entry: PriceEntry): object {
  const { provider, subject, aliases, prefixes, currency } = entry;
  const factors = Object.entries(entry.tierFactors);
  const tierFactors = Object.fromEntries(
    factors.map(([tier, factor]) => [tier, formatScaled(factor, FACTOR_SCALE)]),
  );
  const periods = entry.periods.map(periodData);
  return { provider, subject, aliases, prefixes, currency, tierFactors, periods };
}

function periodData({ effectiveFromMs, daily, rates }: RatePeriod): object {
  const effectiveFrom = timeText(effectiveFromMs);
  return { effectiveFrom, daily: windowData(daily), rates: rates.map(rateData) };
}

function rateData({ unit, price, tiers }: Rate): object {
  const listed = tiers.map((tier) => ({
    inputAboveTokens: tier.inputAboveTokens,
    price: formatPrice(tier.price),
  }));
  return { unit, price: formatPrice(price), tiers: listed };
}

function windowData(daily: DailyWindow | null): object | null {
  return daily === null
    ? null
    : { from: clockText(daily.fromMinute), to: clockText(daily.toMinute) };
}

function clockText(minute: number): string {
  const two = (part: number) => String(part).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

function timeText(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
