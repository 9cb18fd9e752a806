import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalJson } from "./canonical-json.ts";

const document = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    tie("many"),
  ),
  many: fc.oneof(
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

test("a document is one text whatever the order of its keys, and reads back as itself", () => {
  fc.assert(
    fc.property(document, (value) => {
      const text = canonicalJson(value);
      assert.equal(canonicalJson(reversed(value)), text);
      assert.deepEqual(JSON.parse(text), value);
    }),
  );
});

test("keys are ascending, lists keep their order, and there is no white space", () => {
  const document = { b: ["z", "a"], a: { d: null, c: true }, "": 'say "hi"\n' };
  assert.equal(
    canonicalJson(document),
    '{"":"say \\"hi\\"\\n","a":{"c":true,"d":null},"b":["z","a"]}',
  );
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, reversed(each)]);
  return Object.fromEntries(entries.reverse());
}
