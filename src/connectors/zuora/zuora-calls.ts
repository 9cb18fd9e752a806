/**
 * Calls with an access token. Tokens are of an OAuth client (reference, "Create an OAuth token"),
 * live about an hour, and are limited by address: all calls of a run share one.
 */
import type { Outcome } from "../../domain/export/capability.ts";
import type {
  OutgoingAnswer,
  OutgoingRequest,
  Session,
} from "../../engine/export/connector-port.ts";
import { outcome, outcomeOfSilence, outcomeOfStatus } from "../outcome-of-status.ts";
import { readAnswer } from "./zuora-answers.ts";
import { type ZuoraSettings, zuoraSettings } from "./zuora-settings.ts";

/** Minor version of the API: it decides what fields of credit memos are called (from 257.0 on). */
const VERSION = "2025-08-12";
/** A token is left alone so long before its end. */
const TOKEN_MARGIN_MS = 120_000;
const SECOND_MS = 1_000;
/** Answers to queries. */
const ANSWER_MAX_BYTES = 1024 * 1024;

/** A request without what all of them have. */
export interface Call {
  readonly method: OutgoingRequest["method"];
  readonly host: string;
  /** With its leading slash. */
  readonly path: string;
  /** Null: there is no body. */
  readonly type: string | null;
  readonly body: string | null;
  /** Traced by this on their side: the key of a line. */
  readonly trackId: string;
  /** Null: the call is idempotent by nature. */
  readonly idempotencyKey: string | null;
}

/** Media type of the reference for JSON bodies. */
export const JSON_TYPE = "application/json; charset=utf-8";

/** A call as a request; `token` is `{secret}` in a preview. */
export function requestOf(call: Call, token: string, settings: ZuoraSettings): OutgoingRequest {
  const { method, host, path, type, body, trackId, idempotencyKey } = call;
  const { entity, org } = settings;
  const headers = {
    ...{ authorization: `Bearer ${token}`, accept: "application/json" },
    ...(type === null ? {} : { "content-type": type }),
    ...(idempotencyKey === null ? {} : { "idempotency-key": idempotencyKey }),
    ...{ "zuora-track-id": trackId, "zuora-version": VERSION },
    ...(entity === null ? {} : { "zuora-entity-ids": entity }),
    ...(org === null ? {} : { "zuora-org-ids": org }),
  };
  return { method, url: `https://${host}${path}`, headers, body };
}

/** What a call came to: an answer, or why there is none. */
export type Called =
  | { readonly answer: OutgoingAnswer }
  | { readonly answer: null; readonly outcome: Outcome };

/** Makes a call with a token. Throws `secret.missing` before anything is sent. */
export async function called(call: Call, session: Session): Promise<Called> {
  const memory = session.memory.get(call.host);
  const isKept = memory !== undefined && memory.untilMs > session.nowMs();
  const token = isKept ? { text: memory.value } : await freshToken(call.host, session);
  if ("outcome" in token) return { answer: null, outcome: token.outcome };
  const request = requestOf(call, token.text, zuoraSettings(session.target));
  const limits = { hosts: [call.host], answerMaxBytes: ANSWER_MAX_BYTES };
  const sent = await session.http.send(request, limits);
  if (sent.kind !== "answered") return { answer: null, outcome: outcomeOfSilence(sent) };
  const { answer } = sent;
  if (answer.status !== UNAUTHORIZED) return { answer };
  session.memory.delete(call.host);
  const kind = isKept ? "retry_same_bytes" : "auth";
  return { answer: null, outcome: outcome(kind, `401 ${answer.body}`) };
}

const UNAUTHORIZED = 401;

type Token = { readonly text: string } | { readonly outcome: Outcome };

/** Tokens that are being asked for: calls of one run share them too. */
const asked = new WeakMap<Session["memory"], Map<string, Promise<Token>>>();

async function freshToken(host: string, session: Session): Promise<Token> {
  const ofTarget = asked.get(session.memory) ?? new Map<string, Promise<Token>>();
  asked.set(session.memory, ofTarget);
  const before = ofTarget.get(host);
  if (before !== undefined) return before;
  const token = askForToken(host, session).finally(() => ofTarget.delete(host));
  ofTarget.set(host, token);
  return token;
}

async function askForToken(host: string, session: Session): Promise<Token> {
  const sent = await session.http.send(
    tokenRequest(host, {
      client_id: await session.secret("client_id"),
      client_secret: await session.secret("client_secret"),
    }),
    { hosts: [host] },
  );
  // Whatever became of this request, the one that it was for has not left.
  if (sent.kind !== "answered") return { outcome: outcome("retry_same_bytes", sent.reason) };
  const { answer } = sent;
  const { record } = readAnswer(answer);
  const { access_token: text, expires_in: seconds } = record;
  if (answer.status === 200 && typeof text === "string" && typeof seconds === "number") {
    const untilMs = session.nowMs() + seconds * SECOND_MS - TOKEN_MARGIN_MS;
    session.memory.set(host, { value: text, untilMs });
    return { text };
  }
  return { outcome: outcomeOfToken(answer) };
}

/** The request for a token; `{secret}` stands for secrets in a preview. */
export function tokenRequest(
  host: string,
  client: { readonly client_id: string; readonly client_secret: string },
): OutgoingRequest {
  const form = new URLSearchParams({ ...client, grant_type: "client_credentials" });
  const headers = {
    "content-type": "application/x-www-form-urlencoded",
    accept: "application/json",
  };
  const body = form.toString().replaceAll(encodeURIComponent("{secret}"), "{secret}");
  return { method: "POST", url: `https://${host}/oauth/token`, headers, body };
}

/** A client that is refused stops the run; everything else is over in a while. */
function outcomeOfToken(answer: OutgoingAnswer): Outcome {
  const { status } = answer;
  const isRefused = status >= 400 && status < 500 && status !== 429 && status !== 408;
  // Answers about tokens may hold one.
  const note = `no access token: ${status}`;
  if (isRefused) return outcome("auth", `${note}; check client_id, client_secret and the host`);
  return outcome("retry_same_bytes", note, outcomeOfStatus(answer).retryAfterMs);
}
