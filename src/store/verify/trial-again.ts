/** What is free in a trial, worked out a second time from the card's document and the customer. */
import type { Row } from "../stored-rows.ts";
import type { DataFile } from "./data-file.ts";
import type { Taken } from "./meter-again.ts";

const PREFIX = "~trial:";
const DAY_MS = 86_400_000;

/** A trial as its card's document writes it. */
export interface TrialDocument {
  readonly days: number | string;
  readonly charges?: readonly string[] | null;
}

/** Whether a cell counts what is free. */
export function isFreeCell(cell: string): boolean {
  return cell.startsWith(PREFIX);
}

/** The cell on the card: that of a trial has a name of its own. */
export function cellOnCard(cell: string): string {
  return isFreeCell(cell) ? cell.slice(PREFIX.length) : cell;
}

/** What shares charge. */
export function chargedAgain(
  shares: readonly { readonly cell: string; readonly amount: bigint }[],
): bigint {
  return shares.reduce((sum, { cell, amount }) => (isFreeCell(cell) ? sum : sum + amount), 0n);
}

/** Whether a trial frees a charge or fee; null: all that the card asks for. */
export function frees({ charges }: TrialDocument, key: string | null): boolean {
  return charges === null || charges === undefined || (key !== null && charges.includes(key));
}

/** The first instant that is paid. */
export function paidFromMs({ days }: TrialDocument, startedAtMs: number): number {
  return startedAtMs + Number(days) * DAY_MS;
}

/** What was taken, in the cells of a trial where that frees it. */
export function takenFree(taken: readonly Taken[], trial: TrialDocument): Taken[] {
  return taken.map((one) =>
    frees(trial, one.chargeKey) ? { ...one, cell: `${PREFIX}${one.cell}` } : one,
  );
}

const CUSTOMER = "SELECT started_at FROM customers WHERE ws = ? AND id = ?";

/** Whether something at an instant is in a trial of its customer. */
export function isFreeAt(
  file: DataFile,
  trial: TrialDocument | null,
  at: { readonly ws: number; readonly customer: string; readonly atMs: number },
): boolean {
  if (trial === null) return false;
  const row: Row | undefined = file.first(CUSTOMER, at.ws, at.customer);
  // A customer that is missing is a finding of its own.
  return row !== undefined && at.atMs < paidFromMs(trial, row.started_at as number);
}
