/**
 * A whole request body of events: parse it, read each event alone, hand the good ones to the
 * engine in one call, and put the refusals back in their places. One bad event never spoils
 * another. The engine is a function here and its results pass through as they are, so that this
 * mapping knows nothing of rating or stores.
 */
import { type Problem, TollgateError } from "../../domain/errors.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import { EVENTS_PER_REQUEST_MAX_COUNT, ID_MAX_CHARS } from "../../domain/limits.ts";
import { parseJsonExact } from "./exact-json.ts";
import { parseNdjsonExact } from "./ndjson.ts";
import { type ParseContext, parseEvent } from "./parse-event.ts";

/** An event that was refused: nothing of it was stored. */
export interface Rejected {
  readonly status: "rejected";
  readonly error: Problem;
}

/** What became of one item of a request, in its place. */
export interface IngestedItem<Result> {
  /** The id as sent; null where there is none that may be shown. */
  readonly id: string | null;
  readonly result: Result | Rejected;
  /** Further steps that one provider usage block stood for. */
  readonly extra: readonly { readonly id: string; readonly result: Result }[];
}

/** What became of a request: one item for each that was sent, and the engine's run totals. */
export interface Ingested<Result, Total> {
  readonly results: readonly IngestedItem<Result>[];
  readonly runs: Pick<ReadonlyMap<string, Total>, "get">;
}

/** The engine's part: commits events and tells of each in order. */
export type CommitEvents<Result, Total> = (
  workspace: string,
  events: readonly TollgateEvent[],
) => Promise<{
  readonly results: readonly Result[];
  readonly runs: Pick<ReadonlyMap<string, Total>, "get">;
}>;

interface Failing {
  readonly error?: Problem;
}

/** An item of a body: a value to read as an event, or the problem that its line has. */
type Item = { readonly value: unknown } | { readonly error: Problem };

/** Reads requests for one engine. */
export interface EventReader<Result, Total> {
  /**
   * A JSON list or NDJSON text. Problems name the place: `events[3].usage.output_text`. Throws
   * `request.malformed`, `request.too_large` where the body as a whole is not such a list.
   */
  ingestBody(
    workspace: string,
    text: string,
    kind: "json" | "ndjson",
  ): Promise<Ingested<Result, Total>>;
  /** One event, already parsed. Problems name the field alone. */
  ingestValue(workspace: string, value: unknown): Promise<Ingested<Result, Total>>;
}

/** Puts the parser and the engine's commit together. */
export function eventReader<Result extends Failing, Total>(
  context: ParseContext,
  commit: CommitEvents<Result, Total>,
): EventReader<Result, Total> {
  const none = { results: [], runs: new Map<string, Total>() };
  return {
    ingestBody: async (workspace, text, kind) => {
      const read = readItems(itemsOf(text, kind), context);
      const { events } = read;
      const { results, runs } = events.length === 0 ? none : await commit(workspace, events);
      return { results: placed(itemsDone(read, results)), runs };
    },
    ingestValue: async (workspace, value) => {
      const read = readItems([{ value }], context);
      const { events } = read;
      const { results, runs } = events.length === 0 ? none : await commit(workspace, events);
      return { results: itemsDone(read, results), runs };
    },
  };
}

function itemsOf(text: string, kind: "json" | "ndjson"): Item[] {
  if (kind === "ndjson") {
    return parseNdjsonExact(text).map((entry) => {
      if ("value" in entry) return entry;
      const { code, detail } = entry.error;
      return { error: { code, detail: `Line ${entry.line}: ${detail}` } };
    });
  }
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

/** Why an item has no event. */
interface Refusal {
  readonly id: string | null;
  readonly problem: Problem;
}

/** All events of a body, and for each item where its own end among them, or why it has none. */
interface ReadItems {
  readonly events: readonly TollgateEvent[];
  readonly ends: readonly (number | Refusal)[];
}

function readItems(items: readonly Item[], context: ParseContext): ReadItems {
  const events: TollgateEvent[] = [];
  const ends: (number | Refusal)[] = [];
  for (const item of items) {
    const parsed = "error" in item ? { problem: item.error } : parseEvent(item.value, context);
    if ("problem" in parsed) {
      ends.push({ id: idOf(item), problem: parsed.problem });
    } else {
      for (const event of parsed.events) events.push(event);
      ends.push(events.length);
    }
  }
  return { events, ends };
}

/** What became of each item, in the order sent. */
function itemsDone<Result>(
  { events, ends }: ReadItems,
  results: readonly Result[],
): IngestedItem<Result>[] {
  let from = 0;
  return ends.map((end) => {
    if (typeof end !== "number") {
      return { id: end.id, result: { status: "rejected", error: end.problem }, extra: NOTHING };
    }
    const first = from;
    from = end;
    const id = events[first]?.id ?? null;
    const result = results[first] as Result;
    if (end === first + 1) return { id, result, extra: NOTHING };
    const extra = events.slice(first + 1, end).map((event, index) => ({
      id: event.id,
      result: results[first + 1 + index] as Result,
    }));
    return { id, result, extra };
  });
}

const NOTHING: readonly never[] = [];

/** An id that may be shown: a huge one is not sent back. */
function idOf(item: Item): string | null {
  const value = "value" in item ? item.value : null;
  if (typeof value !== "object" || value === null || !("id" in value)) return null;
  const { id } = value;
  return typeof id === "string" && id.length <= ID_MAX_CHARS && id.isWellFormed() ? id : null;
}

/** The same items; their problems name the place in the body. */
function placed<Result extends Failing>(items: IngestedItem<Result>[]): IngestedItem<Result>[] {
  for (const [index, item] of items.entries()) {
    if (item.result.error !== undefined) items[index] = withPlace(item, item.result.error, index);
  }
  return items;
}

function withPlace<Result extends Failing>(
  item: IngestedItem<Result>,
  error: Problem,
  index: number,
): IngestedItem<Result> {
  const place = `events[${index}]`;
  const isWhole = error.field === undefined || error.field === "event";
  const field = isWhole ? place : `${place}.${error.field}`;
  return { ...item, result: { ...item.result, error: { ...error, field } } };
}
