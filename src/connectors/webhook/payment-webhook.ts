/**
 * Asks for payments by a webhook, signed as Standard Webhooks say: `v1,` and the base64 of
 * HMAC-SHA256 over id, time and body. Each workspace has a secret of its own, which follows from
 * the installation's key: it is in no database.
 */
import { createHmac } from "node:crypto";
import type { PaymentPort } from "../../engine/deliver-topups.ts";
import type { OutgoingHttp } from "../../engine/outgoing-http.ts";

const TIMEOUT_MS = 10_000;
const SECRET_PREFIX = "whsec_";

/** The secret that a workspace's receiver checks signatures with. */
export function webhookSecret(installationKey: Uint8Array, workspace: string): string {
  const secret = createHmac("sha256", installationKey).update(workspace).digest("base64");
  return `${SECRET_PREFIX}${secret}`;
}

/** The headers of a message at a time. */
function signedHeaders(
  secret: string,
  message: { readonly id: string; readonly body: string },
  atMs: number,
): Record<string, string> {
  const seconds = String(Math.floor(atMs / 1000));
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), "base64");
  const signed = createHmac("sha256", key).update(`${message.id}.${seconds}.${message.body}`);
  return {
    "content-type": "application/json",
    "webhook-id": message.id,
    "webhook-timestamp": seconds,
    "webhook-signature": `v1,${signed.digest("base64")}`,
  };
}

/** A port that posts to each workspace's URL, which the workspace alone has chosen. */
export function paymentWebhook(
  installationKey: Uint8Array,
  { outgoing, nowMs }: { readonly outgoing: OutgoingHttp; readonly nowMs: () => number },
): PaymentPort {
  return {
    ask: async (workspace, url, message) => {
      const secret = webhookSecret(installationKey, workspace);
      const headers = signedHeaders(secret, message, nowMs());
      const { body } = message;
      const timeoutMs = TIMEOUT_MS;
      const sent = await outgoing.send({ method: "POST", url, headers, body, timeoutMs });
      return sent.outcome === "answered" && sent.status >= 200 && sent.status < 300;
    },
  };
}
