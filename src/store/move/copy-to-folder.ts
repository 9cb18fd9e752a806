/**
 * A PostgreSQL database as a data folder, as of one moment: `verify` reads folders, so that there
 * is one oracle for both stores. What PostgreSQL keeps beside the folder's rows is checked here.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { control, rowsOf } from "../postgres/connection.ts";
import type { Client } from "../postgres/driver.ts";
import { refuseUnfinishedMove } from "../postgres/move-state.ts";
import { withOwner } from "../postgres/owner.ts";
import { openWriter } from "../sqlite/open-database.ts";
import { DATABASE_FILE } from "../sqlite/sqlite-store.ts";
import { encodeId } from "../sqlite/stored-id.ts";
import type { Row } from "../stored-rows.ts";
import { type FolderTable, folderTables } from "./folder-tables.ts";

/**
 * Before the moment that is copied: a month that `retain` truncates behind it would be empty to
 * whoever comes to read it, whatever he has seen of its runs.
 */
const KEPT = "LOCK TABLE steps IN ACCESS SHARE MODE";
const PAGE_ROWS = 2_000;
const NAMES_MAX_ROWS = 20_000;

/** What is copied, and where to. */
export interface FolderCopy {
  readonly connectionString: string;
  /** An empty folder. */
  readonly dataDir: string;
  /** Told of rows that are copied, of how many there are about. */
  readonly onProgress: (done: number, total: number) => void;
}

/** Something that PostgreSQL keeps apart and that does not agree. */
export interface ApartFinding {
  readonly table: string;
  readonly key: string;
  readonly problem: string;
}

/**
 * Copies everything, as of one moment, while nodes go on. Needs the role that owns the tables.
 * Returns what does not agree in what the folder has no place for.
 */
export function copyToFolder(copy: FolderCopy): Promise<readonly ApartFinding[]> {
  mkdirSync(copy.dataDir, { recursive: true });
  const db = openWriter(join(copy.dataDir, DATABASE_FILE));
  const work = async (client: Client): Promise<readonly ApartFinding[]> => {
    await refuseUnfinishedMove(client);
    // Who does not own the tables is told so, instead of being shown nothing.
    const settings = "SET LOCAL row_security = off; SET LOCAL TRANSACTION READ ONLY";
    await control(client, `BEGIN ISOLATION LEVEL REPEATABLE READ; ${settings}; ${KEPT}`);
    await copyAll(client, db, copy.onProgress);
    return checkApart(client);
  };
  return withOwner(copy.connectionString, work).finally(() => db.close());
}

async function copyAll(
  client: Client,
  db: DatabaseSync,
  onProgress: FolderCopy["onProgress"],
): Promise<void> {
  // Nobody waits for this file to be on disk: it is read once.
  db.exec("PRAGMA synchronous = OFF; BEGIN");
  const tables = folderTables(db);
  const counts = await rowsOf(
    client,
    `SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint AS n
    FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'`,
    [],
  );
  const total = counts[0]?.n as number;
  const names = new CopiedNames(db);
  let done = 0;
  for (const table of tables) {
    const write = table.isSteps ? stepWriter(db, table.name, names) : rowWriter(db, table);
    for await (const row of rowsOfTable(client, table)) {
      write(row);
      done += 1;
      if (done % PAGE_ROWS === 0) onProgress(done, Math.max(total, done));
    }
  }
  db.exec(`UPDATE workspaces SET summed_step_no = (SELECT coalesce(max(step_no), 0) FROM steps);
    COMMIT`);
}

/** Rows by a cursor, in the order in which the folder would have them. */
async function* rowsOfTable(client: Client, table: FolderTable): AsyncGenerator<Row> {
  const order = table.isSteps ? "ws, seq" : table.key.filter((key) => key !== "run_no").join(", ");
  const by = order === "" || order.endsWith("_no") ? "" : `ORDER BY ${order}`;
  const columns = table.columns.join(", ");
  await control(client, `DECLARE copied CURSOR FOR SELECT ${columns} FROM ${table.name} ${by}`);
  for (;;) {
    const { rows } = await control(client, `FETCH ${PAGE_ROWS} FROM copied`);
    yield* rows;
    if (rows.length < PAGE_ROWS) break;
  }
  await control(client, "CLOSE copied");
}

type Write = (row: Row) => void;

function rowWriter(db: DatabaseSync, { name, columns }: FolderTable): Write {
  const places = columns.map(() => "?").join(", ");
  const insert = db.prepare(`INSERT INTO ${name} (${columns.join(", ")}) VALUES (${places})`);
  return (row) => {
    insert.run(...columns.map((column) => storedValue(row[column])));
  };
}

