/** Keys of the installation that are no rows: files of the data folder, for their owner alone. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const KEY_BYTES = 32;

/** A key of the installation: made once. */
export function keyFile(dataDir: string, name: string): Buffer {
  const path = join(dataDir, name);
  if (existsSync(path)) return readFileSync(path);
  const key = randomBytes(KEY_BYTES);
  writeFileSync(path, key, { mode: 0o600 });
  return key;
}
