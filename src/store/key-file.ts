/** Keys of the installation that are no rows: files of the data folder, for their owner alone. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const KEY_BYTES = 32;
const SECRET_KEY_FILE = "secret-key";

/** A key of the installation: made once. */
export function keyFile(dataDir: string, name: string): Buffer {
  return contentOf(join(dataDir, name), (key) => key);
}

/** The key that secrets are sealed by, as text: made once. It is a file that can be named. */
export function secretKeyFile(dataDir: string): string {
  const text = (key: Buffer) => `${key.toString("base64")}\n`;
  return contentOf(join(dataDir, SECRET_KEY_FILE), text).toString("utf8");
}

function contentOf(path: string, form: (key: Buffer) => Buffer | string): Buffer {
  if (!existsSync(path)) writeFileSync(path, form(randomBytes(KEY_BYTES)), { mode: 0o600 });
  return readFileSync(path);
}
