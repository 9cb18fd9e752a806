/** Statements that count what they read, for tests of what is read too often. */
import type { StatementSync } from "node:sqlite";
import { Statements } from "./statements.ts";

export class CountingStatements extends Statements {
  /** Rows that `all` and `get` have returned so far. */
  rowsRead = 0;

  override of(sql: string): StatementSync {
    const statement = super.of(sql);
    const all = (...values: Parameters<StatementSync["all"]>) => {
      const rows = statement.all(...values);
      this.rowsRead += rows.length;
      return rows;
    };
    const get = (...values: Parameters<StatementSync["get"]>) => {
      const row = statement.get(...values);
      this.rowsRead += row === undefined ? 0 : 1;
      return row;
    };
    return { all, get } as unknown as StatementSync;
  }
}
