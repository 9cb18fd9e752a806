/** The outbox on PostgreSQL: a change that does not find every version it names is undone. */
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
import type { Row } from "../stored-rows.ts";
import { type Parameter, type Queries, rowsOf } from "./connection.ts";
import { listQuery } from "./list-query.ts";

/** What what is on its way needs of its store. */
export interface OutboxStore {
  /** Rows of a workspace, whose number is the first parameter. */
  of(workspace: string, sql: string, ...values: Parameter[]): Promise<Row[]>;
  ws(workspace: string): Promise<number>;
  checksum(text: string): number;
  /** Commits what the work writes, or undoes it where it returns false. */
  inTransaction<T>(ws: number, work: (queries: Queries) => Promise<T>): Promise<T>;
}

const PLACES = LINE_COLUMNS.map((_, at) => `$${at + 1}`).join(", ");
/** Whoever comes second waits for the first, and then writes nothing. */
const INSERT = `INSERT INTO export_lines (${LINE_COLUMNS.join(", ")}, checksum)
  VALUES (${PLACES}, $${LINE_COLUMNS.length + 1}) ON CONFLICT DO NOTHING RETURNING key`;
const UPDATE = `UPDATE export_lines SET state = $1, is_open = $2, due_at = $3, version = $4,
  document = $5, checksum = $6 WHERE ws = $7 AND key = $8 AND version = $9 RETURNING key`;
const KEEP = `INSERT INTO export_attempts VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT DO NOTHING`;
const FORGET = "DELETE FROM export_attempts WHERE ws = $1 AND at < $2";
/** All that are not newer than the first one that is too many. */
const KEEP_NEWEST = `DELETE FROM export_attempts WHERE ws = $1 AND target = $2
  AND is_troubled = $3 AND (at, id) <= (SELECT at, id FROM export_attempts
    WHERE ws = $1 AND target = $2 AND is_troubled = $3
    ORDER BY at DESC, id DESC LIMIT 1 OFFSET $4)`;
const SAVE_SECRET = `INSERT INTO export_secrets VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (ws, target, name) DO UPDATE SET key_id = excluded.key_id,
    sealed = excluded.sealed, saved_at = excluded.saved_at, checksum = excluded.checksum`;

/** Keeps lines in the database. */
export class PostgresOutbox implements Outbox {
  readonly #store: OutboxStore;

  constructor(store: OutboxStore) {
    this.#store = store;
  }

  async write(workspace: string, change: OutboxChange): Promise<boolean> {
    const ws = await this.#store.ws(workspace);
    const checksum = (text: string) => this.#store.checksum(text);
    return this.#store.inTransaction(ws, async (queries) => {
      // In one order of keys, so that two senders never wait for each other.
      for (const line of change.added.toSorted(byKey)) {
        const rows = await rowsOf(queries, INSERT, encodeLine(ws, line, checksum));
        if (rows.length === 0) return false;
      }
      for (const line of change.changed.toSorted(byKey)) {
        const values = encodeLine(ws, line, checksum);
        const now = [values[7], values[8], values[9], values[10], values[12], values[13]];
        const named = [...(now as Parameter[]), ws, line.key, line.version - 1];
        if ((await rowsOf(queries, UPDATE, named)).length === 0) return false;
      }
      for (const attempt of change.attempts ?? []) {
        await rowsOf(queries, KEEP, encodeAttempt(ws, attempt, checksum));
      }
      return true;
    });
  }

  async lines(workspace: string, filter: LineFilter): Promise<ExportLine[]> {
    const list = { conditions: conditionsOf(filter), order: "customer, item, no" };
    const query = listQuery("export_lines", { ...list, limit: filter.limit });
    return (await this.#store.of(workspace, ...query)).map(decodeLine);
  }

  async line(workspace: string, key: string): Promise<ExportLine | undefined> {
    const sql = "SELECT * FROM export_lines WHERE ws = $1 AND key = $2";
    return (await this.#store.of(workspace, sql, key)).map(decodeLine)[0];
  }

  async lastLines(workspace: string, target: string, customer: string): Promise<ExportLine[]> {
    const sql = `SELECT * FROM (SELECT DISTINCT ON (item, period) * FROM export_lines
        WHERE ws = $1 AND target = $2 AND customer = $3 ORDER BY item, period, no DESC) newest
      ORDER BY item, no`;
    return (await this.#store.of(workspace, sql, target, customer)).map(decodeLine);
  }

  async counts(workspace: string, target: string): Promise<StateCount[]> {
    const sql = `SELECT state, count(*) AS count FROM export_lines
      WHERE ws = $1 AND target = $2 GROUP BY state ORDER BY state`;
    const rows = await this.#store.of(workspace, sql, target);
    return rows.map((row) => ({ state: row.state, count: Number(row.count) }) as StateCount);
  }

  async attempts(workspace: string, filter: AttemptFilter): Promise<ExportAttempt[]> {
    const found: ExportAttempt[] = [];
    for (const isTroubled of kindsOf(filter)) {
      const conditions = attemptConditions(filter, isTroubled);
      const list = { conditions, order: "at DESC, id DESC", limit: filter.limit };
      const rows = await this.#store.of(workspace, ...listQuery("export_attempts", list));
      found.push(...rows.map(decodeAttempt));
    }
    return mergedAttempts(found, filter.limit);
  }

  async attemptsOf(workspace: string, ids: readonly string[]): Promise<ExportAttempt[]> {
    const sql = `SELECT * FROM export_attempts
      WHERE ws = $1 AND id IN (SELECT jsonb_array_elements_text($2::jsonb))
      ORDER BY at DESC, id DESC`;
    return (await this.#store.of(workspace, sql, JSON.stringify(ids))).map(decodeAttempt);
  }

  async forgetAttempts(workspace: string, beforeMs: number): Promise<void> {
    await this.#store.of(workspace, FORGET, beforeMs);
  }

  async keepNewestAttempts(workspace: string, target: string, count: number): Promise<void> {
    for (const kind of [0, 1]) await this.#store.of(workspace, KEEP_NEWEST, target, kind, count);
  }

  async secrets(workspace: string, target: string): Promise<SealedSecret[]> {
    const sql = "SELECT * FROM export_secrets WHERE ws = $1 AND target = $2 ORDER BY name";
    return (await this.#store.of(workspace, sql, target)).map(decodeSecret);
  }

  async saveSecret(workspace: string, secret: SealedSecret): Promise<void> {
    const ws = await this.#store.ws(workspace);
    const [, ...values] = encodeSecret(ws, secret, (text) => this.#store.checksum(text));
    await this.#store.of(workspace, SAVE_SECRET, ...values);
  }
}

function byKey(a: ExportLine, b: ExportLine): number {
  return a.key < b.key ? -1 : 1;
}
