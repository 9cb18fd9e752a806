/** Statements that count what they read, for tests of what is read too often. */
import type { StatementSync } from "node:sqlite";
import { Statements } from "./statements.ts";

export class CountingStatements extends Statements {
  /** Rows that `all` has returned so far. */
  rowsRead = 0;

  override of(sql: string): StatementSync {
    const statement = super.of(sql);
    const all = (...values: Parameters<StatementSync["all"]>) => {
      const rows = statement.all(...values);
      this.rowsRead += rows.length;
      return rows;
    };
    return { all } as unknown as StatementSync;
  }
}
