/**
 * The one connection that writes: it carries out transactions, each whole or not at all. It runs
 * in a thread of its own (writer-thread.ts), or in the caller's where a test wants its failures.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { LogPages } from "./checkpoints.ts";
import { type OpenOptions, openWriter } from "./open-database.ts";
import { answerQuery, type TotalsQuery } from "./read-totals.ts";
import { Statements } from "./statements.ts";
import { IdReader } from "./stored-id.ts";
import {
  type CheckedRows,
  type PackedSteps,
  STEP_NUMBERS,
  type Statement,
  type Transaction,
  textsOfPacked,
} from "./transaction.ts";

const IDENTITY = "run_no, source_no, id";
const FACTS = "seq, facets_no, body, labels_no, checksum";
const VALUES = "VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
const SAVE_STEP = {
  steps: `INSERT INTO steps (${IDENTITY}, ${FACTS}) ${VALUES}
    ON CONFLICT (${IDENTITY}) DO UPDATE SET seq = excluded.seq, facets_no = excluded.facets_no,
      body = excluded.body, labels_no = excluded.labels_no, checksum = excluded.checksum`,
  former_steps: `INSERT INTO former_steps (${IDENTITY}, ${FACTS}) ${VALUES}`,
};

/** What was read inside a transaction, and why the transaction failed, if it did. */
export interface ReadOnTheWay {
  readonly result: unknown;
  /** Null: it is committed. */
  readonly failure: unknown;
}

/** Carries out transactions on an open file. */
export class WritingConnection {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;

  constructor(path: string, options: OpenOptions) {
    this.#db = openWriter(path, options);
    this.#statements = new Statements(this.#db);
  }

  /** Commits durably. Throws what SQLite throws; then nothing is written, or it is unknown. */
  commit(transaction: Transaction): void {
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      this.#apply(transaction);
      this.#db.exec("COMMIT");
    } finally {
      this.#undo();
    }
  }

  /**
   * Writes, reads inside the transaction, then commits. What was read is right even where the
   * file refuses the commit (a full disk). Throws where the writing or the reading fails.
   */
  readOnTheWay(transaction: Transaction, query: TotalsQuery): ReadOnTheWay {
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      this.#apply(transaction);
      const result = answerQuery(this.#statements, query);
      return { result, failure: this.#tryCommit() };
    } finally {
      this.#undo();
    }
  }

  /** Null, or what the commit failed with. */
  #tryCommit(): unknown {
    try {
      this.#db.exec("COMMIT");
      return null;
    } catch (error) {
      return error;
    }
  }

  #undo(): void {
    if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
  }

  #apply(transaction: Transaction): void {
    for (const part of transaction) {
      if ("table" in part) saveSteps(this.#statements.of(SAVE_STEP[part.table]), part);
      else if ("rowLines" in part) runChecked(this.#statements.of(part.sql), part);
      else runRows(this.#statements.of(part.sql), part);
    }
  }

  /** What the log holds. 10 µs. */
  logPages(): LogPages {
    const found = this.#statements.of("PRAGMA wal_checkpoint(NOOP)").get();
    return { log: Number(found?.log), copied: Number(found?.checkpointed) };
  }

  /** Copies what the log holds to the file. What cannot be copied now stays for the next time. */
  copyLog(): void {
    this.#db.exec("PRAGMA wal_checkpoint(PASSIVE)");
  }

  /** After how many pages a commit copies the log itself; another may copy it before. */
  copyLogAt(pages: number): void {
    this.#db.exec(`PRAGMA wal_autocheckpoint = ${pages}`);
  }

  close(): void {
    this.#db.close();
  }
}

function runRows(statement: StatementSync, { width, values }: Statement): void {
  for (let at = 0; at < values.length; at += width) {
    statement.run(...values.slice(at, at + width));
  }
}

function runChecked(statement: StatementSync, { rowLines }: CheckedRows): void {
  for (const text of rowLines.split("\n")) {
    const values = JSON.parse(text) as SQLInputValue[];
    statement.run(...values, crc32(text));
  }
}

function saveSteps(statement: StatementSync, packed: PackedSteps): void {
  const { numbers, firstAt, gap } = packed;
  const textAt = textsOfPacked(packed);
  const ids = new IdReader();
  let from = firstAt;
  for (let at = 0; at < numbers.length; at += STEP_NUMBERS) {
    const place = (offset: number): number => numbers[at + offset] as number;
    const own = textAt(from, place(5));
    const id = ids.read(own, place(6), place(7));
    const body = own.slice(place(8), place(9));
    const labels = place(4) === 0 ? null : place(4);
    statement.run(place(0), place(1), id, place(2), place(3), body, labels, crc32(own));
    from += own.length + gap;
  }
}
