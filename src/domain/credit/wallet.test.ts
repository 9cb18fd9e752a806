import assert from "node:assert/strict";
import { test } from "node:test";
import { grantOf, walletWith } from "./sample-wallet.test.ts";
import { balanceOf, inBurnOrder, mayPay } from "./wallet.ts";

test("grants burn by priority, then earliest end, then earliest gift", () => {
  const { grants } = walletWith(
    grantOf("last"),
    grantOf("ends late", { expiresAtMs: 9 }),
    grantOf("ends soon", { expiresAtMs: 5 }),
    grantOf("first", { priority: 0, expiresAtMs: null }),
    grantOf("as late", { expiresAtMs: 9, grantedAtMs: 1 }),
  );
  const order = inBurnOrder(grants.toReversed()).map(({ id }) => id);
  assert.deepEqual(order, ["first", "ends soon", "ends late", "as late", "last"]);
});

test("a grant pays charges that it is for, of periods that begin before it ends", () => {
  const [grant] = walletWith(grantOf("g", { charges: ["calls"], expiresAtMs: 100 })).grants;
  assert.ok(grant !== undefined);
  assert.ok(mayPay(grant, { charge: "calls", startMs: 99 }));
  assert.ok(!mayPay(grant, { charge: "calls", startMs: 100 }));
  assert.ok(!mayPay(grant, { charge: "runs", startMs: 0 }));
  assert.ok(!mayPay({ ...grant, isExpired: true }, { charge: "calls", startMs: 0 }));
});

test("a balance is the sum of what its grants hold", () => {
  assert.equal(balanceOf(walletWith(grantOf("a"), grantOf("b"))), 20n);
});
