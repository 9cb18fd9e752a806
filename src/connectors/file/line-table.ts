/**
 * Rows of export lines as a file: NDJSON as they are frozen, CSV for spreadsheets, Parquet for
 * warehouses. Numbers are texts everywhere, because a float would round them.
 */
import { createRequire } from "node:module";
import { csvOf, csvText } from "../../domain/csv.ts";

/** Forms of files. */
export const FILE_FORMATS = ["csv", "ndjson", "parquet"] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** One row: a line as it is frozen. */
export interface LineRow {
  readonly key: string;
  readonly account: string;
  readonly customer: string;
  readonly customerThere: string;
  readonly item: string;
  readonly itemThere: string;
  readonly period: string;
  readonly windowStart: string;
  readonly windowEnd: string;
  readonly revision: number;
  readonly mode: string;
  /** Decimal text: what is new. */
  readonly value: string;
  /** Decimal text: the window's lines up to this one. */
  readonly windowTotal: string;
  readonly unit: string;
  readonly description: string;
  readonly source: string;
  /** Lines of a bill, as JSON; "" in other modes. */
  readonly parts: string;
}

const COLUMNS = [
  ...(["key", "account", "customer", "customerThere", "item", "itemThere", "period"] as const),
  ...(["windowStart", "windowEnd", "revision", "mode", "value", "windowTotal", "unit"] as const),
  ...(["description", "source", "parts"] as const),
] as const satisfies readonly (keyof LineRow)[];

/** Columns that hold what we wrote ourselves: numbers stay numbers to a spreadsheet. */
const OWN: ReadonlySet<string> = new Set(["value", "windowTotal", "revision"]);

/** The bytes of a file; the same rows give the same bytes. */
export function tableOf(bodies: readonly string[], format: FileFormat): Uint8Array {
  if (format === "ndjson") return encoder.encode(bodies.map((body) => `${body}\n`).join(""));
  const rows = bodies.map((body): LineRow => JSON.parse(body));
  return format === "csv" ? csvBytes(rows) : parquetBytes(rows);
}

const encoder = new TextEncoder();

function csvBytes(rows: readonly LineRow[]): Uint8Array {
  const cells = rows.map((row) =>
    COLUMNS.map((name) => (OWN.has(name) ? String(row[name]) : csvText(String(row[name])))),
  );
  return encoder.encode(csvOf([[...COLUMNS], ...cells]));
}

const require = createRequire(import.meta.url);

function parquetBytes(rows: readonly LineRow[]): Uint8Array {
  // Loaded by the first file: it is 51 modules, a tenth of what a server spent on its start.
  const { parquetWriteBuffer }: typeof import("hyparquet-writer") = require("hyparquet-writer");
  const columnData = COLUMNS.map((name) => ({
    name,
    data: rows.map((row) => row[name]),
    type: name === "revision" ? ("INT32" as const) : ("STRING" as const),
    nullable: false,
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}
