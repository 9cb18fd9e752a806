/** Instants as HTTP tells and reads them: RFC 3339. */
import { TollgateError } from "../domain/errors.ts";
import { OCCURRED_AT_MAX_MS, OCCURRED_AT_MIN_MS } from "../domain/limits.ts";

let lastMs = 0;
let lastText = new Date(lastMs).toISOString();

/** An instant in UTC with milliseconds. What one commit answered often tells the same one. */
export function timeText(atMs: number): string {
  if (atMs === lastMs) return lastText;
  lastText = new Date(atMs).toISOString();
  lastMs = atMs;
  return lastText;
}

/** An instant as RFC 3339 text; null stays null. */
export function timeTextOrNull(atMs: number | null): string | null {
  return atMs === null ? null : timeText(atMs);
}

const FORM = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * Reads an instant between the years 2000 and 2200. Temporal refuses 30 February, where
 * `Date.parse` makes it 2 March. Throws `field.invalid`, `field.out_of_range`.
 */
export function instantOf(text: string, field: string): number {
  const atMs = FORM.test(text) ? epochMs(text) : undefined;
  if (atMs === undefined) {
    const wanted = `"${field}" must be an RFC 3339 time such as 2026-11-23T10:00:00Z`;
    const detail = `${wanted}, not ${shown(text)}.`;
    throw new TollgateError("field.invalid", detail, field);
  }
  if (atMs >= OCCURRED_AT_MIN_MS && atMs < OCCURRED_AT_MAX_MS) return atMs;
  const detail = `"${field}" must lie between the years 2000 and 2200.`;
  throw new TollgateError("field.out_of_range", detail, field);
}

/** The same for a field that may be left out or null. */
export function optionalInstant(text: string | null | undefined, field: string): number | null {
  return text === null || text === undefined ? null : instantOf(text, field);
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
}

function epochMs(text: string): number | undefined {
  try {
    return Temporal.Instant.from(text.toUpperCase()).epochMilliseconds;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
