/** JSON of a value; a bigint becomes decimal text, which is how exact quantities are sent. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    return typeof part === "bigint" ? String(part) : part;
  });
}
