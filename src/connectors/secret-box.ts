/**
 * Encrypts secrets of targets: AES-256-GCM with a fresh nonce for each. What a secret belongs to is
 * authenticated with it, so a row that is moved to another target does not open. The installation's
 * key comes from the environment or a file and is never stored beside what it opens; its id is the
 * start of its hash. Former keys still open what they sealed.
 */
import { createCipheriv, createDecipheriv, hash, randomBytes } from "node:crypto";
import { TollgateError } from "../domain/errors.ts";
import type { SecretBox } from "../engine/export/export-ports.ts";

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_CHARS = 8;

/** Keys of texts, each 32 bytes in base64 or hex; the first one seals. Throws `secret.no_key`. */
export function readSecretKeys(text: string): Buffer[] {
  const parts = text.split(/[\s,]+/).filter((part) => part !== "");
  return parts.map((part) => {
    const isHex = /^[0-9a-fA-F]{64}$/.test(part);
    const key = Buffer.from(part, isHex ? "hex" : "base64");
    if (key.length === KEY_BYTES) return key;
    const detail =
      "A secret key is 32 bytes in base64 or hex: 'openssl rand -base64 32' makes one.";
    throw new TollgateError("secret.no_key", detail);
  });
}

/** A box of keys; without any, nothing can be kept. */
export function secretBox(keys: readonly Buffer[]): SecretBox {
  const byId = new Map(keys.map((key) => [keyIdOf(key), key]));
  return {
    seal: (text, bound) => {
      const [key] = keys;
      if (key === undefined) {
        throw new TollgateError("secret.no_key", "Set TOLLGATE_SECRET_KEY to keep secrets.");
      }
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(bound));
      const sealed = [nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()];
      return { keyId: keyIdOf(key), sealed: Buffer.concat(sealed).toString("base64") };
    },
    open: ({ keyId, sealed }, bound) => {
      const key = byId.get(keyId);
      if (key === undefined) throw unreadable(`it was encrypted with the key ${keyId}`);
      const bytes = Buffer.from(sealed, "base64");
      const nonce = bytes.subarray(0, NONCE_BYTES);
      try {
        const decipher = createDecipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(bound));
        decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
        const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
        return Buffer.concat([text, decipher.final()]).toString("utf8");
      } catch {
        throw unreadable("it was altered, or belongs to another target");
      }
    },
  };
}

function keyIdOf(key: Buffer): string {
  return hash("sha256", key, "hex").slice(0, KEY_ID_CHARS);
}

function unreadable(reason: string): TollgateError {
  return new TollgateError("secret.unreadable", `A secret cannot be decrypted: ${reason}.`);
}
