import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeFormer, encodeFormer, formerLine } from "./former-text.ts";
import type { RunFacts } from "./run.ts";

test("a former version is read as it was written, whatever its labels are called", () => {
  const value = fc.oneof(fc.string(), fc.bigInt(), fc.integer(), fc.constant(null));
  const name = fc.oneof(fc.constantFrom("$", "$n", "$$n", "__proto_"), fc.string());
  const plain = { noNullPrototype: true };
  const facts = fc.dictionary(name, fc.oneof(value, fc.dictionary(name, value, plain)), plain);
  fc.assert(
    fc.property(facts, (one) => {
      fc.pre(!JSON.stringify(Object.keys(one)).includes("__proto__"));
      assert.deepEqual(decodeFormer(encodeFormer(one as unknown as RunFacts)), one);
    }),
  );
});

test("the text of a version does not depend on the order in which its parts were read", () => {
  const one = { id: "r", rating: { $a: 1n, b: [{ d: 1, c: 2 }] } } as unknown as RunFacts;
  const other = { rating: { b: [{ c: 2, d: 1 }], $a: 1n }, id: "r" } as unknown as RunFacts;
  assert.equal(encodeFormer(one), encodeFormer(other));
});

/** As all of it was written at first: chains that seal such texts must go on to fit them. */
function encodedWhole(value: object): string {
  const marked = (key: string) => (key.startsWith("$") ? `$${key}` : key);
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return { $n: String(part) };
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    const entries = Object.entries(part).map(([key, one]) => [marked(key), one] as const);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

test("the text of a version is what it always was", () => {
  const plain = { noNullPrototype: true };
  const name = fc.oneof(fc.constantFrom("10", "9", "$", "$n", "a"), fc.string());
  const value = fc.oneof(fc.string(), fc.bigInt(), fc.integer(), fc.boolean(), fc.constant(null));
  const labels = fc.dictionary(name, value, plain);
  const part = fc.oneof(value, labels, fc.array(labels), fc.constant(undefined));
  const facts = fc.record({ id: part, labels: part, rating: part, agent: part, $x: part }, plain);
  fc.assert(
    fc.property(facts, (one) => {
      assert.equal(encodeFormer(one as unknown as RunFacts), encodedWhole(one));
    }),
  );
});

test("the line of a version tells run from outcome, and each part from the next", () => {
  const version = { run: "r", key: null, sinceSeq: 1, untilSeq: 2, document: "{}" };
  assert.equal(formerLine(version), "f1\u001frun\u001fr\u001f1\u001f2\u001f{}");
  const outcome = formerLine({ ...version, key: "k" });
  assert.equal(outcome, "f1\u001foutcome\u001fr\u001fk\u001f1\u001f2\u001f{}");
});
