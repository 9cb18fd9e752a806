/**
 * `tollgate migrate-store`: a data folder becomes a PostgreSQL database. Rows are copied as they
 * are, checksums, chain and all, so `verify` says the same of both. Each piece of a table is one
 * transaction that also notes how far it is: a move that was cut off goes on where it stopped.
 * Nodes refuse a database that is not all there (`refuseUnfinishedMove`).
 */
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { MOVED_ROWS_MAX_COUNT } from "../../domain/database-limits.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { Digest } from "../../engine/ports.ts";
import { control, type Parameter, rowsOf } from "../postgres/connection.ts";
import type { Client } from "../postgres/driver.ts";
import { type MoveState, readMove, writeMove } from "../postgres/move-state.ts";
import { withOwner } from "../postgres/owner.ts";
import { holdDataFolder } from "../sqlite/data-folder-lock.ts";
import { openReader } from "../sqlite/open-database.ts";
import { DATABASE_FILE } from "../sqlite/sqlite-store.ts";
import { decodeId } from "../sqlite/stored-id.ts";
import type { Row } from "../stored-rows.ts";
import { countRows, type FolderTable, folderTables, rowsBehind } from "./folder-tables.ts";

const MONTHS_MAX_COUNT = 120;

/** What is moved, and where to. */
export interface Move {
  readonly dataDir: string;
  readonly connectionString: string;
  readonly digest: Digest;
  /** Told of rows that are there, of how many. */
  readonly onProgress: (done: number, total: number) => void;
  /** What else belongs to the installation: written with the end of the move. */
  readonly installation: Readonly<Record<string, string>>;
  /** Rows a transaction. (Default: MOVED_ROWS_MAX_COUNT.) */
  readonly rowsAtOnce?: number;
}

/** How many rows each table has got. */
export type Moved = Readonly<Record<string, number>>;

/**
 * Moves a folder that no process uses; its totals must be settled. Throws `store.locked` where one
 * does, `store.not_empty` where the database holds anything but the beginning of this move.
 */
export async function moveToPostgres(move: Move): Promise<Moved> {
  const release = holdDataFolder(move.dataDir);
  const db = openReader(join(move.dataDir, DATABASE_FILE));
  return withOwner(move.connectionString, (client) => moveAll({ move, db, client })).finally(() => {
    db.close();
    release();
  });
}

interface Moving {
  readonly move: Move;
  readonly db: DatabaseSync;
  readonly client: Client;
}

async function moveAll(moving: Moving): Promise<Moved> {
  const { move, db } = moving;
  const { month } = await begin(moving);
  const tables = folderTables(db);
  const total = tables.reduce((sum, table) => sum + countRows(db, table), 0);
  const moved: Record<string, number> = {};
  let done = 0;
  for (const table of tables) {
    const before = done;
    const onRows = (count: number) => {
      done = before + count;
      move.onProgress(done, total);
    };
    moved[table.name] = await moveTable(moving, { table, month, onRows });
  }
  await finish(moving);
  return moved;
}

/** Notes what is moved, in a database that has nothing or a part of the same. */
async function begin({ move, db, client }: Moving): Promise<MoveState> {
  const heads = db.prepare("SELECT ws, id, last_seq, chain FROM workspaces ORDER BY ws").all();
  const source = move.digest.sha256(JSON.stringify(heads));
  const known = await readMove(client);
  if (known?.source === source && !known.isDone) return known;
  const [row] = await rowsOf(client, "SELECT count(*) AS n FROM workspaces", []);
  if (known !== null || row?.n !== 0) {
    throw new TollgateError("store.not_empty", whatIsThere(known, source));
  }
  const last = db.prepare("SELECT max(committed_at) AS at FROM chain").get() as {
    at: number | null;
  };
  const state = { source, month: monthOf(last.at ?? Date.now()), isDone: false };
  await writeMove(client, state);
  return state;
}

function whatIsThere(known: MoveState | null, source: string): string {
  if (known === null || (known.isDone && known.source !== source)) {
    return "The database holds workspaces already; a folder moves into an empty one.";
  }
  return known.isDone
    ? "All of this folder was moved into this database before. Serve the database."
    : "The database holds a part of another folder, or of this one before it went on.";
}

/** Months since 1970 of an instant. */
function monthOf(ms: number): number {
  const at = new Date(ms);
  return 12 * (at.getUTCFullYear() - 1970) + at.getUTCMonth();
}

interface Task {
  readonly table: FolderTable;
  /** Of the last commit: no run is of a later one. */
  readonly month: number;
  readonly onRows: (count: number) => void;
}

