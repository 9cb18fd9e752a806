/** Secrets that must be kept and used again, such as those that sign messages. */

/** Seals texts by a key that is in no database. */
export interface Secrets {
  /** `about` names what the secret is of: sealed for one thing, it opens for no other. */
  seal(text: string, about: string): string;
  /** Throws `secret.unreadable`: sealed by another key, for another thing, or altered. */
  open(sealed: string, about: string): string;
  /** Fresh random bytes. */
  random(bytes: number): Uint8Array;
}
