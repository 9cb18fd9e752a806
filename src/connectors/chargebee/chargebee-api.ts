/** Requests to Chargebee, and what its answers mean. Facts: README.md, with their sources. */
import type { Outcome } from "../../domain/export/capability.ts";
import type { ExportTarget } from "../../domain/export/target.ts";
import type {
  OutgoingAnswer,
  OutgoingRequest,
  Sent,
  Session,
} from "../../engine/export/connector-port.ts";
import { outcome, outcomeOfSilence, outcomeOfStatus } from "../outcome-of-status.ts";
import { readSettings } from "./chargebee-settings.ts";
import { type FormFields, formBody } from "./form.ts";

const API = "/api/v2";
const FORM_TYPE = "application/x-www-form-urlencoded; charset=utf-8";
const JSON_TYPE = "application/json;charset=UTF-8";
/** Lists are longer than what is kept of other answers. */
const LIST_MAX_BYTES = 4 * 1024 * 1024;

/** A line's request, frozen as JSON: its path is told by more than its form. */
export interface Frozen {
  /** Below `/api/v2`. */
  readonly path: string;
  readonly form: string;
  /** Whose it is there, for reading back. */
  readonly subscription: string;
  /** The subscription's customer; "" where none is needed. */
  readonly customer: string;
}

/** The bytes of a request. */
export function frozenText({ path, form, subscription, customer }: Frozen): string {
  return JSON.stringify({ path, form, subscription, customer });
}

/** What a body says. */
export function readFrozen(body: string): Frozen {
  return JSON.parse(body) as Frozen;
}

/** A POST, without what a session adds. */
export interface Post {
  readonly path: string;
  /** A form, or JSON where it begins with `{`: events, which have a host of their own. */
  readonly body: string;
  /** A first answer is given again for 30 minutes; null: events have none. */
  readonly idempotencyKey: string | null;
}

/** The hosts of a site: Chargebee's own, whatever a site's name. */
function hostsOf(target: ExportTarget): readonly [api: string, ingest: string] {
  const { site } = readSettings(target);
  return [`${site}.chargebee.com`, `${site}.ingest.chargebee.com`];
}

/** A POST as it leaves; in a preview the key is `{secret}`. */
function postRequest(post: Post, target: ExportTarget, key: string): OutgoingRequest {
  const { path, body, idempotencyKey } = post;
  const isEvent = body.startsWith("{");
  const [api, ingest] = hostsOf(target);
  const headers = {
    ...commonHeaders(key),
    "content-type": isEvent ? JSON_TYPE : FORM_TYPE,
    ...(idempotencyKey === null ? {} : { "chargebee-idempotency-key": idempotencyKey }),
  };
  const url = `https://${isEvent ? ingest : api}${API}${path}`;
  return { method: "POST", url, headers, body };
}

const PREVIEWED = "{secret}";

/** Basic, the key being the name, without a password. */
function commonHeaders(key: string): Record<string, string> {
  const basic = key === PREVIEWED ? key : Buffer.from(`${key}:`).toString("base64");
  return { authorization: `Basic ${basic}`, accept: "application/json" };
}

/** The same without its secret. */
export function previewed(post: Post, target: ExportTarget): OutgoingRequest {
  return postRequest(post, target, PREVIEWED);
}

/** Sends a POST. */
export async function post(what: Post, session: Session): Promise<Sent> {
  const request = postRequest(what, session.target, await session.secret("api_key"));
  return session.http.send(request, { hosts: hostsOf(session.target) });
}

/** Reads a path; null: no answer. */
export async function read(
  path: string,
  session: Session,
  query: FormFields,
): Promise<OutgoingAnswer | null> {
  const [api] = hostsOf(session.target);
  const headers = {
    ...commonHeaders(await session.secret("api_key")),
    "content-type": FORM_TYPE,
  };
  const url = `https://${api}${API}${path}?${formBody(query)}`;
  const request = { method: "GET" as const, url, headers, body: null };
  const limits = { hosts: [api], answerMaxBytes: LIST_MAX_BYTES };
  const sent = await session.http.send(request, limits);
  return sent.kind === "answered" ? sent.answer : null;
}

const PAGE_SIZE = "100";
const PAGES_MAX_COUNT = 50;
const OK = 200;
const NOT_FOUND = 404;

