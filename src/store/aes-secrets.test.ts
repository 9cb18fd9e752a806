import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { aesSecrets, SECRET_KEY_BYTES } from "./aes-secrets.ts";

const key = Buffer.alloc(SECRET_KEY_BYTES, 1);
const secrets = aesSecrets(key);

test("a secret opens for what it was sealed for, by the key it was sealed by", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string(), (text, about) => {
      const sealed = secrets.seal(text, about);
      assert.equal(secrets.open(sealed, about), text);
      assert.notEqual(secrets.seal(text, about), sealed, "never twice the same");
      const code = { code: "secret.unreadable" };
      assert.throws(() => secrets.open(sealed, `${about}x`), code);
      assert.throws(() => aesSecrets(Buffer.alloc(32, 2)).open(sealed, about), code);
    }),
  );
});

test("an altered secret does not open, whatever byte it is", () => {
  const sealed = secrets.seal("whsec_abc", "w");
  for (let at = 3; at < sealed.length; at += 1) {
    const other = sealed[at] === "A" ? "Q" : "A";
    const altered = sealed.slice(0, at) + other + sealed.slice(at + 1);
    // The last digit of base64 may stand for bits that no byte has.
    if (
      Buffer.from(altered.slice(3), "base64url").equals(Buffer.from(sealed.slice(3), "base64url"))
    ) {
      continue;
    }
    assert.throws(() => secrets.open(altered, "w"), { code: "secret.unreadable" });
  }
  for (const short of ["", "s1.", "s1.AAAA"]) {
    assert.throws(() => secrets.open(short, "w"), { code: "secret.unreadable" });
  }
});
