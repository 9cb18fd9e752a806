/**
 * Price books that were read from their documents. A version never changes, and nearly every
 * workspace begins with the same one, of several megabytes once it is read: it is there once.
 */
import type { PriceEntry } from "../domain/cost/price-book.ts";
import { decodePriceEntries } from "../domain/cost/price-codec.ts";
import { PRICE_BOOKS_REMEMBERED_MAX_CHARS } from "../domain/limits.ts";
import { RecentByWeight } from "../domain/recent-by-weight.ts";

/** Remembers entries by what they were read from; of too many, those asked for longest ago go. */
export class ReadPrices {
  readonly #books: RecentByWeight<string, readonly PriceEntry[]>;

  constructor(maxChars: number = PRICE_BOOKS_REMEMBERED_MAX_CHARS) {
    this.#books = new RecentByWeight(maxChars);
  }

  /** The entries of a document as they were recorded. */
  of(document: string): readonly PriceEntry[] {
    const entries = this.#books.get(document) ?? decodePriceEntries(document);
    this.#books.set(document, entries, document.length);
    return entries;
  }
}
