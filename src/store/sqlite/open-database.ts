/** Opens the file with the settings that durability rests on, and brings its schema up to date. */
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { TollgateError } from "../../domain/errors.ts";
import { CHECKPOINT_PAGES } from "./checkpoints.ts";

const MIGRATIONS = new URL("./migrations/", import.meta.url);
/**
 * Page caches: the writer works on few pages at a time, the reader serves reports. Every commit
 * that split a page looks through the whole of the writer's (splitting borrows a page number far
 * behind the end, and SQLite then takes what it keeps to be beyond the end too): a million cycles a
 * commit with 48 MiB, a quarter of all that the writer's thread did.
 */
const WRITER_CACHE_KIB = 8_192;
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
  const db = readingFile(path, () => new DatabaseSync(path));
  const settings = `
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${synchronous};
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
    PRAGMA cache_size = -${WRITER_CACHE_KIB};
    PRAGMA foreign_keys = OFF;
    PRAGMA trusted_schema = OFF;
    PRAGMA temp_store = MEMORY;
  `;
  try {
    readingFile(path, () => db.exec(settings));
    readingFile(path, () => migrate(db));
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

/** A second connection for reads: it sees commits only, never a unit of work in progress. */
export function openReader(path: string): DatabaseSync {
  const db = readingFile(path, () => new DatabaseSync(path, { readOnly: true }));
  const settings = `PRAGMA cache_size = -${READER_CACHE_KIB}; PRAGMA busy_timeout = 5000;`;
  readingFile(path, () => db.exec(settings));
  return db;
}

/** Of SQLite's errors those that say what a file is: a broken schema, broken pages, no database. */
const NO_DATA_FILE: ReadonlySet<number> = new Set([1, 11, 26]);
/** And those by which it cannot be got at: a folder, or one of somebody else. */
const NOT_OPENED: ReadonlySet<number> = new Set([10, 14]);
/** By which another program writes to it just now: this and the next. */
const IN_USE: ReadonlySet<number> = new Set([5, 6]);
const READ_ONLY = 8;

/**
 * Reads a file for the first time. Throws `store.corrupt` where it is no whole data file,
 * `store.missing` where it cannot be opened, `store.read_only` where only that is allowed,
 * `store.locked` where another program writes to it.
 */
export function readingFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const { errcode, message } = Object(cause) as { errcode?: number; message?: string };
    const code = (errcode ?? 0) % 256;
    if (NO_DATA_FILE.has(code)) {
      const detail = `"${path}" is no whole data file: ${message}.`;
      throw new TollgateError("store.corrupt", detail, undefined, { cause });
    }
    if (code === READ_ONLY) {
      const detail = `"${path}" cannot be written to.`;
      throw new TollgateError("store.read_only", detail, undefined, { cause });
    }
    if (IN_USE.has(code)) {
      const detail = `"${path}" is in use by another program.`;
      throw new TollgateError("store.locked", detail, undefined, { cause });
    }
    if (!NOT_OPENED.has(code)) throw cause;
    const detail = `"${path}" cannot be opened: ${message}.`;
    throw new TollgateError("store.missing", detail, undefined, { cause });
  }
}

function migrate(db: DatabaseSync): void {
  const { user_version: current } = db.prepare("PRAGMA user_version").get() as {
    user_version: number;
  };
  const files = readdirSync(MIGRATIONS)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort();
  if (current > files.length) {
    const known = `it has schema ${current}, and this version knows ${files.length}`;
    throw new TollgateError("store.version", `A newer version wrote the data: ${known}.`);
  }
  if (current === files.length) return;
  const missing = files
    .slice(current)
    .map((name) => readFileSync(new URL(name, MIGRATIONS), "utf8"));
  // All or nothing: a file that cannot be brought up to date still opens with the version before.
  const work = missing.join(";\n");
  db.exec(`BEGIN IMMEDIATE; ${work}; PRAGMA user_version = ${files.length}; COMMIT;`);
}
