/** Reads a file of events in whatever form it has: one of the readers below takes it. */
import { TollgateError } from "../domain/errors.ts";
import { ExactNumber, parseJsonExact } from "./native/exact-json.ts";
import { parseNdjsonExact } from "./native/ndjson.ts";
import { type BatchResult, batchResults, readBatchResult } from "./provider-response/batch-file.ts";
import {
  isProviderResponse,
  isSessionResult,
  type ReadResponse,
  readResponse,
  readResponseStream,
} from "./provider-response/response-file.ts";
import { readClaudeCode } from "./transcripts/claude-code.ts";

/** Whose the events of a file are that name nobody. */
export interface ImportOwner {
  readonly customer?: string;
  readonly agent?: string;
}

/** Events of a file, made ready to send, and what could not be read of it. */
export interface ImportedFile {
  readonly format: string;
  /** JSON texts, one an event. */
  readonly events: readonly string[];
  readonly problems: readonly string[];
  /** How many of the problems are something that should have been read: a torn line is none. */
  readonly unread: number;
}

/** Lines of one file: as much as a process can hold. */
const IMPORT_MAX_LINES = 5_000_000;

/**
 * Reads a JSON list or NDJSON of events, a Claude Code session log, or recorded provider
 * responses; the owner fills what it lacks. `nowIso` dates responses that carry no time.
 */
export function readImportFile(text: string, owner: ImportOwner, nowIso: string): ImportedFile {
  if (/^(event|data|id|retry|):/m.test(text.slice(0, 2_000)) && text.includes("data:")) {
    const streamed = readResponseStream(eventsOfStream(text), nowIso);
    return responses([{ place: "stream", read: streamed }], owner);
  }
  const whole = wholeDocument(text);
  const batch = whole === undefined ? undefined : batchResults([whole].flat());
  if (batch !== undefined) return readBatch(batch, owner, nowIso);
  if (Array.isArray(whole) && !whole.some(isProviderResponse)) {
    const events = whole.map((event) => jsonOf(event, owner));
    return { format: "JSON events", events, problems: [], unread: 0 };
  }
  if (whole !== undefined) {
    const bodies = Array.isArray(whole) ? whole : [whole];
    if (bodies.some(isProviderResponse)) return readBodies(bodies, owner, nowIso);
  }
  return readLines(text, owner, nowIso);
}

/** The file as one JSON document, or undefined where it is not one. */
function wholeDocument(text: string): unknown {
  try {
    return parseJsonExact(text);
  } catch (error) {
    if (error instanceof TollgateError) return undefined;
    throw error;
  }
}

function readLines(text: string, owner: ImportOwner, nowIso: string): ImportedFile {
  const lines = parseNdjsonExact(text, { maxLines: IMPORT_MAX_LINES });
  const values = lines.flatMap((line) => ("value" in line ? [line.value] : []));
  if (values.some(isSessionLine)) return readSession(text, owner);
  const batch = batchResults(values);
  if (batch !== undefined) return readBatch(batch, owner, nowIso);
  // The other lines of a stream repeat counts that are not final.
  const results = values.filter(isSessionResult);
  if (results.length > 0) return readBodies(results, owner, nowIso);
  if (values.length > 0 && values.every(isProviderResponse)) {
    return readBodies(values, owner, nowIso);
  }
  const problems = lines.flatMap((line) =>
    "error" in line ? [`line ${line.line}: ${line.error.detail}`] : [],
  );
  const events = values.map((event) => jsonOf(event, owner));
  return { format: "NDJSON events", events, problems, unread: problems.length };
}

/** Requests that failed or expired cost nothing, and are told. */
function readBatch(
  results: readonly BatchResult[],
  owner: ImportOwner,
  nowIso: string,
): ImportedFile {
  const reads = results.map((result) => readBatchResult(result, nowIso));
  const answered = reads.flatMap((read, at) =>
    read === null ? [] : [{ place: `request ${at + 1}`, read }],
  );
  const file = responses(answered, owner);
  const unanswered = reads.length - answered.length;
  const told = unanswered === 0 ? [] : [`requests of the batch without an answer: ${unanswered}`];
  return { ...file, problems: [...file.problems, ...told] };
}

function readBodies(bodies: readonly unknown[], owner: ImportOwner, nowIso: string): ImportedFile {
  const reads = bodies.map((body, at) => ({
    place: `response ${at + 1}`,
    read: readResponse(body, nowIso),
  }));
  return responses(reads, owner);
}

function responses(
  reads: readonly { readonly place: string; readonly read: ReadResponse }[],
  owner: ImportOwner,
): ImportedFile {
  const problems = reads.flatMap(({ place, read }) =>
    "problem" in read ? [`${place}: ${read.problem}`] : [],
  );
  return {
    format: "provider responses",
    events: reads.flatMap(({ read }) => ("event" in read ? [jsonOf(read.event, owner)] : [])),
    problems,
    unread: problems.length,
  };
}

/** The JSON payloads of an event stream, in order; what is no JSON (`[DONE]`) is passed over. */
function eventsOfStream(text: string): unknown[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const payload = line.startsWith("data:") ? line.slice("data:".length).trim() : "";
    const value = payload.startsWith("{") ? wholeDocument(payload) : undefined;
    return value === undefined ? [] : [value];
  });
}

function readSession(text: string, owner: ImportOwner): ImportedFile {
  const { events, tornLines, problems } = readClaudeCode(text, owner);
  return {
    format: "Claude Code session",
    events: events.map((event) => JSON.stringify(event)),
    problems: [
      ...tornLines.map((line) => `line ${line}: torn, left out`),
      ...problems.map(({ response, problem }) => `response ${response}: ${problem.detail}`),
    ],
    // A session that is still written ends in half a line.
    unread: problems.length,
  };
}

/** Lines that only Claude Code writes. */
function isSessionLine(value: unknown): boolean {
  return typeof value === "object" && value !== null && "sessionId" in value && "uuid" in value;
}

/** JSON with raw number texts, which is newer than the types. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

/** An event as JSON text, its numbers digit for digit as they stood in the file. */
function jsonOf(event: unknown, owner: ImportOwner): string {
  return JSON.stringify(withOwner(event, owner), (_key, value: unknown) =>
    value instanceof ExactNumber ? rawJSON(value.text) : value,
  );
}

/** Types of events that say whose they are. */
const NAMES_OWNER: ReadonlySet<string> = new Set(["step", "metric", "run.opened"]);

function withOwner(event: unknown, owner: ImportOwner): unknown {
  if (typeof event !== "object" || event === null || Array.isArray(event)) return event;
  const type = (event as { readonly type?: string }).type ?? "step";
  return NAMES_OWNER.has(type) ? { ...owner, ...event } : event;
}
