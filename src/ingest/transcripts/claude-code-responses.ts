/** Joins the lines of a log to responses and tool calls. */
import type { JsonObject } from "../provider-response/block.ts";
import { isObject } from "../provider-response/block.ts";
import type { LogLine } from "./claude-code-log.ts";
import { textOf } from "./claude-code-log.ts";

/** One response of the model, joined from all its lines. */
export interface Response {
  /** Message id; with the request id where two requests of a log share the message id. */
  readonly id: string;
  /** Its first line. */
  readonly line: LogLine;
  /** A response body of the Anthropic Messages API. */
  readonly body: JsonObject;
  /** Whether a line names the reason to stop. Without it the output count may be an early one. */
  readonly ended: boolean;
}

/** One call of a local tool. Tools that Anthropic runs are units of the response instead. */
export interface Call {
  /** The `tool_use` id. */
  readonly id: string;
  readonly tool: string;
  /** Id of the response that asked for it. */
  readonly response: string;
  readonly line: LogLine;
  readonly failed: boolean;
  /** Whether the log holds its result. */
  readonly answered: boolean;
  /** Decimal text, or null where the log does not tell. */
  readonly seconds: string | null;
}

/** Everything a log holds that is counted. */
export interface Collected {
  readonly responses: readonly Response[];
  readonly calls: readonly Call[];
}

/** Messages that Claude Code wrote itself, such as API errors. */
const SYNTHETIC = "<synthetic>";

/** Joins lines in one pass; the order is that of first lines. */
export function collect(lines: readonly LogLine[]): Collected {
  const responses = new Map<string, Response>();
  const calls = new Map<string, Call>();
  const ids = new Set<string>();
  const results = resultsByCall(lines);
  for (const line of lines) {
    const messageId = textOf(line.message.id);
    if (messageId === null || !isObject(line.message.usage)) continue;
    if (line.message.model === SYNTHETIC) continue;
    const key = `${messageId} ${line.requestId ?? ""}`;
    const earlier = responses.get(key);
    const id = earlier?.id ?? (ids.has(messageId) ? key.replace(" ", "/") : messageId);
    ids.add(id);
    const response = joined(earlier, line, id);
    responses.set(key, response);
    for (const call of callsOf(line, response.id, results)) {
      if (!calls.has(call.id)) calls.set(call.id, call);
    }
  }
  return { responses: [...responses.values()], calls: [...calls.values()] };
}

function joined(earlier: Response | undefined, line: LogLine, id: string): Response {
  const { model, usage, stop_reason } = line.message;
  const merged = larger(earlier?.body.usage, usage);
  return {
    id,
    line: earlier?.line ?? line,
    body: { id, model, usage: merged },
    ended: earlier?.ended === true || textOf(stop_reason) !== null,
  };
}

/** The larger of two counts at every place of two usage blocks; anything else: the later. */
function larger(a: unknown, b: unknown): unknown {
  if (typeof a === "number" && typeof b === "number") return a > b ? a : b;
  if (!isObject(a) || !isObject(b)) return b ?? a;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...names].map((name) => [name, larger(a[name], b[name])]));
}

interface Result {
  readonly failed: boolean;
  readonly line: LogLine;
}

function resultsByCall(lines: readonly LogLine[]): Map<string, Result> {
  const results = new Map<string, Result>();
  for (const line of lines) {
    for (const entry of line.content) {
      const call = textOf(entry.tool_use_id);
      if (call !== null) results.set(call, { failed: entry.is_error === true, line });
    }
  }
  return results;
}

function callsOf(
  line: LogLine,
  response: string,
  results: ReadonlyMap<string, Result>,
): readonly Call[] {
  return line.content.flatMap((entry) => {
    const id = textOf(entry.id);
    const tool = textOf(entry.name);
    if (entry.type !== "tool_use" || id === null || tool === null) return [];
    const result = results.get(id);
    const seconds = secondsOf(result?.line.toolResult ?? {});
    const [failed, answered] = [result?.failed ?? false, result !== undefined];
    return [{ id, tool, response, line, failed, answered, seconds }];
  });
}

const DURATIONS = ["totalDurationMs", "durationMs"];

function secondsOf(toolResult: JsonObject): string | null {
  for (const name of DURATIONS) {
    const durationMs = toolResult[name];
    if (typeof durationMs !== "number" || !Number.isSafeInteger(durationMs)) continue;
    if (durationMs < 0) continue;
    const rest = String(durationMs % 1000).padStart(3, "0");
    return `${Math.floor(durationMs / 1000)}.${rest}`;
  }
  return null;
}
