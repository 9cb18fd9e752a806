import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toBase36 } from "./base36.ts";

test("a whole number in base 36 is what the language writes", () => {
  const edges = [0, 1, 35, 36, 46_655, 46_656, 2 ** 31, Date.UTC(2026, 10, 26)];
  for (const edge of [...edges, Number.MAX_SAFE_INTEGER]) {
    assert.equal(toBase36(edge), edge.toString(36));
    assert.equal(toBase36(-edge), (-edge).toString(36));
  }
  fc.assert(fc.property(fc.maxSafeInteger(), (value) => toBase36(value) === value.toString(36)));
});

test("what is no safe integer is refused", () => {
  for (const wrong of [0.5, 2 ** 53, Number.NaN]) assert.throws(() => toBase36(wrong));
});
