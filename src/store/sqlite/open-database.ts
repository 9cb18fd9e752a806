/** Opens the file with the settings that durability rests on, and brings its schema up to date. */
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { TollgateError } from "../../domain/errors.ts";
import { CHECKPOINT_PAGES } from "./checkpoints.ts";

const MIGRATIONS = new URL("./migrations/", import.meta.url);
/** Page caches: the writer works on few pages at a time, the reader serves reports. */
const WRITER_CACHE_KIB = 49_152;
const READER_CACHE_KIB = 16_384;

/** How the file is opened. */
export interface OpenOptions {
  /** Only for the test that proves what FULL is for. (Default: FULL.) */
  readonly synchronous?: "FULL" | "NORMAL";
}

/**
 * The writer's connection. `synchronous=FULL` is set by hand on every open: with NORMAL, a power
 * cut loses commits that were acknowledged.
 */
export function openWriter(path: string, { synchronous = "FULL" }: OpenOptions = {}): DatabaseSync {
  const db = new DatabaseSync(path);
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${synchronous};
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA cache_size = -${WRITER_CACHE_KIB};
    PRAGMA foreign_keys = OFF;
    PRAGMA trusted_schema = OFF;
    PRAGMA temp_store = MEMORY;
  `);
  migrate(db);
  return db;
}

/** A second connection for reads: it sees commits only, never a unit of work in progress. */
export function openReader(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true });
  db.exec(`PRAGMA cache_size = -${READER_CACHE_KIB}; PRAGMA busy_timeout = 5000;`);
  return db;
}

function migrate(db: DatabaseSync): void {
  const { user_version: current } = db.prepare("PRAGMA user_version").get() as {
    user_version: number;
  };
  const files = readdirSync(MIGRATIONS)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort();
  if (current > files.length) {
    const detail = `The file has schema ${current}; this version knows ${files.length}.`;
    throw new TollgateError("store.corrupt", detail);
  }
  for (const [index, name] of files.entries()) {
    if (index < current) continue;
    const sql = readFileSync(new URL(name, MIGRATIONS), "utf8");
    db.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${index + 1}; COMMIT;`);
  }
}
