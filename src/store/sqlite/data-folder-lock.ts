/**
 * One process a data folder. The lock is an exclusive transaction on a file of its own: the
 * operating system lets go of it when the process ends in whatever way, so none is ever stale.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { TollgateError } from "../../domain/errors.ts";

/** Takes the folder; returns how to let it go. Throws `store.locked` when it is taken. */
export function holdDataFolder(dataDir: string): () => void {
  const lock = new DatabaseSync(join(dataDir, "tollgate.lock"));
  try {
    lock.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    const detail = `The data folder "${dataDir}" is in use by another Tollgate process.`;
    throw new TollgateError("store.locked", detail, undefined, { cause });
  }
  return () => lock.close();
}
