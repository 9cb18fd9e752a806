/** Keys of the installation that are no rows: files of the data folder, for their owner alone. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TollgateError } from "../domain/errors.ts";
import { SECRET_KEY_BYTES } from "./aes-secrets.ts";

const SECRET_KEY_FILE = "secret-key";

/**
 * The key that seals secrets. Throws `field.invalid` for a text that is none: what was sealed could
 * not be read any more.
 */
export function secretKey({
  dataDir,
  secretKey: text,
}: {
  readonly dataDir: string;
  readonly secretKey?: string;
}): Uint8Array {
  if (text === undefined) return keyFile(dataDir, SECRET_KEY_FILE);
  const key = Buffer.from(text, "base64");
  if (key.length === SECRET_KEY_BYTES) return key;
  const detail = `TOLLGATE_SECRET_KEY has ${key.length} bytes; it must be 32 bytes in base64.`;
  throw new TollgateError("field.invalid", detail, "TOLLGATE_SECRET_KEY");
}

/** A key of the installation that is no row: made once, for its owner alone. */
export function keyFile(dataDir: string, name: string): Uint8Array {
  const path = join(dataDir, name);
  if (existsSync(path)) return readFileSync(path);
  const key = randomBytes(SECRET_KEY_BYTES);
  writeFileSync(path, key, { mode: 0o600 });
  return key;
}
