/**
 * OAuth 2.0 client credentials with a certificate: a token that we sign is traded for one of theirs
 * that is good for an hour ("OAuth 2.0 Client Credentials Flow"). Theirs live in the session's
 * memory and nowhere else.
 */
import type { OutgoingRequest, Sent, Session } from "../../engine/export/connector-port.ts";
import { exactJson } from "./exact-answer.ts";
import { hostOf, readSettings } from "./netsuite-settings.ts";
import { signedAssertion, tokenUrl } from "./signed-assertion.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
/** Theirs is given up so long before its end: a request takes its time, and clocks differ. */
const MARGIN_MS = 10 * MINUTE_MS;
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const MEMORY = "access_token";

/** An access token, or why there is none. */
export type Access =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "refused"; readonly note: string }
  /** Nobody refused anything: it may be asked for again. */
  | { readonly kind: "none"; readonly note: string };

/** The token that is known, or another one. Rejects `secret.missing`. */
export async function accessToken(session: Session): Promise<Access> {
  const known = session.memory.get(MEMORY);
  if (known !== undefined && session.nowMs() < known.untilMs) {
    return { kind: "token", token: known.value };
  }
  const { clientId, certificateId } = readSettings(session.target);
  const host = hostOf(session.target);
  const about = { url: tokenUrl(host), clientId, certificateId, nowMs: session.nowMs() };
  const assertion = signedAssertion(await session.secret("private_key"), about);
  if (assertion === null) {
    const note = "private_key is no PEM of RSA, or of an elliptic curve that NetSuite takes";
    return { kind: "refused", note };
  }
  const sent = await session.http.send(tokenRequest(about.url, assertion), { hosts: [host] });
  return keptToken(sent, session);
}

function tokenRequest(url: string, assertion: string): OutgoingRequest {
  const body = new URLSearchParams({
    ...{ grant_type: "client_credentials", client_assertion_type: ASSERTION_TYPE },
    client_assertion: assertion,
  });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return { method: "POST", url, headers, body: body.toString() };
}

/** Gives up the token that is known: it was refused. */
export function forgetToken({ memory }: Session, token: string): void {
  if (memory.get(MEMORY)?.value === token) memory.delete(MEMORY);
}

function keptToken(sent: Sent, session: Session): Access {
  if (sent.kind !== "answered") return { kind: "none", note: `no token: ${sent.reason}` };
  const { status, body } = sent.answer;
  const { access_token: token, expires_in: lifetime } = exactJson(body) as Record<string, unknown>;
  if (status === 200 && typeof token === "string") {
    const lifeMs = Number(lifetime) * SECOND_MS;
    const untilMs = session.nowMs() + (Number.isFinite(lifeMs) ? lifeMs - MARGIN_MS : 0);
    session.memory.set(MEMORY, { value: token, untilMs });
    return { kind: "token", token };
  }
  // What was refused may show parts of the assertion: the error's name says enough.
  const { error } = exactJson(body) as Record<string, unknown>;
  const note = `the token endpoint said ${status} ${typeof error === "string" ? error : ""}`.trim();
  const isRefused = status >= 400 && status < 500 && status !== 429 && status !== 408;
  return { kind: isRefused ? "refused" : "none", note };
}
