/**
 * A file of usage rows, as POST /v1/usage takes it (reference, "Upload a usage file"): CSV of at
 * most 4 MB with a name of at most 50 characters, imported whole or not at all.
 */
import { hash } from "node:crypto";
import type { DateFormat } from "./zuora-settings.ts";

const COLUMNS = "ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION";

/** One row; ACCOUNT_ID is the account's number, whatever it is called. */
export interface UsageRow {
  readonly account: string;
  readonly uom: string;
  readonly quantity: string;
  /** First and last day, `2026-11-01`. */
  readonly days: readonly string[];
  readonly subscription: string;
  readonly charge: string;
  readonly description: string;
}

/** A row as text, without an end of line. */
export function rowOf(row: UsageRow, format: DateFormat): string {
  const { account, uom, quantity, days, subscription, charge, description } = row;
  const dates = days.map((day) => dateAs(day, format));
  return [account, uom, quantity, ...dates, subscription, charge, description].map(cell).join(",");
}

function dateAs(day: string, format: DateFormat): string {
  const [year = "", month = "", date = ""] = day.split("-");
  return format.replace("YYYY", year).replace("MM", month).replace("DD", date);
}

/** RFC 4180. */
function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What all of our files begin with. */
const FILE_PREFIX = "tg-";

/** A row that goes into a file. */
export interface FileLine {
  readonly key: string;
  readonly attempts: number;
}

/** The name of a file that holds one row alone. */
export function nameAlone({ key, attempts }: FileLine): string {
  return `${FILE_PREFIX}${key.replaceAll("-", "")}-${Math.max(attempts, 1)}.csv`;
}

/** A file's name: that of its only row, or of all that are in it. */
export function nameOf(lines: readonly FileLine[]): string {
  const [only] = lines;
  if (only !== undefined && lines.length === 1) return nameAlone(only);
  const all = lines.map(({ key, attempts }) => `${key} ${Math.max(attempts, 1)}`).join("\n");
  return `${FILE_PREFIX}${hash("sha256", all, "hex").slice(0, 32)}.csv`;
}

/** Rows of a file by how often they were tried: what is wrong is alone in the end. */
const FILE_ROWS: readonly number[] = [2000, 200, 20, 2];

/** Parts lines into files. */
export function filesOf<Line extends FileLine>(lines: readonly Line[]): Line[][] {
  const files: Line[][] = [];
  for (const [attempts, own] of Map.groupBy(lines, (line) => line.attempts)) {
    const most = FILE_ROWS[Math.max(attempts, 1) - 1] ?? 1;
    for (let at = 0; at < own.length; at += most) files.push(own.slice(at, at + most));
  }
  return files;
}

/** A multipart body whose bytes follow from the rows and the name alone. */
export function multipartOf(
  rows: readonly string[],
  name: string,
): { readonly type: string; readonly body: string } {
  const boundary = `tollgate-${hash("sha256", name, "hex").slice(0, 32)}`;
  const head = [
    `--${boundary}`,
    `Content-Disposition: form-data; name="file"; filename="${name}"`,
    "Content-Type: text/csv",
  ].join("\r\n");
  const file = [COLUMNS, ...rows].map((row) => `${row}\r\n`).join("");
  const body = `${head}\r\n\r\n${file}\r\n--${boundary}--\r\n`;
  return { type: `multipart/form-data; boundary=${boundary}`, body };
}
