/** YAML recordings, with every number as the text that stands in the file. */
import { isScalar, parseDocument, visit } from "yaml";

/** The document as plain data; binary scalars are bytes. Undefined where it cannot be read. */
export function parseYaml(text: string): unknown {
  const lines = text.replaceAll("\r\n", "\n");
  return parsed(lines) ?? parsed(indented(lines));
}

function parsed(text: string): unknown {
  const document = parseDocument(text, {
    version: "1.2",
    customTags: ["binary"],
    logLevel: "silent",
  });
  if (document.errors.length > 0) return undefined;
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === "number" && isScalar(node)) node.value = node.source ?? "";
    },
  });
  return document.toJS({ maxAliasCount: -1 });
}

const OPENING = /^\s*(?:- )*(?:[^\s'"#][^'"]*?:\s+)?(['"])(.*)$/;
const DEEP = " ".repeat(40);

/**
 * Some recorders do not indent the further lines of a quoted text, which YAML demands. Leading
 * space of such lines means nothing, so they may be moved.
 */
function indented(text: string): string {
  let quote = "";
  return text
    .split("\n")
    .map((line) => {
      const inside = quote !== "";
      const match = inside ? null : OPENING.exec(line);
      if (inside && endsQuote(line, quote)) quote = "";
      else if (match !== null && !endsQuote(match[2] ?? "", match[1] ?? "")) quote = match[1] ?? "";
      return inside && line.trim() !== "" ? DEEP + line.trim() : line;
    })
    .join("\n");
}

function endsQuote(line: string, quote: string): boolean {
  const escaped = quote === "'" ? /''/g : /\\./g;
  return line.replaceAll(escaped, "").includes(quote);
}
