/**
 * Catalogues that several workspaces share. What a catalogue finds follows from its versions
 * alone, and most workspaces have those that all begin with: one of its own would take megabytes
 * of each. Versions are the same where their entries are one and the same list.
 */
import { PRICE_CATALOGS_MAX_ENTRIES } from "../limits.ts";
import { RecentByWeight } from "../recent-by-weight.ts";
import { PriceCatalog } from "./find-price.ts";
import type { PriceEntry, PriceVersion } from "./price-book.ts";

/** What an entry takes up, with all names that reach it. */
const ENTRY_BYTES = 3_000;

/** Catalogues by the versions that they were built of; those asked for last are shared. */
export class PriceCatalogs {
  readonly #shared: RecentByWeight<string, PriceCatalog>;
  /** Lists of entries as numbers. */
  readonly #numbers = new WeakMap<readonly PriceEntry[], number>();
  #last = 0;

  constructor(maxEntries: number = PRICE_CATALOGS_MAX_ENTRIES) {
    this.#shared = new RecentByWeight(maxEntries);
  }

  /** The catalogue of these versions. */
  of(versions: readonly PriceVersion[]): PriceCatalog {
    const key = this.#keyOf(versions);
    const catalog = this.#shared.get(key) ?? new PriceCatalog(versions);
    this.#shared.set(key, catalog, 1 + countOf(versions));
    return catalog;
  }

  /** How much memory one would take that is not there yet, about. */
  bytesToAdd(versions: readonly PriceVersion[]): number {
    const isThere = this.#shared.get(this.#keyOf(versions)) !== undefined;
    return isThere ? 0 : countOf(versions) * ENTRY_BYTES;
  }

  #keyOf(versions: readonly PriceVersion[]): string {
    return versions
      .map(({ id, effectiveFromMs, entries }) => `${id} ${effectiveFromMs} ${this.#no(entries)}`)
      .join();
  }

  #no(entries: readonly PriceEntry[]): number {
    const known = this.#numbers.get(entries);
    if (known !== undefined) return known;
    this.#last += 1;
    this.#numbers.set(entries, this.#last);
    return this.#last;
  }
}

function countOf(versions: readonly PriceVersion[]): number {
  return versions.reduce((sum, { entries }) => sum + entries.length, 0);
}
