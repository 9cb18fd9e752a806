/** Reads of credit from SQLite, and of who stands below whom. */
import type { CreditReads } from "../../engine/customer-ports.ts";
import type { CreditBookRow, Customer } from "../../engine/ports.ts";
import { decodeCreditBook } from "../stored-credit.ts";
import { type Bound, decodeCustomer, type Row } from "../stored-rows.ts";

/** Rows of a workspace, whose number is the first parameter. */
type RowsOf = (workspace: string, sql: string, ...values: Bound[]) => Row[];

/** The credit of every workspace of a file. */
export class SqliteCreditReads implements CreditReads {
  readonly #rows: RowsOf;

  constructor(rows: RowsOf) {
    this.#rows = rows;
  }

  book(workspace: string, customer: string): CreditBookRow | undefined {
    const sql = "SELECT * FROM credit_books WHERE ws = ? AND customer = ?";
    return this.#rows(workspace, sql, customer).map(decodeCreditBook)[0];
  }

  booksDue(workspace: string, atMs: number, limit: number): CreditBookRow[] {
    const sql = `SELECT * FROM credit_books WHERE ws = ? AND due_at <= ?
      ORDER BY due_at, customer LIMIT ?`;
    return this.#rows(workspace, sql, atMs, limit).map(decodeCreditBook);
  }

  booksWatched(workspace: string, limit: number, after = ""): CreditBookRow[] {
    const sql = `SELECT * FROM credit_books WHERE ws = ? AND watched = 1 AND customer > ?
      ORDER BY customer LIMIT ?`;
    return this.#rows(workspace, sql, after, limit).map(decodeCreditBook);
  }

  customersBelow(workspace: string, parent: string): Customer[] {
    const parentId = "CASE WHEN json_valid(parent) THEN json_extract(parent, '$.id') END";
    const sql = `SELECT * FROM customers INDEXED BY customers_by_parent
      WHERE ws = ? AND ${parentId} = ? AND parent IS NOT NULL ORDER BY id`;
    return this.#rows(workspace, sql, parent).map(decodeCustomer);
  }
}
