/** Reads a file of events in whatever form it has: one of the readers below takes it. */
import { ExactNumber, parseJsonExact } from "./native/exact-json.ts";
import { parseNdjsonExact } from "./native/ndjson.ts";
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
}

/** Lines of one file: as much as a process can hold. */
const IMPORT_MAX_LINES = 5_000_000;

/** Reads a JSON list, NDJSON, or a Claude Code session log; the owner fills what it lacks. */
export function readImportFile(text: string, owner: ImportOwner): ImportedFile {
  if (text.trimStart().startsWith("[")) {
    const list = parseJsonExact(text) as readonly unknown[];
    return {
      format: "JSON events",
      events: list.map((event) => jsonOf(event, owner)),
      problems: [],
    };
  }
  const lines = parseNdjsonExact(text, { maxLines: IMPORT_MAX_LINES });
  if (lines.some((line) => "value" in line && isSessionLine(line.value))) {
    return readSession(text, owner);
  }
  const events = lines.flatMap((line) => ("value" in line ? [jsonOf(line.value, owner)] : []));
  const problems = lines.flatMap((line) =>
    "error" in line ? [`line ${line.line}: ${line.error.detail}`] : [],
  );
  return { format: "NDJSON events", events, problems };
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

function withOwner(event: unknown, owner: ImportOwner): unknown {
  if (typeof event !== "object" || event === null || Array.isArray(event)) return event;
  const type = (event as { readonly type?: string }).type ?? "step";
  return type === "step" || type === "run.opened" ? { ...owner, ...event } : event;
}
