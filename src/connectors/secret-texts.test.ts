import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { secretTexts } from "../engine/workspaces/secrets.ts";
import { secretBox } from "./secret-box.ts";

const textsBy = (fill: number) => secretTexts(secretBox([Buffer.alloc(32, fill)]), randomBytes);
const secrets = textsBy(1);
const UNREADABLE = { code: "secret.unreadable" };

test("a secret opens for what it was sealed for, by the key it was sealed by", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string(), (text, about) => {
      const sealed = secrets.seal(text, about);
      assert.equal(secrets.open(sealed, about), text);
      assert.notEqual(secrets.seal(text, about), sealed, "never twice the same");
      assert.throws(() => secrets.open(sealed, `${about}x`), UNREADABLE);
      assert.throws(() => textsBy(2).open(sealed, about), UNREADABLE);
    }),
  );
});

test("what is no sealed text does not open, nor one that was altered", () => {
  const sealed = secrets.seal("whsec_abc", "w");
  for (let at = 0; at < sealed.length - 4; at += 1) {
    const other = sealed[at] === "A" ? "Q" : "A";
    const altered = sealed.slice(0, at) + other + sealed.slice(at + 1);
    assert.throws(() => secrets.open(altered, "w"), UNREADABLE);
  }
  const keyId = sealed.slice(0, sealed.indexOf("."));
  for (const wrong of ["", ".", keyId, `${keyId}.`, `${keyId}.AAAA`, `${sealed}.`]) {
    assert.throws(() => secrets.open(wrong, "w"), UNREADABLE);
  }
});
