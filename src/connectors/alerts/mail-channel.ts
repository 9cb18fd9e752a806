/**
 * Alerts by mail, through the one server that the installation names. A message keeps its id over
 * all attempts, so a mail program that gets it twice can show it once.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createTransport } from "nodemailer";
import type { AlertChannel, SendResult } from "../../engine/alerts/alert-ports.ts";
import { messageLines, messageSubject } from "../../engine/alerts/describe-alert.ts";

/** The server that mail goes through. */
export interface MailServer {
  /** `smtp://user:password@host:587`, or `smtps://` where encryption comes first. */
  readonly url: string;
  /** Sender of the mails. */
  readonly from: string;
}

/** Of each step. */
const TIMEOUT_MS = 20_000;
/** Of all of them: less than the lease of whoever sends. */
const WHOLE_MAX_MS = 45_000;
const SLOW = Symbol("slow");

/** Sends mail. Without `smtps:` encryption is asked for, and demanded where a password is sent. */
export function mailChannel({ url, from }: MailServer): AlertChannel {
  const { hostname, port, protocol, username, password } = new URL(url);
  const secure = protocol === "smtps:";
  const auth = { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  const transport = createTransport({
    ...{ host: hostname, port: port === "" ? (secure ? 465 : 587) : Number(port), secure },
    ...(username === "" ? {} : { auth, requireTLS: !secure }),
    ...{ connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  const domain = from.replace(/^.*@/s, "").replace(/>.*$/s, "");
  return {
    send: async ({ addresses }, message) => {
      const { id, atMs } = message;
      try {
        const sending = transport.sendMail({
          ...{ from, to: [...addresses], subject: messageSubject(message), date: new Date(atMs) },
          ...{ messageId: `<${id}@${domain}>`, text: messageLines(message).join("\n") },
          headers: { "auto-submitted": "auto-generated" },
        });
        const ended = await Promise.race([sending, sleep(WHOLE_MAX_MS, SLOW, { ref: false })]);
        if (ended === SLOW) return failed({ code: "ETIMEDOUT", command: "the end" });
        return { outcome: "taken", status: null, detail: "", retryAfterMs: 0, isGone: false };
      } catch (error) {
        return failed(error);
      }
    },
  };
}

/** Before a connection stands nothing was sent; an answer says no; else nobody knows. */
function failed(error: unknown): SendResult {
  const { responseCode, code, command } = error as {
    readonly responseCode?: number;
    readonly code?: string;
    readonly command?: string;
  };
  const detail = `${code ?? "failed"} at ${command ?? "an unknown command"}`;
  const rest = { detail, retryAfterMs: 0, isGone: false };
  if (responseCode !== undefined) return { outcome: "refused", status: responseCode, ...rest };
  const isEarly = command === "CONN" || code === "EDNS" || code === "ETLS" || code === "EAUTH";
  return { outcome: isEarly ? "not_sent" : "unknown", status: null, ...rest };
}
