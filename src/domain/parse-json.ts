/**
 * JSON with a reviver, read so that no text can end the process. V8 (14.6, in Node 26) breaks its
 * heap where `JSON.parse` is given any reviver, and a text of some 200 kB that is no JSON: it
 * keeps the source of every value, and leaves what it kept half built where the text ends badly.
 * So no other file gives `JSON.parse` a reviver; what both of these read is JSON by then.
 */

/** What a value becomes, told from the inside to the outside; the root's key is "". */
type Revive = (key: string, value: unknown) => unknown;

/** What a value becomes, by the text that it was written in; only plain values have one. */
export type ReviveSource = (
  key: string,
  value: unknown,
  context: { readonly source?: string },
) => unknown;

/** The third argument (ECMAScript "JSON.parse source text access") is not yet typed. */
const parseWithSources = JSON.parse as (text: string, revive: ReviveSource) => unknown;

/** Parses a text whose numbers matter as they were written. Throws a SyntaxError for no JSON. */
export function parseJsonWithSources(text: string, revive: ReviveSource): unknown {
  JSON.parse(text);
  return parseWithSources(text, revive);
}

/**
 * Parses a text and revives what it holds by a walk of its own, in less time than the parser's.
 * Unlike there, what becomes `undefined` stays. Throws a SyntaxError for no JSON.
 */
export function parseJsonRevived(text: string, revive: Revive): unknown {
  return revived("", JSON.parse(text), revive);
}

function revived(key: string, value: unknown, revive: Revive): unknown {
  if (typeof value !== "object" || value === null) return revive(key, value);
  const holder = value as Record<string, unknown>;
  for (const name of Object.keys(holder)) {
    const was = holder[name];
    const now = revived(name, was, revive);
    if (now !== was) put(holder, name, now);
  }
  return revive(key, value);
}

/** `__proto__` is a key as any other, where it came from a text. */
function put(holder: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== "__proto__") holder[name] = value;
  else Object.defineProperty(holder, name, { value, ...OWN });
}

const OWN = { enumerable: true, configurable: true, writable: true };
