import assert from "node:assert/strict";
import { test } from "node:test";
import { RecentByWeight } from "./recent-by-weight.ts";

test("what was used longest ago goes while all together weigh too much", () => {
  const kept = new RecentByWeight<string, number>(10);
  kept.set("a", 1, 4);
  kept.set("b", 2, 4);
  kept.set("a", 1, 5);
  assert.deepEqual([kept.get("a"), kept.get("b")], [1, 2]);
  kept.set("c", 3, 3);
  assert.deepEqual([kept.get("a"), kept.get("b"), kept.get("c")], [1, undefined, 3]);
});

test("a thing that is weighed anew counts once, and nothing once it is removed", () => {
  const kept = new RecentByWeight<string, number>(10);
  for (let weight = 1; weight <= 9; weight += 1) kept.set("a", weight, weight);
  kept.set("b", 0, 1);
  assert.equal(kept.get("a"), 9);
  kept.delete("a");
  kept.delete("a");
  kept.set("c", 0, 9);
  assert.deepEqual([kept.get("b"), kept.get("c")], [0, 0]);
});

test("one thing that is too much by itself is kept alone", () => {
  const kept = new RecentByWeight<string, number>(10);
  kept.set("a", 1, 2);
  kept.set("b", 2, 11);
  assert.deepEqual([kept.get("a"), kept.get("b")], [undefined, 2]);
});
