/**
 * JSON without lost digits. `JSON.parse` turns 9007199254740993 into …992 and 0.1 into a float; a
 * number that money depends on must reach its validator as the text that was sent.
 *
 * One scan over the text finds both what the parser would spoil (a number that is not a plain
 * integer of at most 15 digits) and nesting that would exhaust memory or stack. Nearly every body
 * has neither and takes the plain parser; the scan costs about a third of it (0.5 and 1.4 µs an
 * event, measured on Node 26). Only other bodies pay for a reviver, about seven times the plain
 * parser, behind which it comes (`parse-json.ts` says why).
 *
 * Of two equal keys in one object the last one stands, as in every JSON parser of JavaScript.
 * The RFC (8259, section 4) leaves that open, so a producer must not rely on it. What people
 * decide, rate cards among it, is refused where it says something twice (`repeated-keys.ts`).
 */
import { TollgateError } from "../../domain/errors.ts";
import { JSON_MAX_DEPTH } from "../../domain/limits.ts";
import { parseJsonWithSources, type ReviveSource } from "../../domain/parse-json.ts";

/** A JSON number that is not a safe integer, as the text that was sent: `1.5`, `1e3`, 19 digits. */
export class ExactNumber {
  /** The token, unbounded and unconverted: check its length before converting it. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** As it was sent, for messages. */
  toString(): string {
    return this.text;
  }
}

/** What the caller allows a document to be. */
export interface JsonOptions {
  /**
   * Containers that may stand inside one another.
   * (Default: a kept block of JSON_MAX_DEPTH inside an event inside a list, and a little room.)
   */
  readonly maxDepth?: number;
}

/** Containers of a body that may stand inside one another. */
export const DEFAULT_MAX_DEPTH = JSON_MAX_DEPTH + 4;

/**
 * Parses JSON; each number is a safe integer or an ExactNumber, so no digit is ever lost.
 * Throws `request.malformed` where the text is not JSON or is nested deeper than the limit.
 */
export function parseJsonExact(text: string, options: JsonOptions = {}): unknown {
  const isExactByNature = scanJson(text, options.maxDepth ?? DEFAULT_MAX_DEPTH);
  try {
    return isExactByNature ? JSON.parse(text) : parseJsonWithSources(text, reviveExact);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new TollgateError("request.malformed", error.message, undefined, { cause: error });
  }
}

const PLAIN_INTEGER = /^-?[0-9]{1,16}$/;

const reviveExact: ReviveSource = (_key, value, { source }) => {
  if (typeof value !== "number" || source === undefined) return value;
  return PLAIN_INTEGER.test(source) && Number.isSafeInteger(value)
    ? value
    : new ExactNumber(source);
};

/** Digits that every integer of that length can have and still be safe. */
const SAFE_DIGITS = 15;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const POINT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const UPPER_E = 0x45;
const LOWER_E = 0x65;

/** Says whether the plain parser keeps every number of the text. Throws where it is too deep. */
function scanJson(text: string, maxDepth: number): boolean {
  const { length } = text;
  let isExact = true;
  let depth = 0;
  let digits = 0;
  for (let at = 0; at < length; at += 1) {
    const char = text.charCodeAt(at);
    if (char >= DIGIT_0 && char <= DIGIT_9) {
      digits += 1;
      if (digits > SAFE_DIGITS) isExact = false;
      continue;
    }
    if (char === QUOTE) {
      at = endOfString(text, at);
    } else if (char === BRACE_OPEN || char === BRACKET_OPEN) {
      depth += 1;
      if (depth > maxDepth) throw tooDeep(at, maxDepth);
    } else if (char === BRACE_CLOSE || char === BRACKET_CLOSE) {
      depth -= 1;
    } else if (char === POINT || (digits > 0 && (char === LOWER_E || char === UPPER_E))) {
      isExact = false;
    }
    digits = 0;
  }
  return isExact;
}

/**
 * The position of the closing quote, or the end of a text that lacks it. Most of a body is strings
 * without escapes: looking for the quote natively halves the scan.
 */
export function endOfString(text: string, start: number): number {
  const quote = text.indexOf('"', start + 1);
  if (quote === -1) return text.length;
  return text.charCodeAt(quote - 1) === BACKSLASH ? endOfEscaped(text, start) : quote;
}

function endOfEscaped(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) return at;
    at += char === BACKSLASH ? 2 : 1;
  }
  return at;
}

function tooDeep(at: number, maxDepth: number): TollgateError {
  const detail = `The JSON nests deeper than ${maxDepth} levels at position ${at}; flatten it.`;
  return new TollgateError("request.malformed", detail);
}
