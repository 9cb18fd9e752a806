/**
 * One process a data folder. The lock is an exclusive transaction on a file of its own: the
 * operating system lets go of it when the process ends in whatever way, so none is ever stale.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { TollgateError } from "../../domain/errors.ts";

const BUSY = 5;
/** What SQLite says where a file may not be made or written, or the folder is none. */
const NOT_WRITTEN: ReadonlySet<number> = new Set([8, 14]);

/**
 * Takes the folder; returns how to let it go. Throws `store.locked` when it is taken, and
 * `store.read_only` where nothing can be written there.
 */
export function holdDataFolder(dataDir: string): () => void {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(join(dataDir, "tollgate.lock"));
    lock.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
  } catch (cause) {
    lock?.close();
    const { errcode = 0 } = Object(cause) as { errcode?: number };
    if (NOT_WRITTEN.has(errcode % 256)) {
      const told = `The data folder "${dataDir}" cannot be written to.`;
      throw new TollgateError("store.read_only", told, undefined, { cause });
    }
    if (errcode % 256 !== BUSY) throw cause;
    const detail = `The data folder "${dataDir}" is in use by another Tollgate process.`;
    throw new TollgateError("store.locked", detail, undefined, { cause });
  }
  const held = lock;
  return () => held.close();
}

/** Opens what is in a folder, and lets go of it where that fails. Throws as the lock does. */
export function inHeldFolder<T>(dataDir: string, open: (release: () => void) => T): T {
  const release = holdDataFolder(dataDir);
  try {
    return open(release);
  } catch (error) {
    release();
    throw error;
  }
}
