/** The digest of an event's content, by OpenSSL: 128 bits as 22 URL-safe characters. */
import { hash } from "node:crypto";

const DIGEST_CHARS = 22;

/** Digest of a canonical text, or of its UTF-8; see the content hash of the domain. */
export function contentDigest(text: string | Uint8Array): string {
  return hash("sha256", text, "base64url").slice(0, DIGEST_CHARS);
}
