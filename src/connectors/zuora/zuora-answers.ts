/**
 * What Zuora's answers mean. A status of 200 may carry a failure (reference, "Error handling"), and
 * what it says is in `Errors` of CRUD calls and in `reasons` of all others.
 */
import type { Outcome, OutcomeClass } from "../../domain/export/capability.ts";
import type { OutgoingAnswer } from "../../engine/export/connector-port.ts";
import { outcome, outcomeOfStatus } from "../outcome-of-status.ts";

/** Why a call failed. */
export interface Reason {
  /** `LOCK_COMPETITION`, or eight digits of which the last two are a category. */
  readonly code: string;
  readonly message: string;
}

/** An answer as far as all calls have it in common. */
export interface ReadAnswer {
  /** Null: it does not say. */
  readonly isSuccess: boolean | null;
  readonly reasons: readonly Reason[];
  readonly record: Readonly<Record<string, unknown>>;
}

/** Reads an answer; what is no JSON object says nothing. */
export function readAnswer({ body }: Pick<OutgoingAnswer, "body">): ReadAnswer {
  const record = recordOf(parsed(body));
  const success = record.success ?? record.Success;
  const listed = [record.reasons, record.Errors, record.errors].find(Array.isArray) ?? [];
  const reasons = listed.map(recordOf).map((one) => ({
    code: String(one.code ?? one.Code ?? ""),
    message: String(one.message ?? one.Message ?? ""),
  }));
  return { isSuccess: typeof success === "boolean" ? success : null, reasons, record };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** An object, or one without members. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, unknown>) : {};
}

const CONFLICT = 409;

/** What an answer to a request that creates or deletes means; 401 is told by whoever has tokens. */
export function outcomeOfAnswer(answer: OutgoingAnswer): Outcome {
  const { status } = answer;
  const byStatus = outcomeOfStatus(answer);
  // "Idempotent requests": another request with this key is under way, or was. One account of it
  // says that the first one succeeded; nobody knows which, so it is looked up.
  if (status === CONFLICT) return outcome("unknown_outcome", byStatus.note);
  if (status === 429 || status >= 500) return byStatus;
  const { isSuccess, reasons } = readAnswer(answer);
  if (status >= 400) return reasons.length === 0 ? byStatus : outcomeOfReasons(reasons);
  if (isSuccess === true) return byStatus;
  if (isSuccess === false) return outcomeOfReasons(reasons);
  return status >= 300 ? byStatus : outcome("unknown_outcome", "the answer cannot be read");
}

function outcomeOfReasons(reasons: readonly Reason[]): Outcome {
  const note = reasons.map(({ code, message }) => `${code}: ${message}`).join("; ");
  const [first] = reasons;
  return outcome(first === undefined ? "unknown_outcome" : classOf(first), note);
}

/** Codes of CRUD calls (docs, "SOAP API errors"). */
const CODES: Readonly<Record<string, OutcomeClass>> = {
  LOCK_COMPETITION: "retry_same_bytes",
  REQUEST_EXCEEDED_LIMIT: "retry_same_bytes",
  REQUEST_EXCEEDED_RATE: "retry_same_bytes",
  TEMPORARY_ERROR: "unknown_outcome",
  SERVER_UNAVAILABLE: "unknown_outcome",
  UNKNOWN_ERROR: "unknown_outcome",
  API_DISABLED: "auth",
  INVALID_LOGIN: "auth",
  INVALID_SESSION: "auth",
};

/** Categories of all others (reference, "Error codes"): the last two digits. */
const CATEGORIES: Readonly<Record<string, OutcomeClass>> = {
  "10": "auth",
  "11": "auth",
  "40": "permanent_config",
  "45": "permanent_config",
  "50": "retry_same_bytes",
  "60": "unknown_outcome",
  "61": "unknown_outcome",
  "70": "retry_same_bytes",
  "99": "unknown_outcome",
};

/**
 * A number that was used already is not told by a code of its own, so it is asked which document
 * has it; a closed accounting period has none either, and waits for another window.
 */
function classOf({ code, message }: Reason): OutcomeClass {
  if (/closed accounting period/i.test(message)) return "closed_period";
  if (/already (exists|used|in use)|duplicate/i.test(message)) return "unknown_outcome";
  if (/^\d{8}$/.test(code)) return CATEGORIES[code.slice(-2)] ?? "permanent_data";
  return CODES[code] ?? "permanent_data";
}

/** Whether an answer says that there is no such thing: category 40. */
export function isNotFound(answer: OutgoingAnswer): boolean {
  const { isSuccess, reasons } = readAnswer(answer);
  const isCategory = reasons.some(({ code }) => /^\d{6}40$/.test(code));
  return answer.status === 404 || (isSuccess === false && isCategory);
}
