/** Price versions as JSON text for the store: exact integers are tagged, all else is JSON. */
import { parseJsonRevived } from "../parse-json.ts";
import type { PriceEntry } from "./price-book.ts";

const INTEGER_TAG = "\u0002";

/** Entries as text; `decodePriceEntries` gives them back. */
export function encodePriceEntries(entries: readonly PriceEntry[]): string {
  return JSON.stringify(entries, (_key, value: unknown) =>
    typeof value === "bigint" ? `${INTEGER_TAG}${value}` : value,
  );
}

/** Entries of a text that `encodePriceEntries` wrote. */
export function decodePriceEntries(text: string): PriceEntry[] {
  return parseJsonRevived(text, (_key, value) =>
    typeof value === "string" && value.startsWith(INTEGER_TAG) ? BigInt(value.slice(1)) : value,
  ) as PriceEntry[];
}
