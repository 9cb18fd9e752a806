/** Dates of the calendar as text, `2026-11-01`. */

/** Whether a text is a date that exists: 30 February is none. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  try {
    return Temporal.PlainDate.from(text, { overflow: "reject" }).toString() === text;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Whether a text is a date, or the beginning of one: `2026-11` or `2026`. */
export function isDateBeginning(text: string): boolean {
  return isDate(`${text}-01-01`.slice(0, Math.max(text.length, "2026-11-01".length)));
}
