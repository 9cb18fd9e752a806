/**
 * Tollgate's own price document, `tollgate.prices/1`. Prices are decimals in quotes per ONE unit
 * (one token, one search, one second), so nothing is lost on the way.
 */
import type { PriceEntry } from "../../domain/cost/price-book.ts";
import { canonicalProvider } from "../../domain/cost/provider-names.ts";
import { ID_MAX_CHARS, PRICE_ENTRIES_MAX_COUNT } from "../../domain/limits.ts";
import { type Factor, parsePercent } from "../../domain/money/decimal.ts";
import { discounted } from "./discount.ts";
import type { ImportNote } from "./imported.ts";
import { entryAt } from "./own-entry.ts";
import {
  decimalAt,
  invalid,
  isObject,
  listAt,
  objectAt,
  recordAt,
  textAt,
  timeAt,
} from "./price-document-reader.ts";

/** Names the format and its version, first in every document. */
export const PRICE_FORMAT = "tollgate.prices/1";

/** Prices to record as one version. */
export interface PriceDocument {
  readonly source: string;
  /** Null: since ever, which is refused once steps exist. */
  readonly effectiveFromMs: number | null;
  /** At the prices that are paid: discounts are folded in. */
  readonly entries: readonly PriceEntry[];
}

const DOCUMENT_FIELDS = ["format", "source", "effectiveFrom", "discountPercent", "entries"];
const ALL_PERCENT = 1_000_000n;

/**
 * Validates a document as JSON was parsed into. Throws `price.invalid` with the path of what is
 * wrong.
 */
export function readPriceDocument(value: unknown): PriceDocument {
  const { notes: _, ...document } = readNotedDocument(value);
  return document;
}

/** The same with what a person is told of it: discounts that no entry takes. */
export function readNotedDocument(
  value: unknown,
): PriceDocument & { readonly notes: readonly ImportNote[] } {
  // Another list has fields without end, of which the first would be told as unknown.
  if (isObject(value) && value.format === undefined) {
    const detail = `There is no "format": "${PRICE_FORMAT}". LiteLLM's list wants format litellm.`;
    throw invalid(detail, "format");
  }
  const document = objectAt(value, "", DOCUMENT_FIELDS);
  if (document.format !== PRICE_FORMAT) {
    throw invalid(`The format must be "${PRICE_FORMAT}".`, "format");
  }
  const source = textAt(document.source, "source", ID_MAX_CHARS);
  const effectiveFromMs = timeAt(document.effectiveFrom, "effectiveFrom");
  const byProvider = discountsAt(document.discountPercent);
  const place = { path: "entries", maxCount: PRICE_ENTRIES_MAX_COUNT };
  const entries = listAt({ value: document.entries, ...place }, (item, path) => {
    const entry = entryAt(item, path);
    const own = isObject(item) ? item.discountPercent : undefined;
    const discount =
      own === undefined
        ? byProvider.get(entry.provider)
        : percentAt(own, `${path}.discountPercent`);
    return discounted(entry, discount ?? (0n as Factor), path);
  });
  refuseEmptyOrRepeated(entries);
  return { source, effectiveFromMs, entries, notes: unusedDiscounts(byProvider, entries) };
}

/** A provider that is misspelled would give nothing off, and nobody would hear of it. */
function unusedDiscounts(
  byProvider: ReadonlyMap<string, Factor>,
  entries: readonly PriceEntry[],
): ImportNote[] {
  const listed = new Set(entries.map(({ provider }) => provider));
  const unused = [...byProvider.keys()].filter((provider) => !listed.has(provider));
  return unused.map((provider) => {
    const detail = "no entry of this list is of that provider";
    return { kind: "left_out", provider, subject: "discountPercent", detail };
  });
}

/** `discountPercent` of the document: percent by provider, for entries without one of their own. */
function discountsAt(value: unknown): ReadonlyMap<string, Factor> {
  const listed = recordAt(value, "discountPercent").map(([provider, percent]) => {
    const path = `discountPercent.${provider}`;
    return [canonicalProvider(provider), percentAt(percent, path)] as const;
  });
  return new Map(listed);
}

function percentAt(value: unknown, path: string): Factor {
  const percent = decimalAt(value, path, parsePercent);
  if (percent >= 0n && percent <= ALL_PERCENT) return percent;
  throw invalid("A discount is between 0 and 100 percent.", path);
}

function refuseEmptyOrRepeated(entries: readonly PriceEntry[]): void {
  if (entries.length === 0) throw invalid("There must be at least one entry.", "entries");
  const seen = new Set<string>();
  for (const [index, { provider, subject }] of entries.entries()) {
    const key = `${provider}\n${subject.toLowerCase()}`;
    if (seen.has(key)) throw invalid(`${provider} ${subject} stands twice.`, `entries[${index}]`);
    seen.add(key);
  }
}
