import assert from "node:assert/strict";
import { test } from "node:test";
import { bringUp, endGrants, nextEndMs, partOfCost, takeFrom } from "./entry.ts";
import { amount, charged, grantOf, left, walletWith } from "./sample-wallet.test.ts";

const posted = (postings: readonly { readonly account: string; readonly amount: bigint }[]) =>
  postings.map((one) => `${one.account} ${one.amount}`);

test("what was burned since the last entry is posted", () => {
  const { postings } = bringUp(walletWith(grantOf("a")), [charged(4)]);
  assert.deepEqual(posted(postings), ["grant:a -4", "used 4"]);
});

test("a grant that ends rolls over as far as it may, and the rest expires", () => {
  const rollover = { upTo: amount(3), expiresAtMs: 20 };
  const wallet = walletWith(grantOf("a", { expiresAtMs: 9, finalAtMs: 10, rollover }));
  assert.equal(nextEndMs([wallet]), 10);
  const ended = endGrants(bringUp(wallet, []), () => true, 10);
  assert.deepEqual(posted(ended.postings), ["grant:a -3", "grant:a~ 3", "grant:a -7", "expired 7"]);
  assert.deepEqual(left(ended.wallet), { "a~": 3 });
  assert.equal(nextEndMs([ended.wallet]), 21, "with the same grace");
});

test("credit that comes back to an ended grant expires as an entry of its own", () => {
  const { wallet } = bringUp(walletWith(grantOf("a")), [charged(10)]);
  const ended = endGrants({ wallet, postings: [] }, () => true, 1);
  const back = bringUp(ended.wallet, [charged(6)]);
  assert.deepEqual(posted(back.postings), ["grant:a 4", "used -4", "grant:a -4", "expired 4"]);
});

test("no more is taken than there is", () => {
  const entry = bringUp(walletWith(grantOf("a")), [charged(8)]);
  assert.deepEqual(left(takeFrom(entry, { id: "a", amount: amount(2) }, "refunded").wallet), {
    a: 0,
  });
  assert.throws(() => takeFrom(entry, { id: "a", amount: amount(3) }, "refunded"));
});

test("a part of a grant costs its part", () => {
  const [grant] = walletWith(grantOf("a", { cost: amount(100) })).grants;
  assert.ok(grant !== undefined);
  assert.equal(partOfCost(grant, amount(3)), 30n);
});
