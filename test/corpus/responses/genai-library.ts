/**
 * The price list of a genai-prices record: as our price document, and with the library's own
 * matching, which takes any name that fits a pattern.
 */

import {
  formatPrice,
  type GenaiProvider,
  importGenaiPrices,
  type PriceEntry,
  periodInForce,
  priceForSize,
  quantityOfInteger,
  RateTable,
  seedVersion,
  toPriceDocument,
} from "../product.ts";
import { accepts } from "./genai-match.ts";

/** Price of one unit as decimal text; undefined: none. */
export type Rates = (unit: string) => string | undefined;

export interface Matched {
  readonly id: string;
  readonly now: Rates;
  /** Rates of the same day's other hours, where the price depends on the hour. */
  readonly otherHours: readonly Rates[];
}

interface Fallbacks {
  readonly fallback_model_providers?: readonly string[];
}

const HOURS_MS = [0, 6, 12, 18].map((hour) => hour * 3_600_000);

export class LibraryPrices {
  readonly #providers: readonly (GenaiProvider & Fallbacks)[];
  readonly #entries: readonly PriceEntry[];
  readonly #atMs: number;

  /** `at`: when the library computed its prices. */
  constructor(providers: readonly GenaiProvider[], at: string) {
    this.#providers = providers;
    this.#entries = importGenaiPrices(providers).entries.map(withModalities);
    this.#atMs = Date.parse(at);
  }

  document(source: string): object {
    return toPriceDocument({ source, effectiveFromMs: null, entries: this.#entries });
  }

  ratesFor(provider: string, model: string, inputTokens: number): Matched | undefined {
    const found = this.#match(provider, model);
    if (found === undefined) return undefined;
    const at = (ms: number) => ratesAt(found, ms, inputTokens);
    const day = this.#atMs - (this.#atMs % 86_400_000);
    const otherHours = HOURS_MS.map((hour) => at(day + hour));
    return { id: `${found.provider}/${found.subject}`, now: at(this.#atMs), otherHours };
  }

  #match(providerId: string, model: string): PriceEntry | undefined {
    const provider = this.#providers.find(({ id }) => id === providerId);
    const id = provider?.models.find(({ match }) => accepts(match, model))?.id;
    if (id !== undefined) {
      return this.#entries.find((one) => one.provider === providerId && one.subject === id);
    }
    for (const fallback of provider?.fallback_model_providers ?? []) {
      const found = this.#match(fallback, model);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function ratesAt(entry: PriceEntry, atMs: number, inputTokens: number): Rates {
  const period = entry.periods[periodInForce(entry.periods, atMs)];
  if (period === undefined) return () => undefined;
  const table = new RateTable(entry, period).forTier("standard");
  return (unit) => {
    const rate = table.get(unit);
    if (rate === undefined) return undefined;
    return formatPrice(priceForSize(rate, quantityOfInteger(inputTokens)).price);
  };
}

/** Images and searches have prices that the older list has no field for; our seed has them. */
const NEWER_UNITS = ["output_image", "web_searches"];

/** Where images are priced apart, the older list states their price for all output. */
function withModalities(entry: PriceEntry): PriceEntry {
  const newer = seedVersion(0).entries.find(
    (one) => one.provider === entry.provider && one.subject === entry.subject,
  );
  const listed = newer?.periods.at(-1)?.rates ?? [];
  const special = listed.filter(({ unit }) => NEWER_UNITS.includes(unit));
  const hasImages = special.some(({ unit }) => unit === "output_image");
  const text = hasImages ? listed.filter(({ unit }) => unit === "output_text") : [];
  const taken = new Map([...special, ...text].map((rate) => [rate.unit, rate]));
  const periods = entry.periods.map((period) => {
    const rates = new Map(period.rates.map((rate) => [rate.unit, rate]));
    return { ...period, rates: [...new Map([...rates, ...taken]).values()] };
  });
  return taken.size === 0 ? entry : { ...entry, periods };
}
