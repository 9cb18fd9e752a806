/**
 * Reads a file of rate cards or of other documents, YAML or JSON, which YAML includes. Every number
 * stays the text that was written, so that 0.10 is exact; a key that stands twice is refused, where
 * JSON.parse would let the last one win.
 */
import { parseDocument, visit } from "yaml";
import { type ErrorCode, TollgateError } from "../domain/errors.ts";

/** The document of a file. Throws `code`, with the line where it is neither. */
export function readCardFile(text: string, code: ErrorCode = "ratecard.invalid"): unknown {
  // Bytes that are no UTF-8 were read as these: a spreadsheet's UTF-16 is YAML of one long word.
  if (text.includes("\0") || text.includes("\uFFFD")) throw new TollgateError(code, NO_TEXT);
  try {
    return documentOf(text, code);
  } catch (cause) {
    // How the parser gives up on a file that multiplies itself by aliases, or is nested too deeply.
    if (cause instanceof ReferenceError) throw refusal(code, MULTIPLIED, cause);
    if (cause instanceof RangeError) throw refusal(code, TOO_DEEP, cause);
    throw cause;
  }
}

const MULTIPLIED = "The file multiplies itself by aliases; write out what they stand for.";
const NO_TEXT = "The file is no UTF-8 text; save it as such.";
const NOTHING = "The file holds nothing but comments; write the document into it.";
const TOO_DEEP = "The file is nested too deeply; flatten it.";
/** Errors whose own words are for programmers; `AT` is the place. */
const TOLD: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: "A key stands twice AT; keep one of the two.",
  TAB_AS_INDENT: "A line begins with a tab AT; use spaces.",
  MULTIPLE_DOCS: "The file holds several documents; give each a file of its own.",
  RESOURCE_EXHAUSTION: TOO_DEEP,
};
/** The same of errors that share their code with others, by how they begin. */
const TOLD_BY_WORDS: readonly (readonly [begins: string, told: string])[] = [
  [
    "Sequence item without -",
    "The indentation AT does not fit its list; " +
      "what belongs to an entry stands below its first key.",
  ],
];
const PLACE = /at line \d+, column \d+/;

function refusal(code: ErrorCode, detail: string, cause: unknown): TollgateError {
  return new TollgateError(code, detail, undefined, { cause });
}

function documentOf(text: string, code: ErrorCode): unknown {
  const options = { schema: "core", uniqueKeys: true, prettyErrors: true } as const;
  // Warnings would be Node's own, about objects of JavaScript; what they are of is refused later.
  const document = parseDocument(text, { ...options, logLevel: "error" });
  const [error] = document.errors;
  if (error !== undefined) {
    // The first line says what and where; the rest draws the place.
    const [detail = ""] = error.message.split("\n");
    const [place = ""] = PLACE.exec(detail) ?? [];
    const own = TOLD_BY_WORDS.find(([begins]) => detail.startsWith(begins))?.[1];
    const words = own ?? TOLD[error.code];
    const told = words?.replace("AT", place) ?? detail.replace(/:$/, ".");
    throw refusal(code, told.replace(" ;", ";"), error);
  }
  if (document.contents === null) throw new TollgateError(code, NOTHING);
  visit(document, {
    Scalar: (_key, node) => {
      const isNumber = typeof node.value === "number" || typeof node.value === "bigint";
      if (isNumber) node.value = node.source ?? String(node.value);
    },
  });
  return document.toJS() as unknown;
}
