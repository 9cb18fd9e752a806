/**
 * What a newer list of public prices changes of a price book. Prices of one's own stand: a list
 * that is newer would else go before what was agreed with a provider.
 */
import type { PriceEntry, PriceVersion } from "./price-book.ts";
import { encodePriceEntries } from "./price-codec.ts";
import { canonicalProvider } from "./provider-names.ts";

/** The list that comes with the product. */
export interface PackagedPrices {
  readonly source: string;
  readonly entries: readonly PriceEntry[];
  /** Whether a source is an edition of that list; all others are one's own. */
  readonly isEdition: (source: string) => boolean;
}

/** What of a list is to be recorded, and what is not because one's own prices stand. */
export interface PriceUpdate {
  readonly entries: readonly PriceEntry[];
  readonly kept: readonly PriceEntry[];
}

/** Compares a list with the versions that there are, whenever they take effect. */
export function priceUpdate(
  versions: readonly PriceVersion[],
  { entries: packaged, isEdition }: PackagedPrices,
): PriceUpdate {
  const own = new Set<string>();
  const recorded = new Map<string, PriceEntry>();
  for (const { source, entries } of versions.toSorted((a, b) => a.id - b.id)) {
    for (const entry of entries) {
      if (isEdition(source)) recorded.set(nameOf(entry, entry.subject), entry);
      else for (const name of namesOf(entry)) own.add(name);
    }
  }
  const isOwn = (entry: PriceEntry) => namesOf(entry).some((name) => own.has(name));
  const changed = packaged.filter((entry) => {
    const known = recorded.get(nameOf(entry, entry.subject));
    return known === undefined || encodePriceEntries([known]) !== encodePriceEntries([entry]);
  });
  return {
    entries: changed.filter((entry) => !isOwn(entry)),
    kept: changed.filter(isOwn),
  };
}

function namesOf(entry: PriceEntry): string[] {
  return [entry.subject, ...entry.aliases].map((name) => nameOf(entry, name));
}

function nameOf({ provider }: PriceEntry, name: string): string {
  return `${canonicalProvider(provider)}\u0000${name.toLowerCase()}`;
}
