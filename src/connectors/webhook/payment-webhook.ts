/**
 * Asks for payments by a webhook, signed as Standard Webhooks say: `v1,` and the base64 of
 * HMAC-SHA256 over id, time and body. Each workspace has a secret of its own, which follows from
 * the installation's key: it is in no database.
 */
import { createHmac } from "node:crypto";
import type { PaymentPort } from "../../engine/deliver-topups.ts";
import { webhookHeaders } from "./standard-webhook.ts";

const TIMEOUT_MS = 10_000;
const SECRET_PREFIX = "whsec_";

/** The secret that a workspace's receiver checks signatures with. */
export function webhookSecret(installationKey: Uint8Array, workspace: string): string {
  const secret = createHmac("sha256", installationKey).update(workspace).digest("base64");
  return `${SECRET_PREFIX}${secret}`;
}

/** A port that posts to each workspace's URL. Redirects are not followed: they name any host. */
export function paymentWebhook(installationKey: Uint8Array, nowMs: () => number): PaymentPort {
  return {
    ask: async (workspace, url, message) => {
      const secret = webhookSecret(installationKey, workspace);
      try {
        const response = await fetch(url, {
          method: "POST",
          headers: {
            "content-type": "application/json",
            ...webhookHeaders({ ...message, atMs: nowMs() }, [secret]),
          },
          body: message.body,
          redirect: "manual",
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        await response.body?.cancel();
        return response.ok;
      } catch {
        return false;
      }
    },
  };
}
