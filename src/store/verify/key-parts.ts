/** Joins the parts of a key; no part may hold it. */
export const KEY_PART_END = "\u001f";

/** A key of parts; absent ones are "". */
export function joined(...parts: readonly (string | number | null)[]): string {
  return parts.map((part) => part ?? "").join(KEY_PART_END);
}
