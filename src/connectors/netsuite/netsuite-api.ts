/** Requests to NetSuite's REST web services, and what the answers mean. Facts: README.md. */
import type { Outcome } from "../../domain/export/capability.ts";
import { TARGET_LIST_MAX_BYTES } from "../../domain/limits.ts";
import type {
  OutgoingAnswer,
  OutgoingRequest,
  Session,
} from "../../engine/export/connector-port.ts";
import { outcome, outcomeOfSilence, outcomeOfStatus } from "../outcome-of-status.ts";
import { accessToken, forgetToken } from "./access-token.ts";
import { exactJson } from "./exact-answer.ts";
import { hostOf } from "./netsuite-settings.ts";

/** Roots of the services. */
export const RECORDS = "/services/rest/record/v1";
export const SUITEQL = "/services/rest/query/v1/suiteql";
export const JOBS = "/services/rest/async/v1/job";

const JSON_TYPE = "application/json";
/** The type of a batch. */
export const COLLECTION_TYPE = "application/vnd.oracle.resource+json; type=collection";

/** A request, without what a session adds. */
export interface Ask {
  readonly method: OutgoingRequest["method"];
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * Without these, a field that is misspelt or a value that is unknown is dropped with a warning, and
 * the record is made without it ("Setting Property Validation").
 */
export const STRICT = {
  "x-netsuite-propertynamevalidation": "Error",
  "x-netsuite-propertyvaluevalidation": "Error",
};

/** A request as it leaves; in a preview the token is `{secret}`. */
export function requestOf(ask: Ask, host: string, token: string): OutgoingRequest {
  const { method, path, headers = {}, body = null } = ask;
  const type: Record<string, string> = body === null ? {} : { "content-type": JSON_TYPE };
  const all = { authorization: `Bearer ${token}`, accept: JSON_TYPE, ...type, ...headers };
  return { method, url: `https://${host}${path}`, headers: all, body };
}

/** What became of a request: an answer, or why there is none. */
export type Asked =
  | { readonly kind: "answered"; readonly answer: OutgoingAnswer }
  | { readonly kind: "failed"; readonly outcome: Outcome };

const UNAUTHORIZED = 401;

/**
 * Asks with a token. One that has run out is refused before anything is done, so another is
 * fetched and the request made again, once.
 */
export async function asked(ask: Ask, session: Session): Promise<Asked> {
  const first = await askedOnce(ask, session);
  const isOld = first.kind === "answered" && first.answer.status === UNAUTHORIZED;
  return isOld ? askedOnce(ask, session) : first;
}

async function askedOnce(ask: Ask, session: Session): Promise<Asked> {
  const access = await accessToken(session);
  if (access.kind !== "token") {
    const kind = access.kind === "refused" ? "auth" : "retry_same_bytes";
    return { kind: "failed", outcome: outcome(kind, access.note) };
  }
  const host = hostOf(session.target);
  const request = requestOf(ask, host, access.token);
  const limits = { hosts: [host], answerMaxBytes: TARGET_LIST_MAX_BYTES };
  const sent = await session.http.send(request, limits);
  if (sent.kind !== "answered") return { kind: "failed", outcome: outcomeOfSilence(sent) };
  if (sent.answer.status === UNAUTHORIZED) forgetToken(session, access.token);
  return sent;
}

interface TheirError {
  /** Codes and details of all of it, in one text each. */
  readonly codes: string;
  readonly details: string;
}

/** What an error says ("Error Handling in REST Web Services"). */
function errorOf({ body }: OutgoingAnswer): TheirError {
  const told = exactJson(body)["o:errorDetails"];
  const all = Array.isArray(told) ? (told as readonly Record<string, unknown>[]) : [];
  const text = (name: string) =>
    all.map((one) => one?.[name]).filter((one) => typeof one === "string");
  return { codes: text("o:errorCode").join(" "), details: text("detail").join(" ") };
}

/** Too much at a time: 429, or these codes where another service is in between. */
const BUSY = /REQUEST_LIMIT_EXCEEDED|REQUEST_BLOCKED|CONCURREN/;
/** Another request is at the record, maybe our own of before. */
const CHANGING = /RCRD_HAS_BEEN_CHANGED/;
/** The same batch was submitted before: it is being worked on, or is done. */
const SAME_BATCH = /IDEMPOTENCY_ERROR/;
const CLOSED = /period[^.]{0,80}\b(closed|locked)|\b(closed|locked)[^.]{0,80}period/i;
const CONFIGURED = /INVALID_KEY_OR_REF|NONEXISTENT_ID|FEATURE_DISABLED|RCRD_DSNT_EXIST/;

/** What an answer to a write means. */
export function outcomeOfAnswer(answer: OutgoingAnswer): Outcome {
  const byStatus = outcomeOfStatus(answer);
  if (byStatus.class === "accepted") return taken(answer, "accepted");
  const { codes, details } = errorOf(answer);
  const note = [answer.status, codes, details].filter((part) => part !== "").join(" ");
  const told = (kind: Outcome["class"]) => outcome(kind, note, byStatus.retryAfterMs);
  if (SAME_BATCH.test(codes)) return taken(answer, "delivered_duplicate");
  if (CHANGING.test(codes) || CHANGING.test(details)) return told("unknown_outcome");
  if (BUSY.test(codes)) return told("retry_same_bytes");
  if (byStatus.class !== "permanent_data" && byStatus.class !== "permanent_config") {
    return told(byStatus.class);
  }
  if (CLOSED.test(details)) return told("closed_period");
  return told(CONFIGURED.test(codes) ? "permanent_config" : byStatus.class);
}

const ACCEPTED = 202;

/** Of a job that nobody can ask about, it is not known what becomes of its records. */
function taken(answer: OutgoingAnswer, kind: "accepted" | "delivered_duplicate"): Outcome {
  const note = placeOf(answer);
  const isJob = answer.status === ACCEPTED || kind === "delivered_duplicate";
  return outcome(isJob && jobOf({ note }) === null ? "unknown_outcome" : kind, note);
}

const RECORD_PLACE = /\/record\/v1\/([A-Za-z]{1,40}\/[0-9]{1,20})$/;
const JOB_PLACE = /\/async\/v1\/job\/([A-Za-z0-9_-]{1,64})$/;
const JOB_NOTE = /\bjob:([A-Za-z0-9_-]{1,64})/;

/** Where they put it: a record by its internal ID, or a job. */
function placeOf({ status, headers: { location = "" } }: OutgoingAnswer): string {
  const record = RECORD_PLACE.exec(location)?.[1];
  const job = JOB_PLACE.exec(location)?.[1];
  if (record !== undefined) return `${status} ${record}`;
  return job === undefined ? String(status) : `${status} job:${job}`;
}

/** The job that a line's note names; null: none. A note is how a look-up knows of a job. */
export function jobOf({ note }: { readonly note: string }): string | null {
  return JOB_NOTE.exec(note)?.[1] ?? null;
}
