/** Secrets sealed by AES-256-GCM: version, nonce, tag and text, in base64url. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { TollgateError } from "../domain/errors.ts";
import type { Secrets } from "../engine/secrets.ts";

const ALGORITHM = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Bytes of a key. */
export const SECRET_KEY_BYTES = 32;
const VERSION = "s1.";

/** Secrets by a key of 32 bytes. */
export function aesSecrets(key: Uint8Array): Secrets {
  return {
    seal: (text, about) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(about));
      const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      const whole = Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
      return VERSION + whole.toString("base64url");
    },
    open: (sealed, about) => {
      const whole = Buffer.from(sealed.slice(VERSION.length), "base64url");
      const nonce = whole.subarray(0, NONCE_BYTES);
      const tag = whole.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
      try {
        const options = { authTagLength: TAG_BYTES };
        const decipher = createDecipheriv(ALGORITHM, key, nonce, options);
        decipher.setAAD(Buffer.from(about)).setAuthTag(tag);
        const text = decipher.update(whole.subarray(NONCE_BYTES + TAG_BYTES));
        return Buffer.concat([text, decipher.final()]).toString("utf8");
      } catch (cause) {
        const detail = `The secret of ${about} was sealed by another key, or altered.`;
        throw new TollgateError("secret.unreadable", detail, undefined, { cause });
      }
    },
    random: (bytes) => randomBytes(bytes),
  };
}
