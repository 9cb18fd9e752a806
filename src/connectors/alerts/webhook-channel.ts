/**
 * Alerts by HTTP: signed Standard Webhooks, and the JSON that Slack and Teams take. What a receiver
 * answers is never kept beyond its status: whoever names a URL must not read through us what only
 * this machine can.
 */
import type {
  AlertChannel,
  AlertMessage,
  OpenTarget,
  SendResult,
} from "../../engine/alerts/alert-ports.ts";
import { messageBody, messageLines } from "../../engine/alerts/describe-alert.ts";
import type { OutgoingHttp, OutgoingResult } from "../../engine/outgoing-http.ts";

const SECOND_MS = 1000;
const GONE = 410;

/** Posts a message to the URL of a target; `bodyOf` is its JSON, the same for every attempt. */
function posting(
  outgoing: OutgoingHttp,
  bodyOf: (message: AlertMessage) => object,
  headersOf: (target: OpenTarget, sent: SentMessage) => Record<string, string>,
): AlertChannel {
  return {
    send: async (target, message) => {
      const body = JSON.stringify(bodyOf(message));
      const headers = headersOf(target, { id: message.id, atMs: message.atMs, body });
      const { url } = target;
      return resultOf(await outgoing.send({ method: "POST", url, headers, body }), message.atMs);
    },
  };
}

interface SentMessage {
  readonly id: string;
  readonly atMs: number;
  readonly body: string;
}

function resultOf(sent: OutgoingResult, nowMs: number): SendResult {
  if (sent.outcome !== "answered") {
    const { outcome, reason, detail } = sent;
    return { outcome, status: null, detail: `${reason}: ${detail}`, ...NO_WISH };
  }
  const { status, headers } = sent;
  if (status >= 200 && status < 300) {
    return { outcome: "taken", status, detail: "", ...NO_WISH };
  }
  const retryAfterMs = retryAfter(headers["retry-after"] ?? "", nowMs);
  const detail = status >= 300 && status < 400 ? "A redirect is not followed." : "It was refused.";
  return { outcome: "refused", status, detail, retryAfterMs, isGone: status === GONE };
}

const NO_WISH = { retryAfterMs: 0, isGone: false };

/** Seconds, or a date; anything else says nothing. */
function retryAfter(text: string, nowMs: number): number {
  if (/^\d{1,9}$/.test(text)) return Number(text) * SECOND_MS;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - nowMs);
}

/** Makes the headers of a message, signed by every secret. */
export type SignHeaders = (
  message: SentMessage,
  secrets: readonly string[],
) => Record<string, string>;

/** Signed webhooks. */
export function webhookChannel(outgoing: OutgoingHttp, sign: SignHeaders): AlertChannel {
  return posting(outgoing, messageBody, ({ secrets }, sent) => ({
    ...JSON_HEADERS(),
    ...sign(sent, secrets),
  }));
}

const JSON_HEADERS = () => ({ "content-type": "application/json" });

/** The text of a notification is markup, unlike that of its block: three signs are escaped. */
function forSlack(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Messages as Slack's incoming webhooks take them. */
export function slackChannel(outgoing: OutgoingHttp): AlertChannel {
  const bodyOf = (message: AlertMessage) => {
    const text = messageLines(message).join("\n");
    const block = { type: "section", text: { type: "plain_text", text: cut(text) } };
    return { text: forSlack(text), blocks: [block] };
  };
  return posting(outgoing, bodyOf, JSON_HEADERS);
}

/** Characters that a block of Slack may have. */
const BLOCK_MAX_CHARS = 3000;

function cut(text: string): string {
  return text.length <= BLOCK_MAX_CHARS ? text : `${text.slice(0, BLOCK_MAX_CHARS - 1)}…`;
}

/** Messages as a workflow of Teams takes them: a card of plain text, in which nothing is markup. */
export function teamsChannel(outgoing: OutgoingHttp): AlertChannel {
  const bodyOf = (message: AlertMessage) => ({
    type: "message",
    attachments: [
      {
        contentType: "application/vnd.microsoft.card.adaptive",
        content: {
          $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
          type: "AdaptiveCard",
          version: "1.4",
          body: messageLines(message).map((text) => ({
            type: "RichTextBlock",
            inlines: [{ type: "TextRun", text }],
          })),
        },
      },
    ],
  });
  return posting(outgoing, bodyOf, JSON_HEADERS);
}
