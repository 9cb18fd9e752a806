/**
 * Statements as files. CSV is for spreadsheets: texts that a spreadsheet would run as a formula
 * get a leading apostrophe. NDJSON is for programs and keeps every text as it is.
 */
import type { StatementRecord } from "../../domain/period/records.ts";

/** A line of a statement's document, as far as an export looks into it. */
interface ExportedLine {
  readonly kind: string;
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  readonly description: string;
  readonly originPeriod: string | null;
  readonly measure: string | null;
  readonly quantity: string | null;
  readonly amountExact: string;
  readonly amountRounded: string;
}

const HEAD = [
  ...["statement", "customer", "period", "currency", "line", "kind", "card", "charge", "cell"],
  ...["description", "origin_period", "measure", "quantity", "amount_exact", "amount"],
];

function linesOf({ document }: StatementRecord): readonly ExportedLine[] {
  return (JSON.parse(document) as { readonly lines: readonly ExportedLine[] }).lines;
}

/** RFC 4180, one row a line of the statement, with a header. */
export function statementCsv(statement: StatementRecord): string {
  const { id, customer, period, currency } = statement;
  const rows = linesOf(statement).map((line, index) => [
    ...[text(id), text(customer), period, currency, String(index + 1), line.kind],
    ...[text(line.cardKey), text(line.chargeKey), text(line.cell), text(line.description)],
    ...[line.originPeriod ?? "", text(line.measure ?? ""), line.quantity ?? ""],
    ...[line.amountExact, line.amountRounded],
  ]);
  return [HEAD, ...rows].map((row) => `${row.join(",")}\r\n`).join("");
}

/** One JSON object a line of the statement; each says whose it is. */
export function statementNdjson(statement: StatementRecord): string {
  const { id, customer, period, currency } = statement;
  return linesOf(statement)
    .map((line, index) => ({
      ...{ statement: id, customer, period, currency, line: index + 1 },
      ...line,
    }))
    .map((row) => `${JSON.stringify(row)}\n`)
    .join("");
}

const FORMULA = /^[=+\-@\t\r]/;

function text(value: string): string {
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
