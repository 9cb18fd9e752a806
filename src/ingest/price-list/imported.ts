/** What an import of a published price list gives: entries, and what could not be kept as is. */
import type { PriceEntry } from "../../domain/cost/price-book.ts";

/**
 * Something of the list that differs in the price book, for the person who imports it.
 * - `rounded`: the price has no end as a decimal per unit; kept at 18 places.
 * - `left_out`: this part of the list has no counterpart or is not valid.
 */
export interface ImportNote {
  readonly kind: "rounded" | "left_out";
  readonly provider: string;
  readonly subject: string;
  /** The list's own field and its value. */
  readonly detail: string;
}

/** Entries of a published list and notes on it. */
export interface ImportedPrices {
  readonly entries: readonly PriceEntry[];
  readonly notes: readonly ImportNote[];
}

/** Collects notes about one subject. */
export class SubjectNotes {
  readonly #notes: ImportNote[];
  readonly #provider: string;
  readonly #subject: string;

  constructor(notes: ImportNote[], provider: string, subject: string) {
    this.#notes = notes;
    this.#provider = provider;
    this.#subject = subject;
  }

  add(kind: ImportNote["kind"], detail: string): void {
    this.#notes.push({ kind, provider: this.#provider, subject: this.#subject, detail });
  }
}