/** What is read of a list. */
export interface Listing {
  readonly query: FormFields;
  /** Name under which each row stands, such as `usage`. */
  readonly name: string;
  /** Whether what is not there has nothing, and not no answer. (Default: false.) */
  readonly isAbsentEmpty?: boolean;
}

/** A page of a list, and how it goes on; null: that was all. */
interface Page<T> {
  readonly rows: readonly T[];
  readonly next: string | null;
}

/**
 * Reads a list to its end; null: no answer, or more rows than are gone through, so nothing is known
 * of what was not seen.
 */
export async function readList<T>(
  path: string,
  session: Session,
  listing: Listing,
): Promise<readonly T[] | null> {
  const rows: T[] = [];
  let count = 0;
  for await (const page of pagesOf<T>(path, session, listing)) {
    if (page === null || page === "refused") return null;
    rows.push(...page.rows);
    count += 1;
    if (count === PAGES_MAX_COUNT && page.next !== null) return null;
  }
  return rows;
}

/** The pages of a list, however many there are; the last one may be none: no answer, or a no. */
export async function* pagesOf<T>(
  path: string,
  session: Session,
  { query, name, isAbsentEmpty = false }: Listing,
): AsyncGenerator<Page<T> | "refused" | null> {
  for (let offset: string | null = ""; offset !== null; ) {
    const after: FormFields = offset === "" ? [] : [["offset", offset]];
    const answer = await read(path, session, [["limit", PAGE_SIZE], ...after, ...query]);
    if (isAbsentEmpty && answer?.status === NOT_FOUND) return;
    if (answer !== null && isRefusal(answer)) return yield "refused";
    const page: Page<T> | null = answer?.status === OK ? pageOf(answer, name) : null;
    yield page;
    offset = page?.next ?? null;
  }
}

/** What is refused for what it asks, and would be the next time. */
function isRefusal(answer: OutgoingAnswer): boolean {
  const { class: kind } = outcomeOfAnswer(answer);
  return kind === "permanent_data" || kind === "permanent_config";
}

function pageOf<T>({ body }: OutgoingAnswer, name: string): Page<T> | null {
  const told = parsed(body) as { list?: unknown; next_offset?: unknown } | null;
  if (!Array.isArray(told?.list)) return null;
  const rows = told.list.map((row) => (row as Readonly<Record<string, T>>)[name] as T);
  return { rows, next: typeof told.next_offset === "string" ? told.next_offset : null };
}

/** What a text says as JSON; null: it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** An error of the API. */
interface ChargebeeError {
  /** `api_error_code`. */
  readonly code: string;
  readonly message: string;
}

/** The error of an answer; empty where it tells none. */
function errorOf({ body }: OutgoingAnswer): ChargebeeError {
  const told = parsed(body) as Readonly<Record<string, unknown>> | null;
  const { api_error_code: code = "", message = "" } = told ?? {};
  return { code: String(code), message: String(message) };
}

/** What is set up there, and not what a line says. */
const CONFIGURATION: readonly string[] = [
  ...["resource_not_found", "site_not_found", "site_not_ready", "configuration_incompatible"],
  ...["invalid_state_for_request", "resource_limit_exhausted", "resource_limit_exceeded"],
  ...["pc2_to_pc1_error", "api_restricted", "unsupported_operation"],
];
const CONFLICT = 409;

/** What an answer to a POST means, by its status and its `api_error_code`. */
export function outcomeOfAnswer(answer: OutgoingAnswer): Outcome {
  const { status } = answer;
  const byStatus = outcomeOfStatus(answer);
  if (byStatus.class === "accepted") return byStatus;
  const { code, message } = errorOf(answer);
  const note = [status, code, message].filter((part) => part !== "").join(" ");
  const told = (kind: Outcome["class"]) => outcome(kind, note, byStatus.retryAfterMs);
  if (CONFIGURATION.includes(code)) return told("permanent_config");
  // Another request with the key is being carried out: what becomes of it is not known.
  if (status === CONFLICT) return told("unknown_outcome");
  return told(byStatus.class);
}

/** What became of a POST. */
export function outcomeOfSent(sent: Sent): Outcome {
  return sent.kind === "answered" ? outcomeOfAnswer(sent.answer) : outcomeOfSilence(sent);
}
