/**
 * JSON with one text for one value: keys ascending, no white space. Documents that are kept and
 * hashed (rate cards, statements) are written with it; their numbers are decimal text.
 */
import { jsonString } from "./json-string.ts";
import { sortedKeys } from "./sorted-keys.ts";

/** Canonical JSON text of a value of plain objects, lists, texts, booleans and null. */
export function canonicalJson(value: unknown): string {
  if (typeof value === "string") return jsonString(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const record = value as Record<string, unknown>;
  let text = "{";
  for (const key of sortedKeys(record)) {
    if (text.length > 1) text += ",";
    text += `${jsonString(key)}:${canonicalJson(record[key])}`;
  }
  return `${text}}`;
}