/** Integers as such: a number that is bound as it is would be a float to SQLite. */
function storedValue(value: unknown): string | bigint | null {
  if (typeof value === "number") return BigInt(value);
  if (typeof value === "boolean") return value ? 1n : 0n;
  return value === null || value === undefined ? null : plainDecimal(String(value));
}

/** A decimal that the server added up keeps zeros at its end, which say nothing. */
function plainDecimal(text: string): string {
  if (!/^-?\d+\.\d*0$/.test(text)) return text;
  return text.replace(/\.?0+$/, "");
}

/** Texts that steps repeat, each once. */
class CopiedNames {
  readonly #find: StatementSync;
  readonly #add: StatementSync;
  readonly #known = new Map<string, bigint>();

  constructor(db: DatabaseSync) {
    this.#find = db.prepare("SELECT name_no FROM names WHERE text = ?");
    this.#find.setReadBigInts(true);
    this.#add = db.prepare("INSERT INTO names (text) VALUES (?)");
  }

  numberOf(text: string): bigint {
    const known = this.#known.get(text) ?? (this.#find.get(text)?.name_no as bigint | undefined);
    const number = known ?? BigInt(this.#add.run(text).lastInsertRowid);
    if (this.#known.size >= NAMES_MAX_ROWS) this.#known.clear();
    this.#known.set(text, number);
    return number;
  }
}

function stepWriter(db: DatabaseSync, table: string, names: CopiedNames): Write {
  const runNo = db.prepare("SELECT run_no FROM runs WHERE ws = ? AND id = ?");
  runNo.setReadBigInts(true);
  const insert = db.prepare(`INSERT INTO ${table}
    (run_no, source_no, id, seq, facets_no, body, labels_no, checksum)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
  return (row) => {
    const text = (column: string) => row[column] as string;
    const run = runNo.get(BigInt(row.ws as number), text("run"));
    const [source, facets] = [names.numberOf(text("source")), names.numberOf(text("facets"))];
    const labels = text("labels") === "" ? null : names.numberOf(text("labels"));
    // A step without a run is kept, and named by the oracle.
    const place = [(run?.run_no ?? 0n) as bigint, source, encodeId(text("id"))] as const;
    const parts = [BigInt(row.seq as number), facets, text("body"), labels] as const;
    insert.run(...place, ...parts, BigInt(row.checksum as number));
  };
}

/** What the folder has no place for: where steps stand, sums of holds, heads beside their chain. */
const APART: readonly { readonly table: string; readonly problem: string; readonly sql: string }[] =
  [
    ...["steps", "former_steps"].map((table) => ({
      table,
      problem: "stands by another customer or month than its run",
      sql: `SELECT concat_ws('/', s.ws, s.run, s.source, s.id) AS key FROM ${table} s
        LEFT JOIN runs r ON r.ws = s.ws AND r.id = s.run
        WHERE s.customer IS DISTINCT FROM r.customer
          ${table === "steps" ? "OR s.month IS DISTINCT FROM r.month" : ""}`,
    })),
    {
      table: "budget_held",
      problem: "is not the sum of what open holds set aside",
      sql: `SELECT concat_ws('/', ws, budget_id, scope, window_key) AS key FROM (
          SELECT ws, budget_id, scope, window_key, level FROM budget_held
          UNION ALL SELECT ws, (r ->> 0)::bigint, r ->> 1, r ->> 2, -(r ->> 3)::numeric
            FROM holds, jsonb_array_elements(reserves::jsonb) AS r WHERE state = 'open') AS sides
        GROUP BY ws, budget_id, scope, window_key HAVING sum(level) <> 0`,
    },
    {
      table: "workspaces",
      problem: "its commit time is not that of the last link",
      sql: `SELECT w.id AS key FROM workspaces w WHERE w.committed_at <> coalesce(
        (SELECT c.committed_at FROM chain c WHERE c.ws = w.ws ORDER BY first_seq DESC LIMIT 1), 0)`,
    },
  ];
const FINDINGS_MAX_COUNT = 100;

async function checkApart(client: Client): Promise<readonly ApartFinding[]> {
  const findings: ApartFinding[] = [];
  for (const { table, problem, sql } of APART) {
    const rows = await rowsOf(client, `${sql} LIMIT ${FINDINGS_MAX_COUNT}`, []);
    for (const { key } of rows) findings.push({ table, key: key as string, problem });
  }
  return findings;
}
