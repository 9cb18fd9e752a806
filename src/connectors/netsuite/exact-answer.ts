/** Answers of theirs, with numbers as the text that they were written in. */
import { parseJsonWithSources, type ReviveSource } from "../../domain/parse-json.ts";

const asWritten: ReviveSource = (_key, value, { source }) =>
  typeof value === "number" ? source : value;

/** A JSON object whose numbers are text; what is none is an empty one. */
export function exactJson(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = parseJsonWithSources(text, asWritten);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
    return value as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
