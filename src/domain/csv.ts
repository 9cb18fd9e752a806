/**
 * CSV for spreadsheets (RFC 4180). Texts that a spreadsheet would run as a formula get a leading
 * apostrophe; numbers of ours stay numbers.
 */

/** East Asian versions of spreadsheets take the full-width signs for the same. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** Rows of cells that are CSV already. */
export function csvOf(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.join(",")}\r\n`).join("");
}

/** A text from outside as a cell. */
export function csvText(value: string): string {
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
