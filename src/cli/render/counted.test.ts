import assert from "node:assert/strict";
import { test } from "node:test";
import { counted } from "./counted.ts";

test("one of something is one, and all other counts are many", () => {
  assert.equal(counted(1, "run"), "1 run");
  assert.equal(counted(0, "run"), "0 runs");
  assert.equal(counted(12_345, "step"), "12,345 steps");
});
