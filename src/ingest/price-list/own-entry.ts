/** Reads one entry of Tollgate's own price document. */
import type {
  DailyWindow,
  PriceEntry,
  Rate,
  RatePeriod,
  RateTier,
} from "../../domain/cost/price-book.ts";
import { canonicalProvider } from "../../domain/cost/provider-names.ts";
import { TIER_MARK } from "../../domain/cost/rate-table.ts";
import { isTierName } from "../../domain/cost/service-tier.ts";
import { isUsageName } from "../../domain/event/usage.ts";
import {
  FACTOR_SCALE,
  ID_MAX_CHARS,
  PRICE_MAX_UNITS,
  PRICE_SCALE,
  QUANTITY_MAX_UNITS,
  TIER_FACTOR_MAX,
} from "../../domain/limits.ts";
import { currencyDecimals } from "../../domain/money/currency.ts";
import { type Factor, type Price, parsePrice, parseScaled } from "../../domain/money/decimal.ts";
import {
  decimalAt,
  invalid,
  listAt,
  objectAt,
  recordAt,
  textAt,
  timeAt,
} from "./price-document-reader.ts";

const ENTRY_FIELDS = [
  "provider",
  "subject",
  "aliases",
  "prefixes",
  "currency",
  "discountPercent",
  "tierFactors",
  "periods",
];

/** Reads an entry at its listed prices. Throws `price.invalid` with the path. */
export function entryAt(value: unknown, path: string): PriceEntry {
  const entry = objectAt(value, path, ENTRY_FIELDS);
  const nameAt = (item: unknown, at: string) => textAt(item, at, ID_MAX_CHARS);
  const periods = listAt({ value: entry.periods, path: `${path}.periods` }, periodAt);
  if (periods.length === 0) throw invalid("There must be at least one period.", `${path}.periods`);
  return {
    provider: canonicalProvider(nameAt(entry.provider, `${path}.provider`)),
    subject: nameAt(entry.subject, `${path}.subject`),
    aliases: listAt({ value: entry.aliases, path: `${path}.aliases` }, nameAt),
    prefixes: listAt({ value: entry.prefixes, path: `${path}.prefixes` }, nameAt),
    currency: currencyAt(entry.currency, `${path}.currency`),
    periods,
    tierFactors: factorsAt(entry.tierFactors, `${path}.tierFactors`),
  };
}

function currencyAt(value: unknown, path: string): string {
  const code = textAt(value, path);
  if (currencyDecimals(code) === undefined) throw invalid(`${code} is no known currency.`, path);
  return code;
}

function factorsAt(value: unknown, path: string): Readonly<Record<string, Factor>> {
  const factors = recordAt(value, path).map(([tier, text]) => {
    const at = `${path}.${tier}`;
    if (!isTierName(tier)) throw invalid(`"${tier}" is no name of a service tier.`, at);
    const factor = decimalAt(text, at, (decimal) => parseScaled(decimal, FACTOR_SCALE));
    if (factor >= 0n && factor <= TIER_FACTOR_MAX * 10n ** BigInt(FACTOR_SCALE)) {
      return [tier, factor as Factor] as const;
    }
    throw invalid(`A factor is between 0 and ${TIER_FACTOR_MAX}.`, at);
  });
  return Object.fromEntries(factors);
}

function periodAt(value: unknown, path: string): RatePeriod {
  const period = objectAt(value, path, ["effectiveFrom", "daily", "rates"]);
  const rates = listAt({ value: period.rates, path: `${path}.rates` }, rateAt);
  const repeated = rates.findIndex(({ unit }, at) => rates.findIndex((r) => r.unit === unit) < at);
  if (repeated >= 0) throw invalid("The unit stands twice.", `${path}.rates[${repeated}].unit`);
  const effectiveFromMs = timeAt(period.effectiveFrom, `${path}.effectiveFrom`);
  return { effectiveFromMs, daily: windowAt(period.daily, `${path}.daily`), rates };
}

function windowAt(value: unknown, path: string): DailyWindow | null {
  if (value === null || value === undefined) return null;
  const daily = objectAt(value, path, ["from", "to"]);
  const fromMinute = minuteAt(daily.from, `${path}.from`);
  const toMinute = minuteAt(daily.to, `${path}.to`);
  if (fromMinute === toMinute) throw invalid("The window is empty.", path);
  return { fromMinute, toMinute };
}

/** Minutes of the UTC day of "HH:MM". */
function minuteAt(value: unknown, path: string): number {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(typeof value === "string" ? value : "");
  if (match !== null) return Number(match[1]) * 60 + Number(match[2]);
  throw invalid('This must be a time of the UTC day such as "16:30".', path);
}

function rateAt(value: unknown, path: string): Rate {
  const rate = objectAt(value, path, ["unit", "price", "tiers"]);
  const unit = unitAt(rate.unit, `${path}.unit`);
  const price = priceAt(rate.price, `${path}.price`);
  const tiers = listAt({ value: rate.tiers, path: `${path}.tiers` }, tierAt);
  const unordered = tiers.findIndex(
    ({ inputAboveTokens }, at) => inputAboveTokens <= (tiers[at - 1]?.inputAboveTokens ?? -1),
  );
  if (unordered >= 0) throw invalid("Tiers must ascend.", `${path}.tiers[${unordered}]`);
  return { unit, price, tiers };
}

/** A bucket or unit name, or one with the service tier that the rate is for: `unit@batch`. */
function unitAt(value: unknown, path: string): string {
  const text = textAt(value, path);
  const [name = "", tier, ...more] = text.split(TIER_MARK);
  const isTier = tier === undefined || (isTierName(tier) && more.length === 0);
  if (isUsageName(name) && isTier) return text;
  throw invalid(`"${text}" is no bucket or unit name, such as output_text or pages@batch.`, path);
}

function priceAt(value: unknown, path: string): Price {
  const price = decimalAt(value, path, parsePrice);
  if (price >= 0n && price <= PRICE_MAX_UNITS * 10n ** BigInt(PRICE_SCALE)) return price;
  throw invalid(`A price is between 0 and ${PRICE_MAX_UNITS}.`, path);
}

function tierAt(value: unknown, path: string): RateTier {
  const tier = objectAt(value, path, ["inputAboveTokens", "price"]);
  const inputAboveTokens = tokensAt(tier.inputAboveTokens, `${path}.inputAboveTokens`);
  return { inputAboveTokens, price: priceAt(tier.price, `${path}.price`) };
}

function tokensAt(value: unknown, path: string): number {
  const isCount = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  if (isCount && BigInt(value) <= QUANTITY_MAX_UNITS) return value;
  throw invalid("This must be a whole number of tokens.", path);
}
