/**
 * The outbox of the embedded store. There is one writer, and whoever writes has its turn: so what
 * is read at the beginning of a turn still holds when its transaction is carried out.
 */
import type { ExportAttempt } from "../../domain/export/attempt.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import type {
  AttemptFilter,
  LineFilter,
  Outbox,
  OutboxChange,
  SealedSecret,
  StateCount,
} from "../../engine/export/export-ports.ts";
import { together } from "../conditions.ts";
import {
  attemptConditions,
  conditionsOf,
  decodeAttempt,
  decodeLine,
  decodeSecret,
  encodeAttempt,
  encodeLine,
  encodeSecret,
  kindsOf,
  LINE_COLUMNS,
  mergedAttempts,
} from "../stored-export.ts";
import type { Bound, Row } from "../stored-rows.ts";
import type { OwnTransactions } from "./own-transactions.ts";
import type { TransactionDraft } from "./transaction.ts";

/** What the outbox needs of its store. */
export interface OutboxStore {
  ws(workspace: string): number;
  all(sql: string, ...values: Bound[]): Row[];
  readonly own: OwnTransactions;
  checksum(text: string): number;
}

const PLACES = LINE_COLUMNS.map(() => "?").join(", ");
const INSERT = `INSERT INTO export_lines (${LINE_COLUMNS.join(", ")}, checksum)
  VALUES (${PLACES}, ?)`;
/** A line keeps its place and its body for ever. */
const UPDATE = `UPDATE export_lines SET state = ?, is_open = ?, due_at = ?, version = ?,
  document = ?, checksum = ? WHERE ws = ? AND key = ?`;
const KEEP = "INSERT OR IGNORE INTO export_attempts VALUES (?, ?, ?, ?, ?, ?, ?)";
const FORGET = "DELETE FROM export_attempts WHERE ws = ? AND at < ?";
/** All that are not newer than the first one that is too many. */
const KEEP_NEWEST = `DELETE FROM export_attempts WHERE ws = ?1 AND target = ?2
  AND is_troubled = ?3 AND (at, id) <= (SELECT at, id FROM export_attempts
    WHERE ws = ?1 AND target = ?2 AND is_troubled = ?3
    ORDER BY at DESC, id DESC LIMIT 1 OFFSET ?4)`;
const SAVE_SECRET = "INSERT OR REPLACE INTO export_secrets VALUES (?, ?, ?, ?, ?, ?, ?)";

/** Keeps lines in the file. */
export class SqliteOutbox implements Outbox {
  readonly #store: OutboxStore;

  constructor(store: OutboxStore) {
    this.#store = store;
  }

  write(workspace: string, change: OutboxChange): Promise<boolean> {
    const ws = this.#store.ws(workspace);
    return this.#store.own.commit((draft) => this.#fill(draft, ws, change));
  }

  #fill(draft: TransactionDraft, ws: number, change: OutboxChange): boolean {
    const { added, changed, attempts = [] } = change;
    const places = new Set(added.map(placeText));
    if (places.size < added.length) return false;
    const isFree = (line: ExportLine) => !this.#isTaken(ws, line);
    if (!added.every(isFree)) return false;
    if (!changed.every((line) => this.#versionOf(ws, line.key) === line.version - 1)) return false;
    const checksum = (text: string) => this.#store.checksum(text);
    for (const line of added) draft.run(INSERT, encodeLine(ws, line, checksum));
    for (const line of changed) {
      const values = encodeLine(ws, line, checksum);
      const now = [values[7], values[8], values[9], values[10], values[12], values[13]];
      draft.run(UPDATE, [...(now as Bound[]), ws, line.key]);
    }
    for (const attempt of attempts) draft.run(KEEP, encodeAttempt(ws, attempt, checksum));
    return true;
  }

  #isTaken(ws: number, { target, customer, item, no, key }: ExportLine): boolean {
    const place = "target = ? AND customer = ? AND item = ? AND no = ?";
    const sql = `SELECT 1 FROM export_lines WHERE ws = ? AND ${place}
      UNION ALL SELECT 1 FROM export_lines WHERE ws = ? AND key = ?`;
    return this.#store.all(sql, ws, target, customer, item, no, ws, key).length > 0;
  }

