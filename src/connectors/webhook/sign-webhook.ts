/**
 * The headers of Standard Webhooks 1.0.0: `v1,` and the base64 of HMAC-SHA256 over id, time and
 * body. While a secret changes, a message has a signature of each.
 */
import { createHmac } from "node:crypto";

/** How the text of a secret begins; base64 of 24 to 64 bytes follows. */
export const SECRET_PREFIX = "whsec_";

/** A message and when it is sent. */
export interface SignedMessage {
  /** The same for every attempt. */
  readonly id: string;
  /** As it is sent, byte for byte. */
  readonly body: string;
  readonly atMs: number;
}

/** The headers of a message, signed by every secret, newest first. */
export function signedHeaders(
  secrets: readonly string[],
  { id, body, atMs }: SignedMessage,
): Record<string, string> {
  const seconds = String(Math.floor(atMs / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(SECRET_PREFIX.length), "base64");
    return `v1,${createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64")}`;
  });
  return {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": seconds,
    "webhook-signature": signatures.join(" "),
  };
}
