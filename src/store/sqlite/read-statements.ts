/** Lists of statements. */
import type { StatementRecord } from "../../domain/period/records.ts";
import type { StatementFilter, StatementHead } from "../../engine/periods/statement-list.ts";
import { together } from "../conditions.ts";
import { STATEMENT_HEAD, STATEMENT_ORDER, stretchesOf } from "../statement-stretches.ts";
import { decodeStatement, decodeStatementHead } from "../stored-rows.ts";
import type { ReadParts } from "./read-steps.ts";

/** Statements of a customer (undefined: of all) with their documents. */
export function statementsOf(
  { reads, ws }: ReadParts,
  customer: string | undefined,
): StatementRecord[] {
  const all = `SELECT * FROM statements INDEXED BY ${indexFor(customer)} WHERE ws = ?`;
  const rows =
    customer === undefined
      ? reads.of(`${all} ORDER BY ${STATEMENT_ORDER}`).all(ws)
      : reads.of(`${all} AND customer = ? ORDER BY ${STATEMENT_ORDER}`).all(ws, customer);
  return rows.map(decodeStatement);
}

/** A page, from the indexes alone where it is of all customers. */
export function statementPage({ reads, ws }: ReadParts, filter: StatementFilter): StatementHead[] {
  const found: StatementHead[] = [];
  for (const conditions of stretchesOf(filter)) {
    const limit = filter.limit - found.length;
    if (limit === 0) break;
    const { where, values } = together(conditions);
    const sql = `SELECT ${STATEMENT_HEAD} FROM statements INDEXED BY ${indexFor(filter.customer)}
      WHERE ws = ?${where} ORDER BY ${STATEMENT_ORDER} LIMIT ?`;
    const rows = reads.of(sql).all(ws, ...values, limit);
    found.push(...rows.map(decodeStatementHead));
  }
  return found;
}

function indexFor(customer: string | undefined): string {
  return customer === undefined ? "statements_in_order" : "statements_by_customer";
}
