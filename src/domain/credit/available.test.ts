import assert from "node:assert/strict";
import { test } from "node:test";
import { availableFor } from "./available.ts";
import { charged, grantOf, walletWith } from "./sample-wallet.test.ts";

const AT = { period: "p", startMs: 100, charge: "calls" };

test("what is charged and what is reserved is no longer there", () => {
  const wallet = walletWith(grantOf("a"), grantOf("b", { charges: ["runs"] }));
  const spending = { ...AT, charged: [charged(3)], reserved: [charged(2)] };
  assert.equal(availableFor(wallet, spending), 5n);
});

test("a charge that may move to a grant of its own makes room", () => {
  const wallet = walletWith(grantOf("all"), grantOf("runs", { charges: ["runs"] }));
  const spending = { ...AT, charged: [charged(4, { charge: "runs" })], reserved: [] };
  assert.equal(availableFor(wallet, spending), 10n);
});
