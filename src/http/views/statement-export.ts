/**
 * Statements as files. CSV is for spreadsheets: texts that a spreadsheet would run as a formula
 * get a leading apostrophe. NDJSON is for programs and keeps every text as it is.
 */

import { csvOf, csvText } from "../../domain/csv.ts";
import type { StatementRecord } from "../../domain/period/records.ts";

/** What an export looks into of a statement's document. */
interface ExportedDocument {
  /** The card's own credit, which lines in it do not name. */
  readonly credit?: { readonly name: string };
  readonly lines: readonly ExportedLine[];
}

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
  /** What it is in credits. (Default: it is in money.) */
  readonly credits?: string;
  /** (Default: the card's own.) */
  readonly credit?: { readonly name: string };
  readonly amountExact: string;
  readonly amountRounded: string;
}

/** Columns are only ever added behind the last one: files are read by their places too. */
const HEAD = [
  ...["statement", "customer", "period", "currency", "line", "kind", "card", "charge", "cell"],
  ...["description", "origin_period", "measure", "quantity", "amount_exact", "amount"],
  ...["credits", "credit"],
];

function exported({ document }: StatementRecord): ExportedDocument {
  return JSON.parse(document) as ExportedDocument;
}

/** What a line is in credits, and in which; nothing where it is in money. */
function inCredits({ credits, credit }: ExportedLine, { credit: own }: ExportedDocument): string[] {
  if (credits === undefined) return ["", ""];
  return [credits, csvText((credit ?? own)?.name ?? "")];
}

/** RFC 4180, one row a line of the statement, with a header. */
export function statementCsv(statement: StatementRecord): string {
  const { id, customer, period, currency } = statement;
  const document = exported(statement);
  const rows = document.lines.map((line, index) => [
    ...[csvText(id), csvText(customer), period, currency, String(index + 1), line.kind],
    ...[
      csvText(line.cardKey),
      csvText(line.chargeKey),
      csvText(line.cell),
      csvText(line.description),
    ],
    ...[line.originPeriod ?? "", csvText(line.measure ?? ""), line.quantity ?? ""],
    ...[line.amountExact, line.amountRounded, ...inCredits(line, document)],
  ]);
  return csvOf([HEAD, ...rows]);
}

/** One JSON object a line of the statement; each says whose it is. */
export function statementNdjson(statement: StatementRecord): string {
  const { id, customer, period, currency } = statement;
  return exported(statement)
    .lines.map((line, index) => ({
      ...{ statement: id, customer, period, currency, line: index + 1 },
      ...line,
    }))
    .map((row) => `${JSON.stringify(row)}\n`)
    .join("");
}
