/** Copies of a data folder with one alteration, and the keys by which findings name rows. */
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DATABASE_FILE } from "../../src/store/sqlite/sqlite-store.ts";
import { decodeId } from "../../src/store/sqlite/stored-id.ts";
import type { Finding } from "../../src/store/verify/findings.ts";
import { verifyDataFolder } from "../../src/store/verify/verify-data-folder.ts";

export type Row = Readonly<Record<string, unknown>>;

const WORKSPACE = "(SELECT id FROM workspaces w WHERE w.ws = t.ws) AS workspace";
const STEP = `t.*, s.text AS source, r.id AS run, r.customer AS customer,
  (SELECT text FROM names f WHERE f.name_no = t.facets_no) AS facets,
  (SELECT id FROM workspaces w WHERE w.ws = r.ws) AS workspace`;
const STEP_JOINS = "JOIN runs r USING (run_no) JOIN names s ON s.name_no = t.source_no";
const OUTCOMES = "(SELECT count(*) FROM outcomes o WHERE o.ws = t.ws AND o.run = t.id) AS outcomes";

/** What is read of a row besides its columns, to make its key of. */
const SELECTS: Readonly<Record<string, string>> = {
  workspaces: "*, id AS workspace FROM workspaces",
  names: `*, (SELECT count(*) FROM steps WHERE name_no IN (source_no, facets_no, labels_no)) AS uses
    FROM names`,
  runs: `t.*, ${WORKSPACE}, ${OUTCOMES} FROM runs t`,
  steps: `${STEP} FROM steps t ${STEP_JOINS}`,
  former_steps: `${STEP} FROM former_steps t ${STEP_JOINS}`,
  api_keys: "* FROM api_keys",
  signing_keys: "* FROM signing_keys",
};

/** Columns that make up the key of a finding, after the workspace. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  workspaces: ["workspace"],
  names: ["name_no"],
  customers: ["workspace", "id"],
  credit_books: ["workspace", "customer"],
  runs: ["workspace", "id"],
  steps: ["workspace", "run", "source", "id"],
  former_steps: ["workspace", "run", "source", "id"],
  journal: ["workspace", "seq"],
  chain: ["workspace", "first_seq"],
  former_runs: ["workspace", "run", "until_seq"],
  outcomes: ["workspace", "run", "key"],
  former_outcomes: ["workspace", "run", "key", "until_seq"],
  counters: ["workspace", "customer", "period", "card_key", "charge_key", "cell"],
  rollups: ["workspace", "customer", "period", "agent", "kind", "provider", "model", "tool"],
  calls: ["workspace", "call_id", "customer"],
  witnesses: ["workspace", "run", "source", "id"],
  suspended: ["workspace", "run", "source", "id"],
  conflicts: ["workspace", "seq"],
  periods: ["workspace", "customer", "period"],
  adjustments: ["workspace", "seq"],
  statements: ["workspace", "id"],
  rate_cards: ["workspace", "version_id"],
  price_versions: ["workspace", "version_id"],
  api_keys: ["workspace", "id"],
  signing_keys: ["id"],
  alert_cursors: ["workspace"],
  alert_deliveries: ["workspace", "id"],
  budgets: ["workspace", "id"],
  budget_limits: ["workspace", "budget_id", "scope"],
  budget_balances: ["workspace", "budget_id", "scope", "window_key"],
  holds: ["workspace", "run", "source", "id"],
  stops: ["workspace", "scope_kind", "scope"],
  overruns: ["workspace", "budget_id", "scope", "window_key"],
  export_lines: ["workspace", "key"],
  export_secrets: ["workspace", "target", "name"],
  export_attempts: ["workspace", "id"],
};

export function openFile(folder: string): DatabaseSync {
  return new DatabaseSync(join(folder, DATABASE_FILE));
}

/** Tables of the schema. */
export function tablesOf(db: DatabaseSync): string[] {
  const sql = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
  return db
    .prepare(sql)
    .all()
    .map((row) => row.name as string);
}

/** All rows of a table with what their keys are made of. */
export function rowsOf(db: DatabaseSync, table: string): Row[] {
  return db.prepare(`SELECT ${SELECTS[table] ?? `t.*, ${WORKSPACE} FROM ${table} t`}`).all();
}

/** The key that a finding about this row carries. */
export function keyOf(table: string, row: Row): string {
  const parts = KEYS[table] ?? [];
  const isCoded = (name: string) => name === "id" && typeof row.id !== "number";
  return parts.map((name) => (isCoded(name) ? decodeId(row.id) : String(row[name]))).join("/");
}

export function columnsOf(db: DatabaseSync, table: string) {
  const info = db.prepare(`PRAGMA table_info(${table})`).all();
  return info.map((row) => ({
    name: row.name as string,
    type: row.type as string,
    isKey: row.pk !== 0,
  }));
}

/** How to find a row again by its primary key. */
export function placeOf(db: DatabaseSync, table: string, row: Row) {
  const key = columnsOf(db, table).filter(({ isKey }) => isKey);
  const where = key.map(({ name }) => `${name} = ?`).join(" AND ");
  return { where, values: key.map(({ name }) => row[name] as string | number) };
}

/** Verifies a copy of a data folder after an alteration. */
export function findingsAfter(
  original: string,
  alter: (db: DatabaseSync) => void,
): readonly Finding[] {
  const copy = `${original}.altered`;
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy);
  copyFileSync(join(original, DATABASE_FILE), join(copy, DATABASE_FILE));
  const db = openFile(copy);
  try {
    // No power cut comes between here and the verification: only that waits for no disk.
    db.exec("PRAGMA synchronous = OFF");
    alter(db);
  } finally {
    db.close();
  }
  return verifyDataFolder(copy).findings;
}
