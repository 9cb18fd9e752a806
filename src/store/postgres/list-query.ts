/**
 * Lists as statements of their own for what is asked for: each has the index that serves it. A
 * prepared statement is planned for any values, so a condition that may be off is one for the whole
 * table.
 */
import { type Condition, together } from "../conditions.ts";
import type { Parameter } from "./connection.ts";

/** What is booked in a customer's period behind a seq. */
export const ADJUSTMENT_PAGE = `SELECT * FROM adjustments
  WHERE ws = $1 AND customer = $2 AND booked_period = $3 AND seq > $4 ORDER BY seq LIMIT $5`;

/** Rows of a workspace's table. */
export interface List {
  readonly conditions: readonly Condition[];
  /** (Default: all.) */
  readonly columns?: string;
  /** (Default: any.) */
  readonly order?: string;
  /** (Default: all.) */
  readonly limit?: number;
}

/** SQL, and the values behind the workspace, whose number is the first parameter. */
export function listQuery(
  table: string,
  { conditions, columns = "*", order, limit }: List,
): [sql: string, ...values: Parameter[]] {
  const { where, values } = together(conditions);
  const parts = where.split("?");
  const numbered = parts.map((part, at) => (at === 0 ? part : `$${at + 1}${part}`)).join("");
  const ordered = order === undefined ? "" : ` ORDER BY ${order}`;
  const sql = `SELECT ${columns} FROM ${table} WHERE ws = $1${numbered}${ordered}`;
  if (limit === undefined) return [sql, ...values];
  return [`${sql} LIMIT $${values.length + 2}`, ...values, limit];
}
