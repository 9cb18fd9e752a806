import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { folderOf } from "./object-place.ts";

test("names are folders below the base, each its own, whatever they are", () => {
  const anyName = fc.string({ unit: "grapheme", minLength: 1, maxLength: 5 });
  const isHostile = fc.constantFrom("..", ".", "~..", "a/b", "%2e%2e", "a%2Fb", "\\\\x", "~");
  const anyNames = fc.tuple(fc.oneof(anyName, isHostile), fc.oneof(anyName, isHostile));
  fc.assert(
    fc.property(anyNames, anyNames, (a, b) => {
      const base = "https://b.example/exports/";
      const [one, other] = [a, b].map((names) => new URL(base + folderOf(...names)).href);
      assert.ok(one?.startsWith(base));
      assert.equal(one?.slice(base.length).split("/").length, 3);
      assert.equal(one === other, a[0] === b[0] && a[1] === b[1]);
      assert.ok(!/%2f/i.test(String(one)), "S3 takes an encoded slash for a slash");
    }),
    { numRuns: 500 },
  );
  assert.equal(folderOf("default", "live", "2026-11-01"), "default/live/2026-11-01/");
});
