import assert from "node:assert/strict";
import { test } from "node:test";
import { burn, owedIn } from "./burn.ts";
import { bringUp } from "./entry.ts";
import { charged, grantOf, left, payers, walletWith } from "./sample-wallet.test.ts";

test("what is charged is paid by grants in their order, and the rest is owed", () => {
  const wallet = burn(walletWith(grantOf("a"), grantOf("b")), [charged(25)]);
  assert.deepEqual(payers(wallet), ["p/calls a 10 b 10 owed 5"]);
  assert.equal(owedIn(wallet), 5n);
});

test("less is charged: it goes back from the end", () => {
  const { wallet } = bringUp(walletWith(grantOf("a"), grantOf("b")), [charged(25)]);
  assert.deepEqual(payers(burn(wallet, [charged(12)])), ["p/calls a 10 b 2"]);
  assert.deepEqual(left(burn(wallet, [])), { a: 10, b: 10 });
});

test("an entry fixes who paid: a grant that comes later pays for what comes later", () => {
  const { wallet } = bringUp(walletWith(grantOf("a")), [charged(4)]);
  const better = { ...wallet, grants: walletWith(grantOf("b", { priority: 0 })).grants };
  const both = { ...better, grants: [...wallet.grants, ...better.grants] };
  assert.deepEqual(payers(burn(both, [charged(6)])), ["p/calls a 4 b 2"]);
});

test("earlier periods are served first, and of one the charges that fewer grants may pay", () => {
  const wallet = walletWith(grantOf("all"), grantOf("calls", { charges: ["calls"] }));
  const now = burn(wallet, [
    charged(8, { charge: "calls" }),
    charged(6, { charge: "runs" }),
    charged(3, { period: "o", startMs: 1, charge: "runs" }),
  ]);
  assert.deepEqual(payers(now), ["o/runs all 3", "p/calls all 1 calls 7", "p/runs all 6"]);
});
