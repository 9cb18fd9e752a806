import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";

/** Prepared statements by their text: each is compiled once for the life of the connection. */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  /** Those whose rows nobody reads at present. */
  readonly #idle = new Map<string, StatementSync[]>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  of(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }

  /** Rows one by one. Others may run in between, the same text too. */
  *each(sql: string, ...values: SQLInputValue[]): Generator<Record<string, SQLOutputValue>> {
    const idle = this.#idle.get(sql) ?? [];
    this.#idle.set(sql, idle);
    const statement = idle.pop() ?? this.#db.prepare(sql);
    try {
      yield* statement.iterate(...values);
    } finally {
      idle.push(statement);
    }
  }
}
