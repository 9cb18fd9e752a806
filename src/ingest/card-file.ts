/**
 * Reads a file of rate cards or of other documents, YAML or JSON. Every number stays the text that
 * was written, so that 0.10 is exact; a key that stands twice is refused, where JSON.parse would
 * let the last one win. What is JSON is read as such, in a fraction of the time; what is wrong with
 * it is told by the reading as YAML, which includes it and knows the line.
 *
 * The parser's parts are put together here. Its own `parseDocument` draws the line of every error,
 * where one is told: a megabyte of quotes, an error each, takes it minutes.
 */
import {
  Composer,
  type Document,
  Lexer,
  LineCounter,
  Parser,
  type YAMLError,
  type YAMLParseError,
} from "yaml";
import { type ErrorCode, TollgateError } from "../domain/errors.ts";
import { DOCUMENT_MAX_DEPTH, YAML_MAX_PARTS } from "../domain/limits.ts";
import { ExactNumber, parseJsonExact } from "./native/exact-json.ts";
import { repeatedKey } from "./native/repeated-keys.ts";
import { valueOfDocument, YamlRefusal } from "./yaml-value.ts";

/** The document of a file. Throws `code`, with the line where it is neither. */
export function readCardFile(text: string, code: ErrorCode = "ratecard.invalid"): unknown {
  // Bytes that are no UTF-8 were read as these: a spreadsheet's UTF-16 is YAML of one long word.
  if (text.includes("\0") || text.includes("\uFFFD")) throw new TollgateError(code, NO_TEXT);
  const json = jsonOf(text);
  if (json !== undefined) return json;
  const lines = new LineCounter();
  try {
    return documentOf(text, lines);
  } catch (cause) {
    if (!(cause instanceof YamlRefusal)) throw cause;
    const { offset, message } = cause;
    const place = offset === null ? "" : ` ${placeOf(offset, lines)}`;
    throw new TollgateError(code, message.replace(" AT", place), undefined, { cause });
  }
}

/** The list or map that a text is in JSON; undefined where it is none, or may be refused. */
function jsonOf(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    const value = parseJsonExact(text, { maxDepth: DOCUMENT_MAX_DEPTH });
    return repeatedKey(text) === null ? asWritten(value) : undefined;
  } catch (error) {
    if (error instanceof TollgateError) return undefined;
    throw error;
  }
}

/** A number of at most 15 digits is the text it was, but for the sign of zero. */
function asWritten(value: unknown): unknown {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return value.map(asWritten);
  if (typeof value !== "object" || value === null) return value;
  // Unlike an assignment, this makes a field of "__proto__" too.
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, asWritten(item)]));
}

const NO_TEXT = "The file is no UTF-8 text; save it as such.";
const NOTHING = "The file holds nothing but comments; write the document into it.";
const SEVERAL = "The file holds several documents; give each a file of its own.";
const TOO_LONG =
  `The file has more than ${YAML_MAX_PARTS} words and signs AT; ` +
  "divide it, or write it as JSON, of which more is taken.";
const TOO_DEEP = "The file is nested too deeply AT; flatten it.";
/** Errors whose own words are for programmers; `AT` is the place. */
const TOLD: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "A line begins with a tab AT; use spaces.",
};
/** The same of errors that share their code with others, by how they begin. */
const TOLD_BY_WORDS: readonly (readonly [begins: string, told: string])[] = [
  [
    "Sequence item without -",
    "The indentation AT does not fit its list; " +
      "what belongs to an entry stands below its first key.",
  ],
];
const COLLECTIONS: ReadonlySet<string> = new Set(["block-map", "block-seq", "flow-collection"]);
/** Some of the parser's own words quote what they are about. */
const TOLD_MAX_CHARS = 200;

function placeOf(offset: number, lines: LineCounter): string {
  const { line, col } = lines.linePos(offset);
  return `at line ${line}, column ${col}`;
}

function documentOf(text: string, lines: LineCounter): unknown {
  // Warnings would be Node's own, about objects of JavaScript; what they are of is refused later.
  // Keys that stand twice are found with the values: the parser compares each with all before it.
  // Sets and dates are not of this schema, and not of JSON: their tags are unknown, as others are.
  const schema = { schema: "core", resolveKnownTags: false, uniqueKeys: false } as const;
  const composer = new Composer({ ...schema, logLevel: "error" });
  const [document, another] = composer.compose(tokensOf(text, lines), true, text.length);
  const [error] = document?.errors ?? [];
  if (error !== undefined) throw refusalOf(error);
  if (another !== undefined) throw new YamlRefusal(SEVERAL, null);
  if (document === undefined || document.contents === null) throw new YamlRefusal(NOTHING, null);
  return valueOfDocument(document as Document.Parsed);
}

/** What the parser makes of a text, up to the first that it can make nothing of. */
function* tokensOf(text: string, lines: LineCounter) {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  let words = 0;
  for (const lexeme of new Lexer().lex(text)) {
    words += 1;
    for (const token of parser.next(lexeme)) {
      yield token;
      if (token.type === "error") return;
    }
    // The lines of one long text are one word.
    const isTooLong = words + lines.lineStarts.length > YAML_MAX_PARTS;
    if (isTooLong) throw new YamlRefusal(TOO_LONG, parser.offset);
    // The lowest of these is the document itself.
    const isNested = COLLECTIONS.has(parser.stack.at(-1)?.type ?? "");
    const isTooDeep = isNested && parser.stack.length - 1 > DOCUMENT_MAX_DEPTH;
    if (isTooDeep) throw new YamlRefusal(TOO_DEEP, parser.offset);
  }
  yield* parser.end();
}

function refusalOf({ code, message, pos }: YAMLError | YAMLParseError): YamlRefusal {
  const own = TOLD_BY_WORDS.find(([begins]) => message.startsWith(begins))?.[1];
  const told = own ?? TOLD[code] ?? `${message.slice(0, TOLD_MAX_CHARS)} AT.`;
  return new YamlRefusal(told, pos[0] < 0 ? null : pos[0]);
}
