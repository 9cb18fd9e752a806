/**
 * Recorded provider responses as events: bodies as JSON, one or several a file, or the lines of
 * an event stream (`data: {…}`). They carry no run and mostly no time, so they go to the
 * customer's standing run, dated by the response where it says so and else by the import.
 */
import { isObject, type JsonObject } from "./block.ts";
import { detectFormat, detectStreamFormat } from "./detect.ts";
import { foldStream } from "./fold.ts";
import { FORMATS } from "./formats.ts";
import { mapProviderUsage } from "./map.ts";

/** An event as POST /v1/events takes it. */
export type ResponseEvent = Readonly<Record<string, unknown>>;

/** The event of a response body, or why there is none. */
export type ReadResponse =
  | {
      readonly event: ResponseEvent;
      /** Paths of counts that no rule reads: of these nothing is metered. */
      readonly unread: readonly string[];
    }
  | { readonly problem: string };

/** True for a body that a provider answered and that holds a usage. */
export function isProviderResponse(value: unknown): boolean {
  return isObject(value) && !("kind" in value) && detectFormat(value) !== null;
}

const SESSION = "claude-agent.result";

/** True for the line of a stream of Claude Code or its SDK that holds what its session used. */
export function isSessionResult(value: unknown): boolean {
  return isObject(value) && value.type === "result" && detectFormat(value) === SESSION;
}

/** True for a line of a batch's results, whether its request succeeded or not. */
export function isBatchLine(value: unknown): boolean {
  return isObject(value) && typeof value.custom_id === "string" && batchedBody(value) !== undefined;
}

/** OpenAI wraps the body with its HTTP status, Anthropic the message with how it ended. */
function batchedBody(line: JsonObject): unknown {
  for (const [outer, inner] of [
    ["response", "body"],
    ["result", "message"],
  ] as const) {
    if (isObject(line[outer])) return line[outer][inner] ?? null;
    if (line[outer] === null) return null;
  }
  return undefined;
}

/** The response in a line of a batch's results; null where the request has none. */
export function readBatchLine(line: unknown, nowIso: string): ReadResponse | null {
  const body = isObject(line) ? batchedBody(line) : undefined;
  if (!isObject(line) || !isObject(body) || detectFormat(body) === null) return null;
  // Embeddings have no id; their line has one of its own.
  const read = readResponse({ ...(line.id === undefined ? {} : { id: line.id }), ...body }, nowIso);
  // OpenAI's bodies do not say that they were answered in a batch.
  return "event" in read ? { ...read, event: { ...read.event, tier: "batch" } } : read;
}

/** Reads one response body. `nowIso` dates what carries no time. */
export function readResponse(body: unknown, nowIso: string): ReadResponse {
  const format = detectFormat(body);
  if (format === null || !isObject(body)) return { problem: "no usage of a known form" };
  // Counts of a session run on over its results: which one is the last, no file says.
  const completeness = format === SESSION ? "partial" : "exact";
  return eventOf({ format, body, completeness }, nowIso);
}

/** Reads the parsed events of one response stream. */
export function readResponseStream(events: readonly unknown[], nowIso: string): ReadResponse {
  const format = detectStreamFormat(events);
  const folded = format === null ? null : foldStream(format, events);
  if (format === null || folded === null) return { problem: "the stream holds no usage" };
  const { block: body, completeness } = folded;
  return eventOf({ format, body, completeness }, nowIso);
}

interface Recorded {
  readonly format: string;
  readonly body: JsonObject;
  readonly completeness: string;
}

function eventOf({ format, body, completeness }: Recorded, nowIso: string): ReadResponse {
  // A cache of Gemini's has no id, but a name.
  const own = body.id ?? body.responseId ?? body.response_id ?? body.name;
  const id = format === SESSION ? body.session_id : own;
  if (typeof id !== "string" || id === "") {
    return { problem: "the response has no id, so it could be counted twice" };
  }
  const event = {
    id,
    source: "provider-response",
    kind: FORMATS[format]?.kind ?? "model",
    occurredAt: timeOf(body) ?? nowIso,
    completeness,
    usageFormat: format,
    providerUsage: body,
  };
  const mapped = mapProviderUsage(format, body, { field: "response" });
  return { event, unread: "unread" in mapped ? mapped.unread : [] };
}

const MS_PER_SECOND = 1_000;

/** OpenAI and those like it date responses in seconds since 1970. */
function timeOf(body: JsonObject): string | undefined {
  const seconds = body.created ?? body.created_at;
  if (typeof seconds !== "number" || !Number.isSafeInteger(seconds) || seconds < MS_PER_SECOND) {
    return undefined;
  }
  return new Date(seconds * MS_PER_SECOND).toISOString();
}
