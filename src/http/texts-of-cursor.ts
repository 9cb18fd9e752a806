/** The texts of a cursor that is a JSON list of them; none where it is anything else. */
export function textsOf(cursor: string): readonly string[] {
  try {
    const read: unknown = JSON.parse(cursor);
    return Array.isArray(read) && read.every((one) => typeof one === "string") ? read : [];
  } catch {
    return [];
  }
}