  #versionOf(ws: number, key: string): number | undefined {
    const sql = "SELECT version FROM export_lines WHERE ws = ? AND key = ?";
    const [row] = this.#store.all(sql, ws, key);
    return row?.version as number | undefined;
  }

  lines(workspace: string, filter: LineFilter): ExportLine[] {
    const { where, values } = together(conditionsOf(filter));
    const sql = `SELECT * FROM export_lines WHERE ws = ?${where}
      ORDER BY customer, item, no LIMIT ?`;
    const ws = this.#store.ws(workspace);
    return this.#store.all(sql, ws, ...values, filter.limit).map(decodeLine);
  }

  line(workspace: string, key: string): ExportLine | undefined {
    const sql = "SELECT * FROM export_lines WHERE ws = ? AND key = ?";
    return this.#store.all(sql, this.#store.ws(workspace), key).map(decodeLine)[0];
  }

  lastLines(workspace: string, target: string, customer: string): ExportLine[] {
    const sql = `WITH newest AS (SELECT item, max(no) AS no FROM export_lines
        WHERE ws = ?1 AND target = ?2 AND customer = ?3 GROUP BY item, period)
      SELECT l.* FROM newest JOIN export_lines l ON l.ws = ?1 AND l.target = ?2
        AND l.customer = ?3 AND l.item = newest.item AND l.no = newest.no
      ORDER BY l.item, l.no`;
    return this.#store.all(sql, this.#store.ws(workspace), target, customer).map(decodeLine);
  }

  counts(workspace: string, target: string): StateCount[] {
    const sql = `SELECT state, count(*) AS count FROM export_lines
      WHERE ws = ? AND target = ? GROUP BY state ORDER BY state`;
    return this.#store
      .all(sql, this.#store.ws(workspace), target)
      .map((row) => ({ state: row.state, count: Number(row.count) }) as StateCount);
  }

  attempts(workspace: string, filter: AttemptFilter): ExportAttempt[] {
    const ws = this.#store.ws(workspace);
    const found = kindsOf(filter).flatMap((isTroubled) => {
      const { where, values } = together(attemptConditions(filter, isTroubled));
      const sql = `SELECT * FROM export_attempts WHERE ws = ?${where}
        ORDER BY at DESC, id DESC LIMIT ?`;
      return this.#store.all(sql, ws, ...values, filter.limit).map(decodeAttempt);
    });
    return mergedAttempts(found, filter.limit);
  }

  attemptsOf(workspace: string, ids: readonly string[]): ExportAttempt[] {
    const sql = `SELECT * FROM export_attempts
      WHERE ws = ? AND id IN (SELECT value FROM json_each(?)) ORDER BY at DESC, id DESC`;
    const ws = this.#store.ws(workspace);
    return this.#store.all(sql, ws, JSON.stringify(ids)).map(decodeAttempt);
  }

  forgetAttempts(workspace: string, beforeMs: number): Promise<void> {
    return this.#store.own.save(FORGET, this.#store.ws(workspace), beforeMs);
  }

  async keepNewestAttempts(workspace: string, target: string, count: number): Promise<void> {
    const ws = this.#store.ws(workspace);
    for (const kind of [0, 1]) await this.#store.own.save(KEEP_NEWEST, ws, target, kind, count);
  }

  secrets(workspace: string, target: string): SealedSecret[] {
    const sql = "SELECT * FROM export_secrets WHERE ws = ? AND target = ? ORDER BY name";
    return this.#store.all(sql, this.#store.ws(workspace), target).map(decodeSecret);
  }

  saveSecret(workspace: string, secret: SealedSecret): Promise<void> {
    const checksum = (text: string) => this.#store.checksum(text);
    const values = encodeSecret(this.#store.ws(workspace), secret, checksum);
    return this.#store.own.save(SAVE_SECRET, ...values);
  }
}

function placeText({ target, customer, item, no }: ExportLine): string {
  return JSON.stringify([target, customer, item, no]);
}
