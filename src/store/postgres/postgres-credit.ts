/** Reads of credit from PostgreSQL, and of who stands below whom. */
import type { CreditReads } from "../../engine/customer-ports.ts";
import type { CreditBookRow, Customer } from "../../engine/ports.ts";
import { decodeCreditBook } from "../stored-credit.ts";
import { decodeCustomer, type Row } from "../stored-rows.ts";
import { AskedOfWorkspaces, ofKeysAsked } from "./asked-together.ts";
import type { Parameter } from "./connection.ts";

/** Rows of a workspace, whose number is the first parameter. */
type RowsOf = (workspace: string, sql: string, ...values: Parameter[]) => Promise<Row[]>;

const BOOKS = ofKeysAsked(
  "customer",
  "SELECT * FROM credit_books r WHERE r.ws = $1 AND r.customer = k.customer",
  "customer",
);

/** The credit of every workspace of a database. */
export class PostgresCreditReads implements CreditReads {
  readonly #rows: RowsOf;
  readonly #books = new AskedOfWorkspaces((workspace, columns) =>
    this.#rows(workspace, BOOKS, ...columns),
  );

  constructor(rows: RowsOf) {
    this.#rows = rows;
  }

  async book(workspace: string, customer: string): Promise<CreditBookRow | undefined> {
    return (await this.#books.rows(workspace, customer)).map(decodeCreditBook)[0];
  }

  async booksDue(workspace: string, atMs: number, limit: number): Promise<CreditBookRow[]> {
    const sql = `SELECT * FROM credit_books WHERE ws = $1 AND due_at <= $2
      ORDER BY due_at, customer LIMIT $3`;
    return (await this.#rows(workspace, sql, atMs, limit)).map(decodeCreditBook);
  }

  async booksWatched(workspace: string, limit: number, after = ""): Promise<CreditBookRow[]> {
    const sql = `SELECT * FROM credit_books WHERE ws = $1 AND watched AND customer > $2
      ORDER BY customer LIMIT $3`;
    return (await this.#rows(workspace, sql, after, limit)).map(decodeCreditBook);
  }

  async customersBelow(workspace: string, parent: string): Promise<Customer[]> {
    const sql = "SELECT * FROM tollgate_customers_below($2) WHERE ws = $1 ORDER BY id";
    return (await this.#rows(workspace, sql, parent)).map(decodeCustomer);
  }
}