async function moveTable({ move, db, client }: Moving, task: Task): Promise<number> {
  const { table, month, onRows } = task;
  const sql = "SELECT place, moved, is_done FROM moved_tables WHERE name = $1";
  const [known] = await rowsOf(client, sql, [table.name]);
  let place: unknown[] = known === undefined ? [] : JSON.parse(known.place as string);
  let moved = (known?.moved ?? 0) as number;
  if (known?.is_done === true) return moved;
  const into = await columnsOf(client, table);
  for (;;) {
    const limit = move.rowsAtOnce ?? MOVED_ROWS_MAX_COUNT;
    const rows = rowsBehind(db, table, { place, limit });
    const last = rows.at(-1);
    if (last !== undefined) place = table.key.map((column) => last[column]);
    moved += rows.length;
    const isDone = rows.length < limit;
    await control(client, "BEGIN; SET LOCAL synchronous_commit = off");
    await insert(client, {
      table: table.name,
      into,
      rows: rows.map((row) => movedRow(row, month)),
    });
    const note = `INSERT INTO moved_tables VALUES ($1, $2, $3, $4) ON CONFLICT (name)
      DO UPDATE SET place = excluded.place, moved = excluded.moved, is_done = excluded.is_done`;
    await rowsOf(client, note, [table.name, JSON.stringify(place), moved, isDone]);
    await control(client, "COMMIT");
    onRows(moved);
    if (isDone) return moved;
  }
}

/** A row as PostgreSQL keeps it: ids as text, and the month of its run. */
function movedRow(row: Row, month: number): Row {
  const ofRun = Number.isFinite(row.opened_at) ? monthOf(row.opened_at as number) : month;
  const clamped = Math.min(month, Math.max(month - MONTHS_MAX_COUNT, ofRun, 0));
  const id = row.id instanceof Uint8Array ? decodeId(row.id) : row.id;
  return { ...row, id, month: clamped };
}

interface Column {
  readonly name: string;
  readonly type: string;
}

/** Columns of the table there. Throws `store.corrupt` where a column of the folder has no place. */
async function columnsOf(client: Client, table: FolderTable): Promise<Column[]> {
  const sql = `SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type
    FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`;
  const rows = await rowsOf(client, sql, [table.name]);
  const columns = rows.map(({ name, type }) => ({ name, type }) as Column);
  const known = new Set(columns.map(({ name }) => name));
  const missing = table.columns.find((column) => !known.has(column));
  if (missing !== undefined) {
    const detail = `PostgreSQL has no column for "${table.name}.${missing}".`;
    throw new TollgateError("store.corrupt", detail);
  }
  const hasMonth = table.isSteps ? known.has("month") : table.name === "runs";
  const given = new Set([...table.columns, ...(hasMonth ? ["month"] : [])]);
  return columns.filter(({ name }) => given.has(name));
}

interface Insertion {
  readonly table: string;
  readonly into: readonly Column[];
  readonly rows: readonly Row[];
}

async function insert(client: Client, { table, into, rows }: Insertion): Promise<void> {
  if (rows.length === 0) return;
  if (table === "steps") {
    const months = [...new Set(rows.map(({ month }) => month as number))];
    for (const month of months) await rowsOf(client, "SELECT tollgate_month($1)", [month]);
  }
  const names = into.map(({ name }) => name).join(", ");
  const lists = into.map(({ type }, index) => `$${index + 1}::${type}[]`).join(", ");
  const sql = `INSERT INTO ${table} (${names}) OVERRIDING SYSTEM VALUE
    SELECT * FROM unnest(${lists})`;
  const values = into.map(({ name }) => rows.map((row) => textOf(row[name])));
  await rowsOf(client, sql, values as Parameter[]);
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** What follows from the rows, and the note that all of them are there. */
async function finish({ move, client }: Moving): Promise<void> {
  await control(
    client,
    `BEGIN;
    SELECT setval(pg_get_serial_sequence('workspaces', 'ws'), max(ws)) FROM workspaces;
    UPDATE workspaces w SET committed_at = coalesce((SELECT max(c.committed_at) FROM chain c
      WHERE c.ws = w.ws), 0);
    INSERT INTO budget_held (ws, budget_id, scope, window_key, level)
      SELECT ws, (r ->> 0)::bigint, r ->> 1, r ->> 2, sum((r ->> 3)::numeric)
      FROM holds, jsonb_array_elements(reserves::jsonb) AS r
      WHERE state = 'open' GROUP BY 1, 2, 3, 4;`,
  );
  for (const [name, value] of Object.entries(move.installation)) {
    await rowsOf(client, "SELECT tollgate_installation($1, $2)", [name, value]);
  }
  const state = await readMove(client);
  if (state !== null) await writeMove(client, { ...state, isDone: true });
  await control(client, "COMMIT");
  await control(client, "ANALYZE");
}
