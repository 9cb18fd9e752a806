/**
 * Asks for payments by a webhook, signed as Standard Webhooks say. Each workspace has a secret of
 * its own, which follows from the installation's key: it is in no database.
 */
import { createHmac } from "node:crypto";
import type { PaymentPort } from "../../engine/credit/deliver-topups.ts";
import type { OutgoingHttp } from "../../engine/outgoing-http.ts";
import { SECRET_PREFIX, webhookHeaders } from "./standard-webhook.ts";

const TIMEOUT_MS = 10_000;

/** The secret that a workspace's receiver checks signatures with. */
export function webhookSecret(installationKey: Uint8Array, workspace: string): string {
  const secret = createHmac("sha256", installationKey).update(workspace).digest("base64");
  return `${SECRET_PREFIX}${secret}`;
}

/** A port that posts to each workspace's URL, which the workspace alone has chosen. */
export function paymentWebhook(
  installationKey: Uint8Array,
  { outgoing, nowMs }: { readonly outgoing: OutgoingHttp; readonly nowMs: () => number },
): PaymentPort {
  return {
    ask: async (workspace, url, message) => {
      const secret = webhookSecret(installationKey, workspace);
      const signed = webhookHeaders({ ...message, atMs: nowMs() }, [secret]);
      const headers = { "content-type": "application/json", ...signed };
      const { body } = message;
      const timeoutMs = TIMEOUT_MS;
      const sent = await outgoing.send({ method: "POST", url, headers, body, timeoutMs });
      return sent.outcome === "answered" && sent.status >= 200 && sent.status < 300;
    },
  };
}
