import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyCodePoint } from "./code-points-contract.ts";
import { sortedKeys } from "./sorted-keys.ts";

test("keys stand in the order of Array.sort, few or many, in any order before", () => {
  const name = fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.string({ unit: anyCodePoint, maxLength: 3 }),
  );
  const object = fc.dictionary(name, fc.constant(1), { maxKeys: 40, noNullPrototype: true });
  fc.assert(
    fc.property(object, (sent) => {
      assert.deepEqual(sortedKeys(sent), Object.keys(sent).sort());
    }),
  );
});

test("capitals, digits, emoji and private characters are ordered by their UTF-16 units", () => {
  const keys = ["\ue000", "😀", "é", "e", "a1", "a10", "a", "Z", "10", "9", ""];
  const object = Object.fromEntries(keys.map((key) => [key, 1]));
  assert.deepEqual(sortedKeys(object), [
    "",
    "10",
    "9",
    "Z",
    "a",
    "a1",
    "a10",
    "e",
    "é",
    "😀",
    "\ue000",
  ]);
});
