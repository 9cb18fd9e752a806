/** Lines of a Claude Code log, as far as they matter here. */
import type { JsonObject } from "../provider-response/block.ts";
import { isObject } from "../provider-response/block.ts";

/** A line that holds a message. */
export interface LogLine {
  readonly uuid: string;
  readonly parentUuid: string | null;
  readonly session: string;
  /** Id of the subagent that wrote the line, in logs that tell it. */
  readonly subagent: string | null;
  readonly sidechain: boolean;
  /** RFC 3339, as logged. */
  readonly timestamp: string;
  readonly requestId: string | null;
  readonly message: JsonObject;
  /** Entries of the message's content. */
  readonly content: readonly JsonObject[];
  /** What a tool gave back beside its text: durations, the id of a subagent. */
  readonly toolResult: JsonObject;
}

/** A log as lines. */
export interface Log {
  readonly lines: readonly LogLine[];
  /** Numbers, from 1, of lines that are no JSON object. */
  readonly tornLines: readonly number[];
}

/** Keeps the lines that hold a message; summaries, snapshots and other notes are left out. */
export function readLog(text: string): Log {
  const lines: LogLine[] = [];
  const tornLines: number[] = [];
  for (const [at, source] of text.split("\n").entries()) {
    if (source.trim() === "") continue;
    const value = parsed(source);
    if (value === null) {
      tornLines.push(at + 1);
      continue;
    }
    const line = lineOf(value);
    if (line !== null) lines.push(line);
  }
  return { lines, tornLines };
}

function parsed(source: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(source);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function lineOf(value: JsonObject): LogLine | null {
  const { uuid, sessionId, timestamp, message } = value;
  if (typeof uuid !== "string" || typeof sessionId !== "string") return null;
  if (typeof timestamp !== "string" || !isObject(message)) return null;
  const content = Array.isArray(message.content) ? message.content.filter(isObject) : [];
  return {
    uuid,
    parentUuid: textOf(value.parentUuid),
    session: sessionId,
    subagent: textOf(value.agentId),
    sidechain: value.isSidechain === true,
    timestamp,
    requestId: textOf(value.requestId),
    message,
    content,
    toolResult: isObject(value.toolUseResult) ? value.toolUseResult : {},
  };
}

/** A text that is not empty, or null. */
export function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
