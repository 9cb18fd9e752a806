import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { anyCodePoint } from "../domain/code-points-contract.ts";
import { readSecretKeys, secretBox } from "./secret-box.ts";

test("what is sealed opens with its key and in its place alone", () => {
  const [key, other] = [randomBytes(32), randomBytes(32)];
  const box = secretBox([key]);
  fc.assert(
    fc.property(fc.string({ unit: anyCodePoint }), fc.string(), (text, bound) => {
      const sealed = box.seal(text, bound);
      assert.equal(box.open(sealed, bound), Buffer.from(text).toString());
      assert.throws(() => box.open(sealed, `${bound}.`), { code: "secret.unreadable" });
      assert.throws(() => secretBox([other]).open(sealed, bound), { code: "secret.unreadable" });
      assert.notEqual(box.seal(text, bound).sealed, sealed.sealed);
    }),
  );
});

test("an altered secret does not open", () => {
  const box = secretBox([randomBytes(32)]);
  const { keyId, sealed } = box.seal("sk_live_1", "here");
  const bytes = Buffer.from(sealed, "base64");
  for (let at = 0; at < bytes.length; at += 1) {
    const altered = Buffer.from(bytes);
    altered[at] = (altered[at] ?? 0) ^ 1;
    const given = { keyId, sealed: altered.toString("base64") };
    assert.throws(() => box.open(given, "here"), { code: "secret.unreadable" });
  }
});

test("a new key seals, and the former one still opens", () => {
  const [former, now] = [randomBytes(32), randomBytes(32)];
  const sealed = secretBox([former]).seal("word", "here");
  const box = secretBox(readSecretKeys(`${now.toString("base64")}\n${former.toString("hex")}\n`));
  assert.equal(box.open(sealed, "here"), "word");
  assert.notEqual(box.seal("word", "here").keyId, sealed.keyId);
});

test("without a key, nothing is kept; a key of another length is none", () => {
  assert.throws(() => secretBox([]).seal("word", "here"), { code: "secret.no_key" });
  for (const bytes of [31, 33]) {
    const text = randomBytes(bytes).toString("base64");
    assert.throws(() => readSecretKeys(text), { code: "secret.no_key" });
  }
  assert.deepEqual(readSecretKeys(""), []);
});
