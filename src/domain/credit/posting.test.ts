import assert from "node:assert/strict";
import { test } from "node:test";
import { burn } from "./burn.ts";
import { burnPostings, move } from "./posting.ts";
import { charged, grantOf, walletWith } from "./sample-wallet.test.ts";

test("both sides of a movement add up to zero, and no movement has none", () => {
  const [out, into] = move("a", "b", 5n);
  assert.deepEqual([out?.amount, into?.amount], [-5n, 5n]);
  assert.deepEqual(move("a", "b", 0n), []);
});

test("what goes back to a grant is posted the other way round", () => {
  const wallet = walletWith(grantOf("a"));
  const used = burn(wallet, [charged(4)]);
  assert.deepEqual(burnPostings(wallet, used), move("grant:a", "used", 4n));
  assert.deepEqual(burnPostings(used, wallet), move("grant:a", "used", -4n));
});
