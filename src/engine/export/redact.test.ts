import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { redactor } from "./redact.ts";

/** Texts that no encoding leaves as they are, and long enough to be secrets. */
const anySecret = fc
  .tuple(fc.string({ unit: "grapheme", minLength: 12, maxLength: 40 }), fc.string())
  .map(([text]) => text)
  .filter((text) => text.isWellFormed() && text.trim().length >= 12);

const ENCODED: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => JSON.stringify({ error: `no such key ${secret}.` }),
  (secret) => `error=${encodeURIComponent(secret)}&x=1`,
  (secret) => `${new URLSearchParams({ error: secret })}`,
];

test("a secret is in nothing that is kept, however it was encoded", () => {
  fc.assert(
    fc.property(anySecret, fc.constantFrom(...ENCODED), (secret, encoded) => {
      const given = encoded(secret);
      const kept = redactor([secret]).text(given);
      assert.notEqual(kept, given);
      assert.ok(!kept.includes(secret));
      assert.ok(!kept.includes(encoded(secret)));
    }),
  );
});

test("a secret is hidden where it is one part of what base64 encodes", () => {
  fc.assert(
    fc.property(anySecret, fc.string({ maxLength: 7 }), (secret, user) => {
      const pair = Buffer.from(`${user}:${secret}:`).toString("base64");
      const kept = redactor([secret]).text(`said ${pair}`);
      const letters = Buffer.from(kept.slice("said ".length)).toString();
      assert.ok(letters.includes("{secret}"), pair);
      assert.ok(!Buffer.from(pair, "base64").equals(Buffer.from(letters, "base64")));
    }),
  );
});

test("a secret is hidden where base64 is written as URLs need it", () => {
  const secret = "??>>??>>~~secret";
  const letters = Buffer.from(secret).toString("base64url");
  assert.match(letters, /[-_]/);
  assert.equal(redactor([secret]).text(`said ${letters}`), "said {secret}");
});

test("a secret is hidden by its place, though nobody knows its text", () => {
  const { text, headers } = redactor([]);
  const bodies: readonly (readonly [string, string])[] = [
    ['{"access_token": "abc\\"def", "x": 1}', '{"access_token": "{secret}", "x": 1}'],
    ['{"refresh_token":"abc', '{"refresh_token":"{secret}'],
    ['{"said":"{\\"client_secret\\":\\"abc\\",\\"x\\":1}"}', ""],
    ["grant_type=x&client_secret=abc&y=1", "grant_type=x&client_secret={secret}&y=1"],
    ["client_assertion=a.b.c", "client_assertion={secret}"],
    [
      "https://x.example/?X-Amz-Signature=abc&v=1",
      "https://x.example/?X-Amz-Signature={secret}&v=1",
    ],
    ["<SecretKey>abc</SecretKey>", "<SecretKey>{secret}</SecretKey>"],
    ["Authorization: Basic YWJj", "Authorization: Basic {secret}"],
    ["Invalid API key provided: sk_test_51abc", "Invalid API key provided: {secret}"],
    ["no such signer whsec_MfKQ9r8=", "no such signer {secret}"],
  ];
  for (const [given, kept] of bodies) {
    if (kept !== "") assert.equal(text(given), kept);
    assert.ok(!text(given).includes("abc"), text(given));
  }
  assert.deepEqual(
    headers({
      ...{ authorization: "Bearer abc", "set-cookie": "s=abc", "webhook-signature": "v1,abc" },
      ...{ "idempotency-key": "k-1", "webhook-id": "w-1", "content-type": "text/csv" },
    }),
    {
      ...{ authorization: "Bearer {secret}", "set-cookie": "{secret}" },
      ...{ "webhook-signature": "{secret}", "idempotency-key": "k-1", "webhook-id": "w-1" },
      "content-type": "text/csv",
    },
  );
});

test("what is no secret stays as it is, and redacting takes time in proportion", () => {
  const { text } = redactor(["t0ken-of-ours"]);
  const body = '{"key":"0b7c1c9e-5f0a-8d2b","tokens":12,"item":"tokens","value":"12.5"}';
  assert.equal(text(body), body);
  assert.equal(
    text("event_name=tokens&identifier=0b7c&payload[value]=12"),
    text("event_name=tokens&identifier=0b7c&payload[value]=12"),
  );
  const hostile = `${'"'.repeat(20_000)}${"token".repeat(20_000)}${"a".repeat(60_000)}`;
  const startMs = performance.now();
  text(hostile);
  assert.ok(performance.now() - startMs < 2_000);
});
