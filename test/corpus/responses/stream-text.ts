/** Reads the text of an answer: one JSON document, server-sent events, or JSON lines. */
import { type Json, parseJson } from "../number-text.ts";
import type { AnswerContent } from "./recording.ts";

/** Undefined where the text holds no JSON at all. */
export function contentOf(text: string): AnswerContent | undefined {
  const body = parseJson(text);
  // Vertex streams a list of chunks as one document.
  if (Array.isArray(body) && body.length > 0) return { events: body };
  if (body !== undefined) return { body };
  const events = text.split(/\r?\n/).flatMap(eventOfLine);
  return events.length === 0 ? undefined : { events };
}

function eventOfLine(line: string): Json[] {
  const data = line.replace(/^data:\s*/, "").trim();
  if (!data.startsWith("{") && !data.startsWith("[")) return [];
  const value = parseJson(data);
  return value === undefined ? [] : [value];
}
