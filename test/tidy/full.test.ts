import assert from "node:assert/strict";
import { test } from "node:test";
import { filesOf, partOf } from "../full.ts";

test("the parts of a long run are all tests, each once", () => {
  const names = ["pricing", "stores", "crash", "nodes", "faults", "rest"];
  const parts = names.map((name) => filesOf([name]));
  for (const [at, files] of parts.entries()) assert.ok(files.length > 0, `${names[at]}`);
  assert.deepEqual(parts.flat().sort(), filesOf([]));
  assert.equal(partOf("test/rating/rating-oracle.test.ts"), "pricing");
  assert.throws(() => filesOf(["prising"]), /"prising" is none of: pricing/);
});
