/** What the engine needs of the platform. */

/** The time, given so that tests can set it. */
export interface Clock {
  /** Milliseconds since 1970 UTC. */
  nowMs(): number;
  /** Milliseconds of a clock that nobody sets; left out where time is what a test says. */
  passedMs?(): number;
}

/** Randomness, given so that tests can fix it. */
export interface Ids {
  /** A fresh random id of at least 122 bits, URL-safe. */
  random(): string;
}

/** Digests, given because the domain knows no platform. */
export interface Digest {
  /** Content hash of a canonical text, or its UTF-8: 128 bits of SHA-256, base64url. */
  content(text: string | Uint8Array): string;
  /** Full SHA-256 of bytes, or of a text in UTF-8; lower-case hex. */
  sha256(text: string | Uint8Array): string;
  /** CRC-32 of a text, or its UTF-8: names the row that was altered. The chain proves it. */
  checksum(text: string | Uint8Array): number;
}
