/**
 * Readers for the values of a price document. Each takes a value and its path and returns it
 * typed, or throws `price.invalid` with that path (`entries[3].periods[0].rates[1].price`).
 */
import { TollgateError } from "../../domain/errors.ts";
import { PRICE_ENTRY_LIST_MAX_COUNT, TEXT_MAX_CHARS } from "../../domain/limits.ts";
import { ExactNumber } from "../native/exact-json.ts";

/** A JSON object whose fields are not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** An object of the document; a list and a number kept as text are none. */
export function isObject(value: unknown): value is JsonObject {
  const isContainer = typeof value === "object" && value !== null && !Array.isArray(value);
  return isContainer && !(value instanceof ExactNumber);
}

/** The text of a number as it was sent, or of a decimal in quotes. */
export function numberText(value: unknown): string | undefined {
  if (value instanceof ExactNumber) return value.text;
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? value : undefined;
}

/** The error of an invalid price document; the path is left out for the document itself. */
export function invalid(detail: string, path: string): TollgateError {
  return new TollgateError("price.invalid", detail, path === "" ? undefined : path);
}

/** An object all of whose fields are known: a misspelled one must not be ignored. */
export function objectAt(value: unknown, path: string, fields: readonly string[]): JsonObject {
  if (!isObject(value)) throw invalid("This must be an object.", path);
  const unknown = Object.keys(value).find((name) => !fields.includes(name));
  if (unknown === undefined) return value;
  const shown = JSON.stringify(unknown.slice(0, 50));
  throw invalid(`The field ${shown} is unknown; known are ${fields.join(", ")}.`, path);
}

/** An object whose names are data, such as factors by tier; of bounded count. */
export function recordAt(value: unknown, path: string): readonly (readonly [string, unknown])[] {
  if (value === undefined) return [];
  if (!isObject(value)) throw invalid("This must be an object.", path);
  return bounded(Object.entries(value), path, PRICE_ENTRY_LIST_MAX_COUNT);
}

/** A list read item by item; an absent one is empty. */
export function listAt<T>(
  { value, path, maxCount = PRICE_ENTRY_LIST_MAX_COUNT }: ListPlace,
  read: (item: unknown, path: string) => T,
): T[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalid("This must be a list.", path);
  return bounded(value, path, maxCount).map((item, index) => read(item, `${path}[${index}]`));
}

interface ListPlace {
  readonly value: unknown;
  readonly path: string;
  /** (Default: PRICE_ENTRY_LIST_MAX_COUNT) */
  readonly maxCount?: number;
}

function bounded<T>(list: readonly T[], path: string, maxCount: number): readonly T[] {
  if (list.length <= maxCount) return list;
  throw invalid(`There are ${list.length} of these; at most ${maxCount} are allowed.`, path);
}

/** A text that is not empty, of bounded length, without control characters. */
export function textAt(value: unknown, path: string, maxChars = TEXT_MAX_CHARS): string {
  if (typeof value !== "string") throw invalid("This must be a string.", path);
  if (value.length > maxChars) throw invalid(`This is longer than ${maxChars} characters.`, path);
  if (value.trim() === "") throw invalid("This must not be empty.", path);
  if (/\p{Cc}/u.test(value)) throw invalid("This must not hold control characters.", path);
  return value;
}

/** What a decimal text gives, or the error that says why it cannot be read. */
export function decimalAt<T>(
  value: unknown,
  path: string,
  parse: (text: string) => T,
): NonNullable<T> {
  if (typeof value !== "string") {
    throw invalid('This must be a decimal in quotes, such as "0.0025".', path);
  }
  const parsed = parse(value);
  if (parsed !== undefined && parsed !== null) return parsed;
  throw invalid(`${JSON.stringify(value.slice(0, 60))} is not a decimal that fits here.`, path);
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** An RFC 3339 time in milliseconds, or null ("since ever"). */
export function timeAt(value: unknown, path: string): number | null {
  if (value === null || value === undefined) return null;
  const ms = typeof value === "string" && RFC_3339.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isFinite(ms)) return ms;
  throw invalid('This must be null or a time such as "2026-12-01T00:00:00Z".', path);
}
