/**
 * The file under verification, opened for reading only. All reads stand in one transaction, so a
 * server that goes on writing is seen as of one moment; a scratch file of our own, which SQLite
 * deletes by itself, holds what would not fit in memory.
 */
import { existsSync, readdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { TollgateError } from "../../domain/errors.ts";
import { Recent } from "../recent.ts";
import { openReader, readingFile } from "../sqlite/open-database.ts";
import { Statements } from "../sqlite/statements.ts";
import type { Bound, Row } from "../stored-rows.ts";
import { Findings } from "./findings.ts";
import { NOTHING_REMOVED, type RemovedRuns } from "./removed-runs.ts";

const NAMES_MAX_ROWS = 50_000;
const CACHE_KIB = 16_384;
const BITS = 8;
/** Names beyond it are not tracked as used: 64 MiB of bits would be. */
const TRACKED_NAMES_MAX_COUNT = 2 ** 29;

/** How far the verification is, in rows. */
export interface VerifyProgress {
  readonly done: number;
  readonly total: number;
}

export type OnProgress = (progress: VerifyProgress) => void;

const PROGRESS_EVERY_ROWS = 5_000;

/** The file under verification, open for reading at one moment. */
export class DataFile {
  readonly db: DatabaseSync;
  readonly scratch: DatabaseSync;
  readonly findings = new Findings();
  /** Rows looked at, by table. */
  readonly checked: Record<string, number> = {};
  /** What was removed of steps: told by who reads it (removed-steps.ts). */
  removed: RemovedRuns = NOTHING_REMOVED;
  readonly #statements: Statements;
  readonly #workspaces = new Map<number, string>();
  readonly #summedStepNos = new Map<number, number>();
  readonly #names = new Recent<number, string>(NAMES_MAX_ROWS);
  #usedNames = new Uint8Array(0);
  readonly #onProgress: OnProgress;
  #done = 0;
  #total = 0;

  constructor(path: string, onProgress: OnProgress) {
    if (!existsSync(path)) {
      throw new TollgateError("store.missing", `There is no data file "${path}".`);
    }
    this.db = openReader(path);
    // Rows are read once each, and SQLite sorts on disk beyond this size.
    this.db.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    this.#statements = new Statements(this.db);
    // An empty name makes a file of its own that goes when the connection closes.
    this.scratch = new DatabaseSync("");
    this.#onProgress = onProgress;
    this.db.exec("BEGIN");
    for (const row of readingFile(path, () => this.all("SELECT * FROM workspaces"))) {
      this.#workspaces.set(row.ws as number, row.id as string);
      this.#summedStepNos.set(row.ws as number, row.summed_step_no as number);
    }
  }

  close(): void {
    this.db.close();
    this.scratch.close();
  }

  /** Throws `store.version` for a schema that this version does not know whole. */
  requireSchema(): void {
    const [row] = this.all("PRAGMA user_version");
    const migrations = new URL("../sqlite/migrations/", import.meta.url);
    const known = readdirSync(migrations).filter((name) => name.endsWith(".sql")).length;
    if (row?.user_version === known) return;
    const version = Number(row?.user_version) > known ? "A newer" : "An older";
    const schemas = `it has schema ${row?.user_version}, and this version verifies ${known}`;
    throw new TollgateError("store.version", `${version} version wrote the data: ${schemas}.`);
  }

  /** Names of the tables that the file has. */
  tables(): string[] {
    const sql = `SELECT name FROM sqlite_master
      WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`;
    return this.all(sql).map((row) => row.name as string);
  }

  all(sql: string, ...values: Bound[]): Row[] {
    return this.#statements.of(sql).all(...values);
  }

  first(sql: string, ...values: Bound[]): Row | undefined {
    return this.#statements.of(sql).get(...values);
  }

  /** Rows one by one: others may run in between. */
  each(sql: string, ...values: Bound[]): Generator<Row> {
    return this.#statements.each(sql, ...values);
  }

  /** All rows of a table, counted as checked. */
  *rowsOf(table: string, order: string): Generator<Row> {
    for (const row of this.each(`SELECT * FROM ${table} ORDER BY ${order}`)) {
      this.count(table);
      yield row;
    }
  }

  /** Notes that a row is checked, and tells how far the work is. */
  count(table: string): void {
    this.checked[table] = (this.checked[table] ?? 0) + 1;
    this.#done += 1;
    if (this.#done % PROGRESS_EVERY_ROWS === 0) this.#tell();
  }

  /** Sets out the work: how many rows these tables have. */
  expectRows(tables: readonly string[]): void {
    for (const table of tables) {
      this.checked[table] = 0;
      this.#total += this.first(`SELECT count(*) AS n FROM ${table}`)?.n as number;
    }
    this.#tell();
  }

  tellEnd(): void {
    this.#done = this.#total;
    this.#tell();
  }

  #tell(): void {
    this.#onProgress({ done: this.#done, total: this.#total });
  }

  get workspaces(): ReadonlyMap<number, string> {
    return this.#workspaces;
  }

  /** The last step that the totals in the file include. */
  summedStepNo(ws: number): number {
    return this.#summedStepNos.get(ws) ?? 0;
  }

  /** A workspace's id; where none has the number, that is a finding. */
  workspace(ws: number): string {
    const id = this.#workspaces.get(ws);
    if (id !== undefined) return id;
    this.findings.add("workspaces", `ws ${ws}`, "is missing: rows belong to it");
    return `ws ${ws}`;
  }

  /** The text of a name, which is used now; undefined, and a finding, where there is none. */
  nameOf(number: number): string | undefined {
    const known = this.#names.get(number);
    if (known !== undefined) return known;
    const row = this.first("SELECT text FROM names WHERE name_no = ?", number);
    if (row === undefined) {
      this.findings.add("names", String(number), "is missing: steps use it");
      return undefined;
    }
    this.#names.set(number, row.text as string);
    this.#markUsed(number);
    return row.text as string;
  }

  #markUsed(number: number): void {
    if (number >= TRACKED_NAMES_MAX_COUNT) return;
    const at = Math.floor(number / BITS);
    if (at >= this.#usedNames.length) {
      const grown = new Uint8Array(Math.max(1024, 2 * at));
      grown.set(this.#usedNames);
      this.#usedNames = grown;
    }
    this.#usedNames[at] = (this.#usedNames[at] ?? 0) | (1 << (number % BITS));
  }

  isNameUsed(number: number): boolean {
    if (number >= TRACKED_NAMES_MAX_COUNT) return true;
    const bits = this.#usedNames[Math.floor(number / BITS)] ?? 0;
    return (bits & (1 << (number % BITS))) !== 0;
  }
}

/** Reads a row; where its text cannot be read, that is a finding and the answer undefined. */
export function readable<T>(
  file: DataFile,
  { table, key }: { readonly table: string; readonly key: string },
  read: () => T,
): T | undefined {
  try {
    return read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    file.findings.add(table, key, `cannot be read: ${reason}`);
    return undefined;
  }
}
