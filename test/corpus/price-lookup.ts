/**
 * The price book beside the meter: the seed and the documents that were imported, read by the
 * product's own lookup. Rules ask it for prices that no step shows, such as that of the cached
 * tokens which a record lost.
 */
import { PriceCatalog } from "../../src/domain/cost/find-price.ts";
import type { PriceVersion } from "../../src/domain/cost/price-book.ts";
import { priceForSize } from "../../src/domain/cost/rate-table.ts";
import { formatPrice, quantityOfInteger } from "../../src/domain/money/decimal.ts";
import { readPriceDocument } from "../../src/ingest/price-list/own-format.ts";
import { seedVersion } from "../../src/ingest/price-list/seed.ts";
import type { RateAsked } from "./types.ts";

export class PriceLookup {
  readonly #versions: PriceVersion[] = [seedVersion(0)];
  #catalog: PriceCatalog | undefined;

  add(document: object): void {
    const { source, effectiveFromMs, entries } = readPriceDocument(document);
    const id = this.#versions.length;
    this.#versions.push({ id, source, recordedAtMs: id, effectiveFromMs, entries });
    this.#catalog = undefined;
  }

  get catalog(): PriceCatalog {
    this.#catalog ??= new PriceCatalog(this.#versions);
    return this.#catalog;
  }

  rateOf(asked: RateAsked): string | undefined {
    const { provider, model, unit, occurredAt, inputTokens } = asked;
    const found = this.catalog.find({ provider, subject: model }, Date.parse(occurredAt));
    if (!("rates" in found)) return undefined;
    const rate = found.rates.forTier("standard").get(unit);
    if (rate === undefined) return undefined;
    return formatPrice(priceForSize(rate, quantityOfInteger(inputTokens)).price);
  }
}
