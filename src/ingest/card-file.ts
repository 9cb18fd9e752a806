/**
 * Reads a file of rate cards or of other documents, YAML or JSON, which YAML includes. Every number
 * stays the text that was written, so that 0.10 is exact; a key that stands twice is refused, where
 * JSON.parse would let the last one win.
 */
import { parseDocument, visit } from "yaml";
import { type ErrorCode, TollgateError } from "../domain/errors.ts";

/** The document of a file. Throws `code`, with the line where it is neither. */
export function readCardFile(text: string, code: ErrorCode = "ratecard.invalid"): unknown {
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
const TOO_DEEP = "The file is nested too deeply; flatten it.";
/** Errors whose own words are for programmers. */
const TOLD: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "The file holds several documents; give each a file of its own.",
  RESOURCE_EXHAUSTION: TOO_DEEP,
};

function refusal(code: ErrorCode, detail: string, cause: unknown): TollgateError {
  return new TollgateError(code, detail, undefined, { cause });
}

function documentOf(text: string, code: ErrorCode): unknown {
  const document = parseDocument(text, { schema: "core", uniqueKeys: true, prettyErrors: true });
  const [error] = document.errors;
  if (error !== undefined) {
    // The first line says what and where; the rest draws the place.
    const [detail = ""] = error.message.split("\n");
    throw refusal(code, TOLD[error.code] ?? detail, error);
  }
  visit(document, {
    Scalar: (_key, node) => {
      const isNumber = typeof node.value === "number" || typeof node.value === "bigint";
      if (isNumber) node.value = node.source ?? String(node.value);
    },
  });
  return document.toJS() as unknown;
}
