/**
 * Signs messages as Standard Webhooks 1.0.0 say: `v1,` and the base64 of HMAC-SHA256 over id, time
 * and body. Both secrets sign while one replaces the other, parted by a space.
 */
import { createHmac } from "node:crypto";

const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
const SECRET_MIN_BYTES = 24;
const SECRET_MAX_BYTES = 64;

/** The bytes of a secret `whsec_…`; null: it is none, or not of 24 to 64 bytes. */
export function secretBytes(secret: string): Buffer | null {
  const match = SECRET.exec(secret);
  const bytes = Buffer.from(match?.[1] ?? "", "base64");
  return bytes.length < SECRET_MIN_BYTES || bytes.length > SECRET_MAX_BYTES ? null : bytes;
}

/** A message to sign. */
export interface SignedMessage {
  readonly id: string;
  readonly body: string;
  /** When this attempt is made. */
  readonly atMs: number;
}

/** The three headers of a message. Secrets are known to be good. */
export function webhookHeaders(
  { id, body, atMs }: SignedMessage,
  secrets: readonly string[],
): Record<string, string> {
  const seconds = String(Math.floor(atMs / 1000));
  const signatures = secrets.map((secret) => {
    const key = secretBytes(secret) ?? Buffer.alloc(0);
    return `v1,${createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64")}`;
  });
  return {
    "webhook-id": id,
    "webhook-timestamp": seconds,
    "webhook-signature": signatures.join(" "),
  };
}
