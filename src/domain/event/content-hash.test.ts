import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalContent, canonicalValue } from "./content-hash.ts";

class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

test("content is the same whatever the order of its keys", () => {
  const json = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }));
  fc.assert(
    fc.property(json, (content) => {
      const reversed = Object.fromEntries(Object.entries(content).reverse());
      assert.equal(canonicalContent(reversed), canonicalContent(content));
    }),
  );
});

test("content is the same however its numbers are written", () => {
  for (const forms of [
    [1, "1.0", "1e0", "10e-1", "0.1e1"],
    [1000, "1e3", "1000.000", "0.001e6"],
    [0, "0.0", "0e5"],
    ["1.5", "15e-1", "1.50"],
  ]) {
    const texts = forms.map((form) =>
      canonicalValue(typeof form === "string" ? new NumberText(form) : form),
    );
    assert.equal(new Set(texts).size, 1, forms.join(" "));
  }
});

test("one digit, sign, type or name more is other content", () => {
  const other = [
    [{ usage: { a: 1 } }, { usage: { a: 2 } }],
    [{ a: 1 }, { a: -1 }],
    [{ a: 1 }, { a: "1" }],
    [{ a: "x" }, { b: "x" }],
    [{ a: "x", b: "y" }, { a: 'x",b:"y' }],
    [{ a: ["x", "y"] }, { a: ["x,y"] }],
    [{ a: null }, { a: "null" }],
    [{ a: { b: 1 } }, { a: { c: 1 } }],
    [{ a: "é" }, { a: "e\u0301" }],
  ] as const;
  for (const [a, b] of other) assert.notEqual(canonicalContent(a), canonicalContent(b));
  const digits = ["9007199254740993", "9007199254740992"].map((text) => new NumberText(text));
  assert.equal(new Set(digits.map(canonicalValue)).size, 2);
});

test("identity and time are no content: a retry may carry another clock reading", () => {
  const content = { kind: "tool", usage: { seconds: 1 } };
  const retry = { ...content, id: "e1", run: "r1", source: "api", occurredAt: "2026-11-23T10:00Z" };
  assert.equal(canonicalContent(retry), canonicalContent(content));
});
