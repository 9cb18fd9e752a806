/** What an answer means by its status alone; connectors look at bodies where a target needs it. */
import type { Outcome, OutcomeClass } from "../domain/export/capability.ts";
import { EXPORT_NOTE_MAX_CHARS } from "../domain/limits.ts";
import type { OutgoingAnswer, Sent } from "../engine/export/connector-port.ts";

/** An outcome with a note of bounded length. */
export function outcome(
  kind: OutcomeClass,
  note: string,
  retryAfterMs: number | null = null,
): Outcome {
  return { class: kind, note: note.slice(0, EXPORT_NOTE_MAX_CHARS), retryAfterMs };
}

/** What became of a request that was not answered. */
export function outcomeOfSilence({ kind, reason }: Exclude<Sent, { kind: "answered" }>): Outcome {
  return outcome(kind === "not_sent" ? "retry_same_bytes" : "unknown_outcome", reason);
}

/**
 * 2xx: accepted. 401, 403: auth. 404, 405, 410, and 3xx, because redirects are not followed:
 * configuration. 429, 503: once more. 408 and other 5xx: nobody knows, for what stands before a
 * target answers 502 and 504 of requests that went on behind it. Else: its data.
 */
export function outcomeOfStatus(answer: OutgoingAnswer): Outcome {
  const { status } = answer;
  const note = `${status} ${answer.body}`.trim();
  if (status >= 200 && status < 300) return outcome("accepted", String(status));
  if (status === 401 || status === 403) return outcome("auth", note);
  if (status < 400 || [404, 405, 410].includes(status)) return outcome("permanent_config", note);
  if (status === 429 || status === 503) {
    return outcome("retry_same_bytes", note, retryAfterMs(answer));
  }
  if (status === 408 || status >= 500) return outcome("unknown_outcome", note);
  return outcome("permanent_data", note);
}

const SECOND_MS = 1_000;
const RETRY_AFTER_MAX_S = 24 * 60 * 60;

/** `Retry-After` in seconds; a date, or what is no number, says nothing. */
function retryAfterMs({ headers }: OutgoingAnswer): number | null {
  const text = headers["retry-after"] ?? "";
  return /^[0-9]{1,6}$/.test(text) ? Math.min(Number(text), RETRY_AFTER_MAX_S) * SECOND_MS : null;
}
