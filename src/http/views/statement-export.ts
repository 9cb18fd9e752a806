/**
 * Statements as files. CSV is for spreadsheets: texts that a spreadsheet would run as a formula
 * get a leading apostrophe. NDJSON is for programs and keeps every text as it is.
 */

import { csvOf, csvText } from "../../domain/csv.ts";
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
    ...[csvText(id), csvText(customer), period, currency, String(index + 1), line.kind],
    ...[
      csvText(line.cardKey),
      csvText(line.chargeKey),
      csvText(line.cell),
      csvText(line.description),
    ],
    ...[line.originPeriod ?? "", csvText(line.measure ?? ""), line.quantity ?? ""],
    ...[line.amountExact, line.amountRounded],
  ]);
  return csvOf([HEAD, ...rows]);
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
