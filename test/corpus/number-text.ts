/**
 * Reads JSON so that every number arrives as the text its source wrote, because a stated figure is
 * judged to its last digit. Logs are torn: what cannot be read is left out and counted.
 */
import { parseJsonWithSources } from "../../src/domain/parse-json.ts";

/** JSON whose numbers are text. Strings and numbers are told apart by where they stand. */
export type Json = null | boolean | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** What Python writes though JSON has no such numbers. */
const BARE_WORDS = /([:,[]\s*)(?:NaN|-?Infinity)(?=\s*[,}\]])/g;

function parse(text: string): Json {
  return parseJsonWithSources(text, (_key, value, { source }) =>
    typeof value === "number" ? (source ?? String(value)) : value,
  ) as Json;
}

/** Parses one document; undefined where it is not JSON. */
export function parseJson(text: string): Json | undefined {
  try {
    return parse(text);
  } catch {
    try {
      return parse(text.replace(BARE_WORDS, "$1null"));
    } catch {
      return undefined;
    }
  }
}

/** What the parser says against a text. */
export function whyNotJson(text: string): string {
  try {
    JSON.parse(text);
    return "it is JSON";
  } catch (error) {
    return (error as Error).message;
  }
}

export interface Lines {
  readonly values: readonly JsonObject[];
  /** Number of the line, from 1, of each value. */
  readonly lineOf: readonly number[];
  /** Lines that are no JSON object, with how many whole objects they hold. */
  readonly tornLines: readonly { readonly line: number; readonly kept: number }[];
}

/** Reads JSON lines; a line torn into several objects gives each object that is whole. */
export function parseLines(text: string): Lines {
  const values: JsonObject[] = [];
  const lineOf: number[] = [];
  const tornLines: { line: number; kept: number }[] = [];
  for (const [at, source] of text.split("\n").entries()) {
    if (source.trim() === "") continue;
    const line = at + 1;
    const whole = parseJson(source);
    const found = whole === undefined ? wholeObjects(source) : [whole].filter(isObject);
    if (whole === undefined || found.length === 0) tornLines.push({ line, kept: found.length });
    for (const value of found) {
      values.push(value);
      lineOf.push(line);
    }
  }
  return { values, lineOf, tornLines };
}

/** A torn line is looked through so often at most: a brace that nothing closes costs a look. */
const MAX_LOOKS = 64;

/** Finds the objects of a torn line: from each opening brace that starts a readable object. */
function wholeObjects(line: string): JsonObject[] {
  const found: JsonObject[] = [];
  let chars = MAX_LOOKS * line.length;
  let at = line.indexOf("{");
  while (at >= 0 && chars > 0) {
    const end = closingBrace(line, at);
    chars -= (end < 0 ? line.length : end) - at;
    const value = end < 0 ? undefined : parseJson(line.slice(at, end + 1));
    if (value !== undefined && isObject(value)) {
      found.push(value);
      at = line.indexOf("{", end + 1);
    } else {
      at = line.indexOf('{"', at + 1);
    }
  }
  return found;
}

function closingBrace(line: string, from: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = from; at < line.length; at += 1) {
    const char = line[at];
    if (quoted) {
      if (char === "\\") at += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "{") depth += 1;
    else if (char === "}") {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object at a path of keys; an empty one where something on the way is missing. */
export function objectAt(value: Json | undefined, ...path: readonly string[]): JsonObject {
  let at = value;
  for (const key of path) at = isObject(at) ? at[key] : undefined;
  return isObject(at) ? at : {};
}

/** The objects of a list; empty where it is no list. */
export function objectsOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** A text or number as text; undefined where it is neither. */
export function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A count that the source states, 0 where it states none. */
export function countOf(value: Json | undefined): number {
  const count = typeof value === "string" ? Number(value) : 0;
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}
