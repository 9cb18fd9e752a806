/**
 * Cards that were read from their documents. A version never changes, and every act on cards or
 * customers reads all of them, of which an account may have thousands: each document is read once.
 */
import { CARDS_REMEMBERED_MAX_CHARS } from "../domain/limits.ts";
import type { RateCard } from "../domain/rating/rate-card.ts";
import { storedRateCard } from "../domain/rating/stored-rate-card.ts";

/** Remembers cards by what they were read from; of too many, those that were read first go. */
export class ReadCards {
  readonly #maxChars: number;
  readonly #cards = new Map<string, RateCard>();
  #chars = 0;

  constructor(maxChars: number = CARDS_REMEMBERED_MAX_CHARS) {
    this.#maxChars = maxChars;
  }

  /** The card of a document as it was recorded. */
  of(document: string): RateCard {
    const known = this.#cards.get(document);
    if (known !== undefined) return known;
    const card = storedRateCard(document);
    this.#cards.set(document, card);
    this.#chars += document.length;
    for (const first of this.#cards.keys()) {
      if (this.#chars <= this.#maxChars) break;
      this.#cards.delete(first);
      this.#chars -= first.length;
    }
    return card;
  }
}
