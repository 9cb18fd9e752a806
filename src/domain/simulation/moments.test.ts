import assert from "node:assert/strict";
import { test } from "node:test";
import { momentsIn, NO_MOMENTS } from "./moments.ts";

test("customers of one group share its moments, and others have none", () => {
  const momentsOf = momentsIn({
    groups: [
      [3, 9],
      [5, 7],
    ],
    customers: [
      ["acme", 1],
      ["beta", 0],
      ["gamma", 1],
    ],
  });
  assert.deepEqual(["acme", "beta", "gamma", "delta"].map(momentsOf), [[5, 7], [3, 9], [5, 7], []]);
  assert.deepEqual(momentsIn(NO_MOMENTS)("acme"), []);
});
