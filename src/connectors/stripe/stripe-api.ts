/** Requests to Stripe, and what its answers mean. Facts: README.md, with their sources. */
import type { Outcome } from "../../domain/export/capability.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import { TARGET_LIST_MAX_BYTES, TARGET_LIST_PAGES_MAX_COUNT } from "../../domain/limits.ts";
import type {
  OutgoingAnswer,
  OutgoingRequest,
  Sent,
  Session,
} from "../../engine/export/connector-port.ts";
import { outcome, outcomeOfSilence, outcomeOfStatus } from "../outcome-of-status.ts";
import { type FormFields, formBody } from "./form.ts";
import { readSettings } from "./stripe-settings.ts";

/** Hosts are Stripe's own and no setting. */
const API_HOST = "api.stripe.com";
export const STREAM_HOST = "meter-events.stripe.com";
/** Version of the API that all of this is written for (npm stripe 23.1.0). */
const API_VERSION = "2026-10-28.endive";

const FORM_TYPE = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";

/** A POST, without what a session adds. */
export interface Post {
  readonly host?: typeof STREAM_HOST;
  readonly path: string;
  /** A form, or JSON where it begins with `{`. */
  readonly body: string;
  /** First answers to a key are given again for at least 24 hours. */
  readonly idempotencyKey: string;
}

/** A POST as it leaves; in a preview the key is `{secret}`. */
export function postRequest(post: Post, target: ExportTarget, key: string): OutgoingRequest {
  const { host = API_HOST, path, body, idempotencyKey } = post;
  const headers = {
    ...commonHeaders(target, key),
    "content-type": body.startsWith("{") ? JSON_TYPE : FORM_TYPE,
    "idempotency-key": idempotencyKey,
  };
  return { method: "POST", url: `https://${host}${path}`, headers, body };
}

function commonHeaders(target: ExportTarget, key: string): Record<string, string> {
  const { connectAccount } = readSettings(target);
  const account = connectAccount === "" ? {} : { "stripe-account": connectAccount };
  const version = { accept: JSON_TYPE, "stripe-version": API_VERSION };
  return { authorization: `Bearer ${key}`, ...version, ...account };
}

/** Sends a POST with the account's key, or with another token. */
export async function post(what: Post, session: Session, token?: string): Promise<Sent> {
  const key = token ?? (await session.secret("api_key"));
  const request = postRequest(what, session.target, key);
  return session.http.send(request, { hosts: [API_HOST, STREAM_HOST] });
}

/** Deletes what was begun. */
export async function remove(path: string, session: Session): Promise<Sent> {
  const headers = commonHeaders(session.target, await session.secret("api_key"));
  const request = { method: "DELETE" as const, url: `https://${API_HOST}${path}`, headers };
  return session.http.send({ ...request, body: null }, { hosts: [API_HOST] });
}

/** Reads a path; null: no answer, or none that says anything. */
export async function read(
  path: string,
  session: Session,
  query: FormFields = [],
): Promise<OutgoingAnswer | null> {
  const headers = commonHeaders(session.target, await session.secret("api_key"));
  const search = query.length === 0 ? "" : `?${formBody(query)}`;
  const url = `https://${API_HOST}${path}${search}`;
  const request = { method: "GET" as const, url, headers, body: null };
  const limits = { hosts: [API_HOST], answerMaxBytes: TARGET_LIST_MAX_BYTES };
  const sent = await session.http.send(request, limits);
  return sent.kind === "answered" ? sent.answer : null;
}

const PAGE_SIZE = 100;

/**
 * Reads a list to its end, or to a row that is looked for; null: no answer, or more rows than are
 * gone through, so nothing is known of what was not seen.
 */
export async function readList<T extends { readonly id: string }>(
  path: string,
  session: Session,
  { query, until = () => false }: { query: FormFields; until?: (row: T) => boolean },
): Promise<readonly T[] | null> {
  const rows: T[] = [];
  for (let count = 0; count < TARGET_LIST_PAGES_MAX_COUNT; count += 1) {
    const last = rows.at(-1);
    const after: FormFields = last === undefined ? [] : [["starting_after", last.id]];
    const page = await listPage<T>(path, session, [...query, ...after]);
    if (page === null) return null;
    rows.push(...page.rows);
    if (!page.hasMore || rows.some(until)) return rows;
  }
  return null;
}

/** A page of a list; null: no answer, or none that lists rows. */
export async function listPage<T>(
  path: string,
  session: Session,
  query: FormFields,
): Promise<{ readonly rows: readonly T[]; readonly hasMore: boolean } | null> {
  const fields: FormFields = [...query, ["limit", String(PAGE_SIZE)]];
  const answer = await read(path, session, fields);
  if (answer === null || answer.status !== 200) return null;
  const list = parsed(answer.body) as { data?: readonly T[]; has_more?: boolean } | null;
  if (!Array.isArray(list?.data)) return null;
  return { rows: list.data, hasMore: list.has_more === true };
}

/** What a text says as JSON; null: it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** An error as v1 and v2 tell it. */
export interface StripeError {
  readonly type: string;
  readonly code: string;
  readonly message: string;
}

/** The error of an answer; empty where it tells none. */
export function errorOf({ body }: OutgoingAnswer): StripeError {
  const told = parsed(body) as { error?: Partial<StripeError> } | null;
  const { type = "", code = "", message = "" } = told?.error ?? {};
  return { type: String(type), code: String(code), message: String(message) };
}

/** It knows an event of this identifier: the first one was taken. */
const DUPLICATE = /already exists with identifier/i;
const CONFIGURATION: readonly string[] = [
  ...["resource_missing", "no_meter", "archived_meter", "meter_event_customer_not_found"],
  ...["meter_event_no_customer_defined", "missing_dimension_payload_keys"],
];
const CONFLICT = 409;

/** What an answer to a POST means. */
function outcomeOfAnswer(answer: OutgoingAnswer): Outcome {
  const { status } = answer;
  const byStatus = outcomeOfStatus(answer);
  if (byStatus.class === "accepted") return byStatus;
  const { type, code, message } = errorOf(answer);
  const note = [status, code || type, message].filter((part) => part !== "").join(" ");
  const told = (kind: Outcome["class"]) => outcome(kind, note, byStatus.retryAfterMs);
  if (DUPLICATE.test(message)) return told("delivered_duplicate");
  // Another request with the key is being carried out: what becomes of it is not known.
  if (status === CONFLICT) return told("unknown_outcome");
  if (byStatus.class !== "permanent_data" && byStatus.class !== "permanent_config") {
    return told(byStatus.class);
  }
  if (code === "timestamp_too_far_in_past") return told("closed_period");
  // Their clock is behind ours: its time comes.
  if (code === "timestamp_in_future") return told("retry_same_bytes");
  if (CONFIGURATION.includes(code) || /no active meter/i.test(message)) {
    return told("permanent_config");
  }
  return told(byStatus.class);
}

/** What became of a POST. */
export function outcomeOfSent(sent: Sent): Outcome {
  return sent.kind === "answered" ? outcomeOfAnswer(sent.answer) : outcomeOfSilence(sent);
}
