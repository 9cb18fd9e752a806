/** Rows of rate cards and prices, to and from their domain form, as any SQL store keeps them. */
import type { PriceVersion } from "../domain/cost/price-book.ts";
import type { RateCardVersion } from "../domain/rating/rate-card.ts";
import { ReadCards } from "./read-cards.ts";
import { ReadPrices } from "./read-prices.ts";
import type { Bound, Row } from "./stored-rows.ts";

/** Of all stores of this process: a card follows from its document, whosever it is. */
const CARDS = new ReadCards();
const PRICES = new ReadPrices();

/** A version of a rate card, compiled from the document that was recorded. */
export function decodeCard(row: Row): RateCardVersion {
  const override = row.override as string | null;
  const baseVersionId = row.base_version_id as number;
  return {
    id: row.version_id as number,
    version: row.version as number,
    effectiveFromMs: row.effective_from as number,
    takesEffect: row.takes_effect as RateCardVersion["takesEffect"],
    recordedAtMs: row.recorded_at as number,
    document: row.document as string,
    card: CARDS.of(row.document as string),
    override: override === null ? null : { document: override, baseVersionId },
  };
}

/** Values of a card version in the order of its columns, without the workspace. */
export function encodeCard(version: RateCardVersion): Bound[] {
  const { id, card, effectiveFromMs, recordedAtMs, document, takesEffect, override } = version;
  const from = [override?.document ?? null, override?.baseVersionId ?? null];
  const at = [effectiveFromMs, recordedAtMs];
  return [id, card.key, version.version, ...at, document, takesEffect, ...from];
}

/** A version of the price book. */
export function decodePrices(row: Row): PriceVersion {
  return {
    id: row.version_id as number,
    source: row.source as string,
    effectiveFromMs: row.effective_from as number | null,
    recordedAtMs: row.recorded_at as number,
    entries: PRICES.of(row.document as string),
  };
}
