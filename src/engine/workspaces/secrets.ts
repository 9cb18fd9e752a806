/** Secrets that must be kept and used again, such as those that sign messages. */
import { TollgateError } from "../../domain/errors.ts";
import type { SecretBox } from "../export/export-ports.ts";

/** Seals texts by a key that is in no database. */
export interface Secrets {
  /**
   * `about` names what the secret is of: sealed for one thing, it opens for no other. Throws
   * `secret.no_key` where the installation has no key.
   */
  seal(text: string, about: string): string;
  /** Throws `secret.unreadable`: sealed by another key, for another thing, or altered. */
  open(sealed: string, about: string): string;
  /** Fresh random bytes. */
  random(bytes: number): Uint8Array;
}

/** Secrets as one text each, in a box: the id of the key and what it sealed. */
export function secretTexts(box: SecretBox, random: Secrets["random"]): Secrets {
  return {
    seal: (text, about) => {
      const { keyId, sealed } = box.seal(text, about);
      return `${keyId}.${sealed}`;
    },
    open: (text, about) => {
      const [keyId, sealed, ...rest] = text.split(".");
      if (keyId === undefined || sealed === undefined || rest.length > 0) {
        throw new TollgateError("secret.unreadable", `The secret of ${about} was altered.`);
      }
      return box.open({ keyId, sealed }, about);
    },
    random,
  };
}
