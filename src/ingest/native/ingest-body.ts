/**
 * A whole request body of events: parse it, read each event alone, hand the good ones to the
 * engine in one call, and put the refusals back in their places. One bad event never spoils
 * another. The engine is a function here and its results pass through as they are, so that this
 * mapping knows nothing of rating or stores.
 */
import type { Problem } from "../../domain/errors.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import { type BodyReader, inlineReader } from "./body-reader.ts";
import type { ParseContext } from "./parse-event.ts";
import { type BodyContent, type BodyKind, type ReadItems, readItems } from "./read-items.ts";

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
  /** Counts of that block that are in no bucket. Left out: none. */
  readonly unread?: readonly string[];
}

/** What became of a request: one item for each that was sent, and the engine's run totals. */
export interface Ingested<Result, Total> {
  readonly results: readonly IngestedItem<Result>[];
  readonly runs: ReadonlyMap<string, Total>;
}

/** The engine's part: commits events and tells of each in order. */
export type CommitEvents<Result, Total> = (
  workspace: string,
  events: readonly TollgateEvent[],
) => Promise<{
  readonly results: readonly Result[];
  readonly runs: ReadonlyMap<string, Total>;
}>;

interface Failing {
  readonly error?: Problem;
}

/** Reads requests for one engine. */
export interface EventReader<Result, Total> {
  /**
   * A JSON list or NDJSON, as text or as its UTF-8. Problems name the place:
   * `events[3].usage.output_text`. Throws `request.malformed`, `request.too_large` where the body
   * as a whole is not such a list.
   */
  ingestBody(
    workspace: string,
    body: BodyContent,
    kind: BodyKind,
  ): Promise<Ingested<Result, Total>>;
  /** One event, already parsed. Problems name the field alone. */
  ingestValue(workspace: string, value: unknown): Promise<Ingested<Result, Total>>;
}

/** Puts the parser and the engine's commit together. `reader` reads whole bodies. */
export function eventReader<Result extends Failing, Total>(
  context: ParseContext,
  commit: CommitEvents<Result, Total>,
  reader: BodyReader = inlineReader(context),
): EventReader<Result, Total> {
  const none = { results: [], runs: new Map<string, Total>() };
  const commitRead = (workspace: string, read: ReadItems): Promise<Ingested<Result, Total>> => {
    const done = read.events.length === 0 ? Promise.resolve(none) : commit(workspace, read.events);
    return done.then(({ results, runs }) => ({ results: placed(itemsDone(read, results)), runs }));
  };
  return {
    // No async function, as all that each small request passes: it would keep its variables.
    ingestBody: (workspace, body, kind) => {
      try {
        const reading = reader.read(body, kind);
        // What was read at once is not waited for.
        if (!(reading instanceof Promise)) return commitRead(workspace, reading);
        return reading.then((read) => commitRead(workspace, read));
      } catch (error) {
        return Promise.reject(error);
      }
    },
    ingestValue: async (workspace, value) => {
      const read = readItems([{ value }], context);
      const { events } = read;
      const { results, runs } = events.length === 0 ? none : await commit(workspace, events);
      return { results: itemsDone(read, results), runs };
    },
  };
}

/** What became of each item, in the order sent. */
function itemsDone<Result>(
  { events, ends }: ReadItems,
  results: readonly Result[],
): IngestedItem<Result>[] {
  let from = 0;
  const itemUntil = (end: number): IngestedItem<Result> => {
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
  };
  return ends.map((end) => {
    if (typeof end === "number") return itemUntil(end);
    if ("end" in end) return { ...itemUntil(end.end), unread: end.unread };
    return { id: end.id, result: { status: "rejected", error: end.problem }, extra: NOTHING };
  });
}

const NOTHING: readonly never[] = [];

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
