/** Administrative acts of the journal (empty run), set aside by kind and subject for look-ups. */
import type { DatabaseSync } from "node:sqlite";
import type { JournalEntry, JournalKind } from "../../domain/event/journal.ts";
import { Statements } from "../sqlite/statements.ts";

export type Document = Readonly<Record<string, unknown>>;

/** An administrative act as the journal keeps it. */
export interface RecordedAct {
  readonly ws: number;
  /** What the act changed: a customer, a card, a source of prices, a statement. */
  readonly subject: string;
  readonly seq: number;
  readonly receivedAtMs: number;
  readonly document: Document;
}

/** The acts of a workspace by what they are about. */
export class Acts {
  readonly #statements: Statements;

  constructor(scratch: DatabaseSync) {
    this.#statements = new Statements(scratch);
    scratch.exec(`CREATE TABLE acts (
      kind TEXT, ws INTEGER, subject TEXT, seq INTEGER, received_at INTEGER, document TEXT,
      PRIMARY KEY (kind, ws, subject, seq)) WITHOUT ROWID`);
  }

  add(ws: number, { kind, id, seq, receivedAtMs, document }: JournalEntry): void {
    this.#statements
      .of("INSERT OR REPLACE INTO acts VALUES (?, ?, ?, ?, ?, ?)")
      .run(kind, ws, id, seq, receivedAtMs, document);
  }

  /** Acts of one kind on one subject, oldest first. */
  of(kind: JournalKind, ws: number, subject: string): RecordedAct[] {
    const sql = "SELECT * FROM acts WHERE kind = ? AND ws = ? AND subject = ? ORDER BY seq";
    return this.#statements.of(sql).all(kind, ws, subject).map(decode);
  }

  /** Every act of a kind, by subject. */
  *all(kind: JournalKind): Generator<RecordedAct> {
    const sql = "SELECT * FROM acts WHERE kind = ? ORDER BY ws, subject, seq";
    for (const row of this.#statements.each(sql, kind)) yield decode(row);
  }
}

function decode(row: Record<string, unknown>): RecordedAct {
  return {
    ws: row.ws as number,
    subject: row.subject as string,
    seq: row.seq as number,
    receivedAtMs: row.received_at as number,
    document: JSON.parse(row.document as string) as Document,
  };
}
