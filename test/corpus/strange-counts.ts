/** Counts of tokens that are no whole numbers from 0 on: they count as 0, so they are told. */
import { isObject, type Json } from "./number-text.ts";

/** Fields of the kinds of logs that count tokens. */
const COUNT = /(?:^|_)tokens$|^(?:cacheRead|cacheWrite)$|^(?:input|output)$/;
const NUMBER = /^[+-]?[\d.]+(?:[eE][+-]?\d+)?$/;

/** One sentence for each such field: where it stands and what it says. */
export function strangeCounts(document: Json): string[] {
  const found: string[] = [];
  // A stack of its own: a document may nest deeper than calls may.
  const open: { readonly value: Json; readonly path: string }[] = [{ value: document, path: "" }];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const { value, path } = one;
    const isBlock = isObject(value) || Array.isArray(value);
    // The costs by kind that pi states have the names of its counts.
    if (!isBlock || path.endsWith(".cost")) continue;
    for (const [name, field] of Object.entries(value)) {
      const place = path === "" ? name : `${path}.${name}`;
      if (typeof field !== "string") open.push({ value: field, path: place });
      else if (COUNT.test(name) && NUMBER.test(field) && !isCount(field)) {
        found.push(`${place} is ${field.slice(0, SHOWN_CHARS)}, no count of tokens: taken as 0`);
      }
    }
  }
  return found;
}

const SHOWN_CHARS = 40;

function isCount(text: string): boolean {
  const count = Number(text);
  return Number.isSafeInteger(count) && count >= 0;
}
