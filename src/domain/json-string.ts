/** Texts as JSON writes them, for texts that are put together by hand. */

/** Characters that stand for themselves: nearly every id and name has no other. */
const PLAIN = /^[A-Za-z0-9_.:@#~/ -]*$/;

/** A JSON string, the same as `JSON.stringify` makes. */
export function jsonString(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
