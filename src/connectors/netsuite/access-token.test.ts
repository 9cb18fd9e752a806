import assert from "node:assert/strict";
import { constants, generateKeyPairSync, verify } from "node:crypto";
import { test } from "node:test";
import { accessToken } from "./access-token.ts";
import { netsuiteConnector } from "./netsuite-connector.ts";
import { KEYS, lineOf, quietAccount, START_MS } from "./sample-account-contract.ts";
import { signedAssertion, tokenUrl } from "./signed-assertion.ts";

const URL_OF = tokenUrl("1234567-sb1.suitetalk.api.netsuite.com");
const ABOUT = { url: URL_OF, clientId: "c", certificateId: "k", nowMs: START_MS };
const WAY = { mode: "usage", settings: {} } as const;

function readPart(part: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(part ?? "", "base64url").toString("utf8"));
}

test("a token of ours says what the documentation lists, signed by PS256 with an RSA key", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 3072 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const [header, payload, signature = ""] = (signedAssertion(pem, ABOUT) ?? "").split(".");
  assert.deepEqual(readPart(header), { typ: "JWT", alg: "PS256", kid: "k" });
  const { iat, exp, ...rest } = readPart(payload);
  assert.deepEqual(rest, { iss: "c", scope: "rest_webservices", aud: URL_OF });
  assert.ok(Number(exp) > START_MS / 1_000 && Number(exp) - Number(iat) < 3_600);
  const key = { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const text = Buffer.from(`${header}.${payload}`);
  assert.equal(verify("sha256", text, key, Buffer.from(signature, "base64url")), true);
});

for (const [curve, alg, digest] of [
  ["P-256", "ES256", "sha256"],
  ["P-384", "ES384", "sha384"],
  ["P-521", "ES512", "sha512"],
] as const) {
  test(`a key of ${curve} signs by ${alg}, as JOSE writes signatures`, () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: curve });
    const pem = privateKey.export({ type: "sec1", format: "pem" }).toString();
    const [header, payload, signature = ""] = (signedAssertion(pem, ABOUT) ?? "").split(".");
    assert.equal(readPart(header).alg, alg);
    const key = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
    const bytes = Buffer.from(signature, "base64url");
    assert.equal(verify(digest, Buffer.from(`${header}.${payload}`), key, bytes), true);
  });
}

test("what is no private key that NetSuite takes signs nothing", () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  for (const text of [pem, KEYS.publicKey, "whatever"]) {
    assert.equal(signedAssertion(text, ABOUT), null);
  }
});

test("a token is fetched once an hour, and another one when it was taken away", async () => {
  const clock = { nowMs: START_MS };
  const { fake, target, session } = quietAccount(WAY, clock);
  const lines = [lineOf(target)];
  const tokens = () => fake.seen.filter((one) => one.endsWith("/token")).length;
  const send = async () => (await netsuiteConnector.send(lines, session))[0]?.class;
  assert.deepEqual([await send(), await send(), tokens()], ["accepted", "accepted", 1]);
  clock.nowMs += 51 * 60_000;
  assert.deepEqual([await send(), tokens()], ["accepted", 2]);
  fake.revokeTokens();
  assert.deepEqual([await send(), tokens()], ["accepted", 3]);
});

test("a certificate that is not mapped stops the run; its note shows nothing of ours", async () => {
  const { target, session } = quietAccount(WAY, { nowMs: START_MS });
  const unmapped = { ...target, settings: { ...target.settings, certificateId: "other" } };
  const other = { ...session, target: unmapped };
  const [became] = await netsuiteConnector.send([lineOf(target)], other);
  assert.equal(became?.class, "auth");
  assert.equal(became?.note, "the token endpoint said 400 invalid_grant");
});

test("silence of the token endpoint is no refusal: nothing was sent yet", async () => {
  const { target, session } = quietAccount(WAY, { nowMs: START_MS });
  const http = { send: async () => ({ kind: "unclear", reason: "reset" }) as const };
  const [became] = await netsuiteConnector.send([lineOf(target)], { ...session, http });
  assert.equal(became?.class, "retry_same_bytes");
  assert.deepEqual(await accessToken({ ...session, http }), {
    kind: "none",
    note: "no token: reset",
  });
});
