/**
 * Recorded provider responses as events: bodies as JSON, one or several a file, or the lines of
 * an event stream (`data: {…}`). They carry no run and mostly no time, so they go to the
 * customer's standing run, dated by the response where it says so and else by the import.
 */
import { isObject, type JsonObject } from "./block.ts";
import { detectFormat, detectStreamFormat } from "./detect.ts";
import { foldStream } from "./fold.ts";
import { FORMATS } from "./formats.ts";

/** An event as POST /v1/events takes it. */
export type ResponseEvent = Readonly<Record<string, unknown>>;

/** The event of a response body, or why there is none. */
export type ReadResponse = { readonly event: ResponseEvent } | { readonly problem: string };

/** True for a body that a provider answered and that holds a usage. */
export function isProviderResponse(value: unknown): boolean {
  return isObject(value) && !("kind" in value) && detectFormat(value) !== null;
}

const SESSION = "claude-agent.result";

/** True for the line of a stream of Claude Code or its SDK that holds what its session used. */
export function isSessionResult(value: unknown): boolean {
  return isObject(value) && value.type === "result" && detectFormat(value) === SESSION;
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

/** The event of a body whose format is known. The server maps its usage, and tells what is left. */
export function eventOf({ format, body, completeness }: Recorded, nowIso: string): ReadResponse {
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
  return { event };
}

const MS_PER_SECOND = 1_000;

/** OpenAI and those like it date responses in seconds since 1970, Google in RFC 3339. */
function timeOf(body: JsonObject): string | undefined {
  const seconds = body.created ?? body.created_at;
  if (seconds === undefined) return instantOf(body.createTime);
  if (typeof seconds !== "number" || !Number.isSafeInteger(seconds) || seconds < MS_PER_SECOND) {
    return undefined;
  }
  return new Date(seconds * MS_PER_SECOND).toISOString();
}

/** An instant of RFC 3339 as the API takes it; undefined for everything else. */
export function instantOf(value: unknown): string | undefined {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(value))
    return;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
