/**
 * A request body as events: parse it, read each event alone, and keep for each item where its own
 * events end, or why it has none. Pure, so that it may run in the thread of the request or in one
 * of its own (reading-thread.ts).
 */
import { type Problem, TollgateError } from "../../domain/errors.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import {
  EVENTS_PER_REQUEST_MAX_COUNT,
  ID_MAX_CHARS,
  STEPS_PER_REQUEST_MAX_COUNT,
} from "../../domain/limits.ts";
import { parseJsonExact } from "./exact-json.ts";
import { type NdjsonLine, parseNdjsonExact } from "./ndjson.ts";
import { type ParseContext, parseEvent } from "./parse-event.ts";

/** How a body writes its events. */
export type BodyKind = "json" | "ndjson";

/** A body as it arrived: its text, or the UTF-8 of it, which is not looked at again. */
export type BodyContent = string | Uint8Array;

/** An item of a body: a value to read as an event, or the problem that its line has. */
export type Item = { readonly value: unknown } | { readonly error: Problem };

/** Why an item has no event. */
export interface Refusal {
  readonly id: string | null;
  readonly problem: Problem;
}

/** Where the events of an item end, of whose usage block no rule reads these counts. */
export interface EndUnread {
  readonly end: number;
  readonly unread: readonly string[];
}

/** All events of a body, and for each item where its own end among them, or why it has none. */
export interface ReadItems {
  readonly events: readonly TollgateEvent[];
  readonly ends: readonly (number | EndUnread | Refusal)[];
}

/**
 * Reads a JSON list or NDJSON text. Throws `request.malformed`, `request.too_large` where the body
 * as a whole is not such a list.
 */
export function readBodyItems(text: string, kind: BodyKind, context: ParseContext): ReadItems {
  return readItems(itemsOf(text, kind), context);
}

function itemsOf(text: string, kind: BodyKind): Item[] {
  if (kind === "ndjson") return parseNdjsonExact(text).map(itemOfLine);
  const values = parseJsonExact(text);
  if (!Array.isArray(values)) {
    const detail = "The body must be a JSON list of events, also for a single one.";
    throw new TollgateError("request.malformed", detail);
  }
  if (values.length > EVENTS_PER_REQUEST_MAX_COUNT) {
    const limit = EVENTS_PER_REQUEST_MAX_COUNT;
    const detail = `The body has ${values.length} events; the limit is ${limit}.`;
    throw new TollgateError("request.too_large", detail);
  }
  return values.map((value: unknown) => ({ value }));
}

/** A line as an item: its problem names the line. */
export function itemOfLine(entry: NdjsonLine): Item {
  if ("value" in entry) return entry;
  const { code, detail } = entry.error;
  return { error: { code, detail: `Line ${entry.line}: ${detail}` } };
}

/**
 * Reads each item alone: one bad event never spoils another. `before` counts the events of the
 * request that stand before these. (Default: 0.)
 */
export function readItems(
  items: readonly Item[],
  context: ParseContext,
  { before = 0 }: { readonly before?: number } = {},
): ReadItems {
  const events: TollgateEvent[] = [];
  const ends: ReadItems["ends"][number][] = [];
  for (const item of items) {
    const parsed = "error" in item ? { problem: item.error } : parseEvent(item.value, context);
    const problem =
      "problem" in parsed ? parsed.problem : tooMany(parsed.events, before + events.length);
    if (problem !== null) ends.push({ id: idOf(item), problem });
    else if ("events" in parsed) {
      for (const event of parsed.events) events.push(event);
      const { unread } = parsed;
      ends.push(unread === undefined ? events.length : { end: events.length, unread });
    }
  }
  return { events, ends };
}

/** A few bytes of a usage block or a metric are a step: bodies alone do not bound their number. */
function tooMany({ length }: readonly TollgateEvent[], before: number): Problem | null {
  if (length <= 1 || before + length <= STEPS_PER_REQUEST_MAX_COUNT) return null;
  const most = `the limit of a request is ${STEPS_PER_REQUEST_MAX_COUNT}`;
  const detail = `It stands for ${length} steps, after ${before} others; ${most}.`;
  return { code: "request.too_large", detail };
}

/** An id that may be shown: a huge one is not sent back. */
function idOf(item: Item): string | null {
  const value = "value" in item ? item.value : null;
  if (typeof value !== "object" || value === null || !("id" in value)) return null;
  const { id } = value;
  return typeof id === "string" && id.length <= ID_MAX_CHARS && id.isWellFormed() ? id : null;
}
