/** True-ups: each names an invoice, and books what that bills above what was recorded. */
import { amountOf } from "../stored-decimal.ts";
import type { Acts, Document, RecordedAct } from "./acts.ts";
import type { DataFile } from "./data-file.ts";
import { readable } from "./data-file.ts";
import { keyText } from "./findings.ts";

interface Row {
  readonly provider: string;
  readonly model: string;
  readonly day: string;
}

interface BookedRow extends Row {
  readonly recorded: string;
  readonly invoiced: string;
  readonly difference: string;
}

interface InvoicedRow extends Row {
  readonly amount: string;
}

/** Checks invoices and true-ups against each other and in themselves. */
export function checkTrueUps(file: DataFile, acts: Acts): void {
  for (const act of acts.all("invoice.imported")) {
    check(file, act, () => {
      const rows = act.document.rows as InvoicedRow[];
      const sum = rows.reduce((total, row) => total + amountOf(row.amount), 0n);
      return sum === amountOf(act.document.total as string)
        ? []
        : ["has a total that is not the sum of its rows"];
    });
  }
  for (const act of acts.all("cost.trued_up")) {
    const invoice = acts.of("invoice.imported", act.ws, act.subject).at(-1)?.document;
    check(file, act, () => problemsOf(act.document, invoice));
  }
}

function check(file: DataFile, { ws, seq }: RecordedAct, find: () => readonly string[]): void {
  const key = keyText(file.workspace(ws), seq);
  const problems = readable(file, { table: "journal", key }, find);
  for (const problem of problems ?? []) file.findings.add("journal", key, problem);
}

function problemsOf(document: Document, invoice: Document | undefined): string[] {
  if (invoice === undefined) return ["trues up an invoice that nobody imported"];
  const invoiced = new Map(
    (invoice.rows as InvoicedRow[]).map((row) => [placeOf(row), amountOf(row.amount)]),
  );
  let sum = 0n;
  const problems: string[] = [];
  for (const row of document.rows as BookedRow[]) {
    const difference = amountOf(row.difference);
    sum += difference;
    const isInvoiced = (invoiced.get(placeOf(row)) ?? 0n) === amountOf(row.invoiced);
    const isDifference = amountOf(row.recorded) + difference === amountOf(row.invoiced);
    if (!isInvoiced) problems.push(`${row.model} of ${row.day} is not what the invoice bills`);
    if (!isDifference) problems.push(`${row.model} of ${row.day} books another difference`);
  }
  if (sum !== amountOf(document.total as string)) problems.push("total is not that of its rows");
  return problems;
}

function placeOf({ provider, model, day }: Row): string {
  return JSON.stringify([provider, model, day]);
}
