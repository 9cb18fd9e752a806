/** The digests that rows are sealed with, straight from the runtime. */
import { createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";

/** CRC-32 of a row's text. */
export function checksumOf(text: string): number {
  return crc32(text);
}

/** SHA-256 of a text, lower-case hex. */
export function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** SHA-256 that is fed piece by piece. */
export function openSha256(): Hash {
  return createHash("sha256");
}
