/**
 * Tokens that we sign to ask for one of theirs: a JWT by PS256 or ES256 to ES512 ("The Request
 * Token Structure"). node:crypto signs them, so no library for JWTs is needed.
 */
import { constants, createPrivateKey, type KeyObject, sign } from "node:crypto";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
/** exp is less than 60 minutes after iat. */
const ASSERTION_MS = 30 * MINUTE_MS;
/** Our clock may be ahead of theirs: a token of the future is refused. */
const SKEW_MS = 5 * MINUTE_MS;
/** PS256 has a salt as long as its hash (RFC 7518, section 3.5). */
const SALT_BYTES = 32;

/** Where tokens are given out: also whom ours is for (`aud`). */
export function tokenUrl(host: string): string {
  return `https://${host}/services/rest/auth/oauth2/v1/token`;
}

/** What a token of ours says. */
export interface Assertion {
  readonly url: string;
  readonly clientId: string;
  readonly certificateId: string;
  readonly nowMs: number;
}

/** A key's algorithm and the hash that it signs; null: NetSuite takes no such key. */
function algorithmOf({
  asymmetricKeyType: type,
  asymmetricKeyDetails: details,
}: KeyObject): readonly [string, string] | null {
  if (type === "rsa") return ["PS256", "sha256"];
  if (type !== "ec") return null;
  switch (details?.namedCurve) {
    case "prime256v1":
      return ["ES256", "sha256"];
    case "secp384r1":
      return ["ES384", "sha384"];
    case "secp521r1":
      return ["ES512", "sha512"];
    default:
      return null;
  }
}

/** A signed token of ours; null: the PEM is no private key that NetSuite takes. */
export function signedAssertion(pem: string, about: Assertion): string | null {
  const key = privateKey(pem);
  const algorithm = key === null ? null : algorithmOf(key);
  if (key === null || algorithm === null) return null;
  const [alg, digest] = algorithm;
  const issuedMs = about.nowMs - SKEW_MS;
  const header = { typ: "JWT", alg, kid: about.certificateId };
  const payload = {
    ...{ iss: about.clientId, scope: "rest_webservices", aud: about.url },
    ...{ iat: seconds(issuedMs), exp: seconds(about.nowMs + ASSERTION_MS) },
  };
  const text = `${part(header)}.${part(payload)}`;
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SALT_BYTES };
  const form = alg === "PS256" ? padding : ({ dsaEncoding: "ieee-p1363" } as const);
  return `${text}.${sign(digest, Buffer.from(text), { key, ...form }).toString("base64url")}`;
}

function privateKey(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
}

function seconds(ms: number): number {
  return Math.floor(ms / SECOND_MS);
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
