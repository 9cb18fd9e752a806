import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as must, present, unreachable } from "./assert.ts";

test("an invariant that holds is silent, and one that does not crashes by its name", () => {
  must(true, "one is one");
  assert.throws(() => must(false, "a hold is never negative"), /a hold is never negative/);
});

test("a value that is proven present comes back, zero and the empty text included", () => {
  assert.equal(present(0, "count"), 0);
  assert.equal(present("", "name"), "");
  assert.throws(() => present(undefined, "card 7"), /card 7 is missing/);
  assert.throws(() => present(null, "card 7"), /card 7 is missing/);
});

test("a branch that cannot be reached names what reached it", () => {
  assert.throws(() => unreachable("flat" as never), /unexpected "flat"/);
});
