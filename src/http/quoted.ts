/** Texts in answers that are written by hand. */

const PLAIN = /^[A-Za-z0-9_.:@#~/ -]*$/;

/** A JSON string. Nearly every id is plain and needs no escapes. */
export function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
