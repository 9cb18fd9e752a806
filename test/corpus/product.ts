/** The parts of the product that readers of recorded responses use: one place for their paths. */
export type { PriceEntry } from "../../src/domain/cost/price-book.ts";
export { periodInForce } from "../../src/domain/cost/rate-period.ts";
export { priceForSize, RateTable } from "../../src/domain/cost/rate-table.ts";
export {
  formatAmount,
  formatPrice,
  formatQuantity,
  parsePrice,
  parseQuantity,
  priceQuantity,
  quantityOfInteger,
} from "../../src/domain/money/decimal.ts";
export type { GenaiMatch } from "../../src/ingest/price-list/genai-names.ts";
export { type GenaiProvider, importGenaiPrices } from "../../src/ingest/price-list/genai-prices.ts";
export { seedVersion } from "../../src/ingest/price-list/seed.ts";
export { toPriceDocument } from "../../src/ingest/price-list/write-document.ts";
export { detectFormat, detectStreamFormat } from "../../src/ingest/provider-response/detect.ts";
export { foldStream } from "../../src/ingest/provider-response/fold.ts";
export { FORMATS } from "../../src/ingest/provider-response/formats.ts";
export { locate } from "../../src/ingest/provider-response/locate.ts";
export { mapProviderUsage } from "../../src/ingest/provider-response/map.ts";
export type { MappedStep, MapResult } from "../../src/ingest/provider-response/mapped-step.ts";
