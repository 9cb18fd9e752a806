/**
 * Reads a provider's invoice as a file: CSV with a header, or JSON. It finds the columns and keeps
 * each text as it is; what the texts must be, the server says.
 */
import { TollgateError } from "../../domain/errors.ts";
import { ExactNumber, parseJsonExact } from "../native/exact-json.ts";

/** What was billed for one provider, model and day. */
interface InvoiceRow {
  readonly provider: string;
  readonly model: string;
  /** `2026-11-01`. */
  readonly day: string;
  /** Decimal text. */
  readonly amount: string;
}

/** An invoice's totals. */
export interface ReadInvoice {
  /** Null where the file names none. */
  readonly currency: string | null;
  readonly rows: readonly InvoiceRow[];
}

const COLUMNS = ["provider", "model", "day", "amount"] as const;

/**
 * Reads one. Throws `request.malformed` with the line, `field.missing` for a column, and
 * `field.invalid` for a day or amount as a spreadsheet may show it.
 */
export function readInvoice(text: string): ReadInvoice {
  const isJson = /^\s*[[{]/.test(text);
  const records = isJson ? jsonRecords(text) : csvRecords(text);
  const currencies = new Set(records.flatMap(({ record }) => record.currency ?? []));
  if (currencies.size > 1) {
    const detail = `The file is in several currencies: ${[...currencies].join(", ")}.`;
    throw new TollgateError("request.malformed", detail, "currency");
  }
  const rows = records.map(({ record, place }) => rowOf(record, place));
  return { currency: [...currencies][0] ?? null, rows };
}

type Fields = Readonly<Record<string, string>>;

interface Placed {
  readonly record: Fields;
  readonly place: string;
}

function rowOf(record: Fields, place: string): InvoiceRow {
  const field = (name: (typeof COLUMNS)[number]): string => {
    const value = record[name];
    if (value !== undefined) return value;
    throw new TollgateError("field.missing", `${place} has no "${name}".`, name);
  };
  const [provider, model, day, amount] = COLUMNS.map(field) as [string, string, string, string];
  refuseUnlike(DAY, { field: "day", value: day, place });
  refuseUnlike(AMOUNT, { field: "amount", value: amount, place });
  return { provider, model, day, amount };
}

const DAY = { form: /^\d{4}-\d{2}-\d{2}$/, sample: "day such as 2026-11-20" };
const AMOUNT = { form: /^-?\d+(\.\d+)?$/, sample: "amount such as 1234.50 or -3" };

/** What a day or an amount is, the API says; a form that nobody reads is told with its line. */
function refuseUnlike(
  { form, sample }: typeof DAY,
  {
    field,
    value,
    place,
  }: { readonly field: string; readonly value: string; readonly place: string },
): void {
  if (form.test(value)) return;
  const detail = `${place}: ${JSON.stringify(value.slice(0, SHOWN_CHARS))} is no ${sample}.`;
  throw new TollgateError("field.invalid", detail, field);
}

const SHOWN_CHARS = 40;

/** A list of rows, or a document with `rows` and `currency`. */
function jsonRecords(text: string): Placed[] {
  const parsed = parseJsonExact(text);
  const document = (Array.isArray(parsed) ? { rows: parsed } : parsed) as {
    readonly currency?: unknown;
    readonly rows?: unknown;
  };
  if (!Array.isArray(document.rows)) {
    throw new TollgateError("field.missing", 'The document has no list "rows".', "rows");
  }
  const common = document.currency === undefined ? {} : { currency: String(document.currency) };
  return document.rows.map((row: unknown, index) => {
    const place = `rows[${index}]`;
    if (typeof row !== "object" || row === null) {
      throw new TollgateError("request.malformed", `${place} is no object.`, place);
    }
    const fields = Object.entries(row).map(([name, value]) => [name, textOf(value)]);
    return { record: { ...common, ...Object.fromEntries(fields) }, place };
  });
}

function textOf(value: unknown): string {
  return value instanceof ExactNumber ? value.text : String(value);
}

function csvRecords(text: string): Placed[] {
  const [head = [], ...rows] = parseCsv(text);
  const names = head.map((name) =>
    name
      .replace(/^\uFEFF/, "")
      .trim()
      .toLowerCase(),
  );
  if (names.length === 1 && names[0]?.includes(";") === true) {
    const detail = 'The cells of line 1 stand between ";": write commas between them.';
    throw new TollgateError("field.invalid", detail);
  }
  return rows.map((cells, index) => {
    const place = `line ${index + 2}`;
    if (cells.length !== names.length) {
      const detail = `${place} has ${cells.length} cells, the header ${names.length}.`;
      throw new TollgateError("request.malformed", detail);
    }
    const fields = names.map((name, at) => [name, (cells[at] ?? "").trim()]);
    return { record: Object.fromEntries(fields), place };
  });
}

/** RFC 4180: cells may be quoted, and then hold commas, line breaks and doubled quotes. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  while (cell.lastIndex < text.length) {
    const at = cell.lastIndex;
    const match = cell.exec(text);
    if (match === null) {
      const line = text.slice(0, at).split("\n").length;
      throw new TollgateError("request.malformed", `Line ${line} has a quote out of place.`);
    }
    const [, quoted, plain = "", end] = match;
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ",") {
      if (cell.lastIndex === text.length) row.push("");
      else continue;
    }
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  }
  return rows;
}
