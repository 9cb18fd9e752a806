import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyCodePoint } from "./code-points-contract.ts";
import { jsonString } from "./json-string.ts";

test("a text is written as JSON writes it", () => {
  const lone = fc.constantFrom("\ud800", "\udfff", "\u2028", '"', "\\", "\u0000", "\n", "\u007f");
  const text = fc.array(fc.oneof(anyCodePoint, lone)).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(text, fc.string()), (one) => {
      assert.equal(jsonString(one), JSON.stringify(one));
    }),
  );
});
