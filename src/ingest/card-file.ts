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
    // How the parser gives up on a file that is nested too deeply or multiplies itself by aliases.
    if (!(cause instanceof RangeError || cause instanceof ReferenceError)) throw cause;
    throw new TollgateError(code, cause.message, undefined, { cause });
  }
}

function documentOf(text: string, code: ErrorCode): unknown {
  const document = parseDocument(text, { schema: "core", uniqueKeys: true, prettyErrors: true });
  const [error] = document.errors;
  if (error !== undefined) {
    // The first line says what and where; the rest draws the place.
    const [detail = ""] = error.message.split("\n");
    throw new TollgateError(code, detail, undefined, { cause: error });
  }
  visit(document, {
    Scalar: (_key, node) => {
      const isNumber = typeof node.value === "number" || typeof node.value === "bigint";
      if (isNumber) node.value = node.source ?? String(node.value);
    },
  });
  return document.toJS() as unknown;
}
