/** Answers of theirs, with numbers as the text that they were written in. */

type Reviver = (key: string, value: unknown, context: { readonly source: string }) => unknown;
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;

/** A JSON object whose numbers are text; what is none is an empty one. */
export function exactJson(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = parse(text, (_, one, { source }) => (typeof one === "number" ? source : one));
    if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
    return value as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
