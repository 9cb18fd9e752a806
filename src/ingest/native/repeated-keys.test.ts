import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseDocument } from "yaml";
import { repeatedKey } from "./repeated-keys.ts";

describe("a key that stands twice", () => {
  test("is told with its path", () => {
    for (const [text, path] of [
      ['{"a":1,"b":2,"a":3}', "a"],
      ['{"charges":[{"a":1},{"price":{"unit":"1","unit":"2"}}]}', "charges[1].price.unit"],
      ['[[0,{"x":{}, "x":[]}]]', "[0][1].x"],
      ['{"cells":{"web search":1,"web search":2}}', 'cells["web search"]'],
      ['{"a":1,"\\u0061":2}', "a"],
      ['{"__proto__":1,"__proto__":2}', "__proto__"],
    ] as const) {
      assert.equal(repeatedKey(text), path, text);
    }
  });

  test("is none where the same key stands in objects of their own, or in texts", () => {
    for (const text of [
      '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
      '{"a":"a","b":["a","a"],"c":"\\"a\\":1,\\"a\\":2"}',
      '{"a":"}","b":{"c":"{"},"d":[",",","]}',
      '"a"',
      "[]",
      "{}",
    ]) {
      assert.equal(repeatedKey(text), null, text);
    }
  });

  test("is found in any text in which a parser that refuses it finds one", () => {
    const key = fc.constantFrom("a", "b", "c d", '"', "\\", "{", ",");
    const { object } = fc.letrec<{ object: string; value: string }>((tie) => ({
      object: fc
        .array(fc.tuple(key, tie("value")), { maxLength: 3 })
        .map((all) => `{${all.map(([name, one]) => `${JSON.stringify(name)}: ${one}`).join(",")}}`),
      value: fc.oneof(
        { depthSize: "small" },
        key.map((text) => JSON.stringify(text)),
        fc.constant("0"),
        tie("object"),
        fc.array(tie("value"), { maxLength: 2 }).map((all) => `[${all.join(",")}]`),
      ),
    }));
    fc.assert(
      fc.property(object, (text) => {
        const [error] = parseDocument(text, { uniqueKeys: true }).errors;
        assert.equal(repeatedKey(text) !== null, error?.code === "DUPLICATE_KEY", text);
      }),
      { numRuns: process.env.TOLLGATE_TEST_FULL === "1" ? 50_000 : 500 },
    );
  });
});
