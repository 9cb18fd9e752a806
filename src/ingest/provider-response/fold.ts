/**
 * The usage of a stream, from its parsed events: the result is a body that the format's mapper
 * reads. Providers report cumulative counts, so later blocks replace earlier ones; only Gemini
 * Live counts each message apart.
 */
import type { Completeness } from "../../domain/event/event.ts";
import type { Quantity } from "../../domain/money/decimal.ts";
import { formatQuantity, parseQuantity } from "../../domain/money/decimal.ts";
import type { JsonObject } from "./block.ts";
import { isObject, numberText } from "./block.ts";
import type { Format } from "./formats.ts";
import { FORMATS } from "./formats.ts";
import { locate } from "./locate.ts";

/** What a stream comes to. */
export interface Folded {
  readonly block: JsonObject;
  /** `partial`: the stream ended before the provider's final count. */
  readonly completeness: Completeness;
}

/** Null: no event holds a usage (a stream that was cut, or not asked to include it). */
export function foldStream(formatName: string, events: readonly unknown[]): Folded | null {
  const format = Object.hasOwn(FORMATS, formatName) ? FORMATS[formatName] : undefined;
  if (format === undefined) return null;
  if (format.fold === "anthropic") return foldAnthropic(events);
  if (format.fold === "sum") return foldSum(format, events);
  const block = lastBody(format, events);
  if (block === null) return null;
  return format.fold === "gemini" ? foldGemini(block, events) : { block, completeness: "exact" };
}

/** The body of the last event that holds a usage. */
function lastBody(format: Format, events: readonly unknown[]): JsonObject | null {
  const last = events.findLast((event) => locate(format, event) !== null);
  return last === undefined ? null : (locate(format, last)?.body ?? null);
}

/**
 * Gemini repeats the count so far in every chunk; only the last one names a reason to finish.
 * Searches stand in any chunk, so the candidates of all are kept.
 */
function foldGemini(block: JsonObject, events: readonly unknown[]): Folded {
  const chunks = events.filter(isObject);
  const candidates = chunks.flatMap((chunk) => objectsIn(chunk.candidates));
  const ended =
    candidates.some((one) => (one.finishReason ?? null) !== null) ||
    chunks.some((chunk) => isObject(chunk.promptFeedback));
  return { block: { ...block, candidates }, completeness: ended ? "exact" : "partial" };
}

function listAt(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The sum of two counts; the later of anything else. */
function added(before: unknown, value: unknown): unknown {
  const [a, b] = [quantityIn(before), quantityIn(value)];
  return a === undefined || b === undefined ? value : formatQuantity((a + b) as Quantity);
}

function quantityIn(value: unknown): Quantity | undefined {
  const text = numberText(value);
  return text === undefined ? undefined : parseQuantity(text);
}

function objectsIn(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/**
 * `message_start` holds the input and a first output token; each `message_delta` holds cumulative
 * counts that replace it. What a delta leaves out (the split of cache writes) stays as it was.
 */
function foldAnthropic(events: readonly unknown[]): Folded | null {
  let message: JsonObject | null = null;
  let usage: JsonObject = {};
  let completeness: Completeness = "partial";
  for (const event of events) {
    if (!isObject(event)) continue;
    const started = event.message;
    if (event.type === "message_start" && isObject(started)) {
      message = started;
      if (isObject(started.usage)) usage = merged(usage, started.usage);
    } else if (isObject(event.usage)) {
      usage = merged(usage, event.usage);
      completeness = "exact";
    }
  }
  if (Object.keys(usage).length === 0) return null;
  return { block: { ...message, usage }, completeness };
}

function merged(earlier: JsonObject, later: JsonObject): JsonObject {
  const told = Object.entries(later).filter(([, value]) => value !== null);
  return { ...earlier, ...Object.fromEntries(told) };
}

/** Adds the counts of all blocks; lists of the same name are joined. */
function foldSum(format: Format, events: readonly unknown[]): Folded | null {
  const sum: Record<string, unknown> = {};
  for (const event of events) {
    for (const [name, value] of Object.entries(locate(format, event)?.usage ?? {})) {
      sum[name] = Array.isArray(value) ? [...listAt(sum[name]), ...value] : added(sum[name], value);
    }
  }
  if (Object.keys(sum).length === 0) return null;
  return { block: { [format.usage[0] ?? "usage"]: sum }, completeness: "exact" };
}
