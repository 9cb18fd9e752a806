/** Newline-delimited JSON: one value a line, each judged alone. */
import { type Problem, TollgateError } from "../../domain/errors.ts";
import { EVENTS_PER_REQUEST_MAX_COUNT } from "../../domain/limits.ts";
import { type JsonOptions, parseJsonExact } from "./exact-json.ts";

/** A line that was read, or the problem that it has. Lines count from 1, as editors do. */
export type NdjsonLine =
  | { readonly line: number; readonly value: unknown }
  | { readonly line: number; readonly error: Problem };

/** What the caller allows a body to be. */
export interface NdjsonOptions extends JsonOptions {
  /** Lines that are not blank. (Default: EVENTS_PER_REQUEST_MAX_COUNT.) */
  readonly maxLines?: number;
}

/**
 * Parses each line that is not blank; a bad line never spoils the others. Line ends are LF or
 * CRLF, the last one may be missing. Throws `request.too_large` for too many lines.
 */
export function parseNdjsonExact(text: string, options: NdjsonOptions = {}): NdjsonLine[] {
  const maxLines = options.maxLines ?? EVENTS_PER_REQUEST_MAX_COUNT;
  const lines: NdjsonLine[] = [];
  let line = 0;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline;
    line += 1;
    const content = text.slice(start, end).trim();
    start = end + 1;
    if (content === "") continue;
    if (lines.length === maxLines) throw tooManyLines(maxLines);
    lines.push(parseLine(line, content, options));
  }
  return lines;
}

/** One line by itself; `content` is not blank. */
export function parseLine(line: number, content: string, options: JsonOptions = {}): NdjsonLine {
  try {
    return { line, value: parseJsonExact(content, options) };
  } catch (error) {
    if (!(error instanceof TollgateError)) throw error;
    return { line, error: error.toProblem() };
  }
}

function tooManyLines(maxLines: number): TollgateError {
  return new TollgateError("request.too_large", `The body has more than ${maxLines} lines.`);
}
