/** Prepaid credit as both databases keep it. */
import type { CreditBookRow } from "../engine/ports.ts";
import { type Bound, type Row, text } from "./stored-rows.ts";

/** A customer's credit. */
export function decodeCreditBook(row: Row): CreditBookRow {
  return {
    customer: text(row, "customer"),
    dueAtMs: row.due_at === null ? null : Number(row.due_at),
    isWatched: row.watched === true || row.watched === 1,
    document: text(row, "document"),
  };
}

/** Its columns in their order, without the workspace and the checksum. */
export function encodeCreditBook(book: CreditBookRow): Bound[] {
  return [book.customer, book.dueAtMs, Number(book.isWatched), book.document];
}
