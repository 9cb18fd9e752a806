import assert from "node:assert/strict";
import { test } from "node:test";
import { owedIn } from "./burn.ts";
import { type Closing, closeLanes } from "./close-lanes.ts";
import { addGrant, bringUp, endGrants, takeFrom } from "./entry.ts";
import { amount, charged, grantOf, left, payers, walletWith } from "./sample-wallet.test.ts";

const CLOSING: Closing = {
  customer: "",
  period: "p",
  endMs: 200,
  nowMs: 200,
  billed: [],
  replaced: null,
  others: [],
  unit: 1n,
};

test("credit pays what the statement bills, whatever was charged before", () => {
  const { wallet } = bringUp(walletWith(grantOf("a")), [charged(8)]);
  const less = closeLanes(wallet, { ...CLOSING, billed: [charged(6)] });
  assert.deepEqual([less.paid, left(less.wallet)], [6n, { a: 4 }]);
  const more = closeLanes(wallet, { ...CLOSING, billed: [charged(12)] });
  assert.deepEqual([more.paid, more.owed.map((one) => one.amount)], [10n, [2n]]);
});

test("credit pays whole units; what is less stays in its grant", () => {
  const wallet = walletWith(grantOf("a", { amount: amount(17) }));
  const closed = closeLanes(wallet, { ...CLOSING, billed: [charged(20)], unit: 5n });
  assert.deepEqual([closed.paid, left(closed.wallet)], [15n, { a: 2 }]);
  assert.deepEqual(payers(closed.wallet), ["/calls a 15 owed 5"]);
});

test("what a later statement gives back goes to the grant that it came from", () => {
  const first = closeLanes(walletWith(grantOf("a")), { ...CLOSING, billed: [charged(8)] });
  const later = { ...CLOSING, period: "q", billed: [charged(-3, { period: "q", startMs: 300 })] };
  const second = closeLanes(first.wallet, later);
  assert.deepEqual([second.paid, left(second.wallet)], [-3n, { a: 5 }]);
});

test("what a closed period billed in money stays owed, whatever an open one took off", () => {
  const first = closeLanes(walletWith(), { ...CLOSING, billed: [charged(3)] });
  const given = addGrant({ wallet: first.wallet, postings: [] }, grantOf("a"), "issued");
  const next = (units: number) => [charged(units, { period: "q", startMs: 300 })];
  // Two of three go, and an entry fixes that; then all that was taken off is charged again.
  const lowered = bringUp(given.wallet, next(-2));
  assert.deepEqual(payers(lowered.wallet), ["/calls owed 1"]);
  assert.equal(owedIn(lowered.wallet), 3n, "what is lowered was owed");
  const risen = bringUp(lowered.wallet, next(1));
  assert.deepEqual(payers(risen.wallet), ["/calls owed 3", "q/calls a 1"]);
  const second = closeLanes(risen.wallet, { ...CLOSING, period: "q", billed: next(1) });
  assert.deepEqual([second.paid, left(second.wallet)], [1n, { a: 9 }]);
});

test("what was taken off comes back as it was paid: money, then credit", () => {
  const owed = bringUp(walletWith(), [charged(3)]);
  const given = addGrant(owed, grantOf("a"), "issued");
  const first = closeLanes(given.wallet, { ...CLOSING, billed: [charged(5)] });
  assert.deepEqual(payers(first.wallet), ["/calls owed 3 a 2"]);
  const next = (units: number) => [charged(units, { period: "q", startMs: 300 })];
  const lowered = bringUp(first.wallet, next(-4));
  assert.deepEqual(left(lowered.wallet), { a: 10 });
  for (const [units, wanted] of [
    [-3, "/calls owed 2"],
    [-2, "/calls owed 3"],
    [-1, "/calls owed 3 a 1"],
    [0, "/calls owed 3 a 2"],
  ] as const) {
    assert.deepEqual(payers(bringUp(lowered.wallet, next(units)).wallet), [wanted]);
  }
});

test("what a closing brings back to an ended grant expires again", () => {
  const used = bringUp(walletWith(grantOf("a", { expiresAtMs: 150 })), [charged(8)]);
  const { wallet } = endGrants(used, () => true, 160);
  // The eight are charged no more: they come back, after the end.
  const { wallet: closed, postings } = closeLanes(wallet, { ...CLOSING, period: "q" });
  assert.deepEqual(Object.values(left(closed)), []);
  assert.deepEqual(
    postings.filter((one) => one.account === "expired").map((one) => one.amount),
    [8n],
  );
});

test("a statement that replaces another one moves the difference alone", () => {
  const ends = { expiresAtMs: 150, finalAtMs: 150 };
  const first = closeLanes(walletWith(grantOf("a", ends)), { ...CLOSING, billed: [charged(8)] });
  const replaced = { billed: [charged(8)], paid: amount(8) };
  const again = closeLanes(first.wallet, { ...CLOSING, billed: [charged(9)], replaced });
  assert.deepEqual([again.paid, payers(again.wallet)], [8n, ["/calls a 8 owed 1"]]);
});

test("who paid long ago is forgotten, and what was paid is not", () => {
  let wallet = walletWith(
    ...Array.from({ length: 500 }, (_, at) => grantOf(`g${at}`, { amount: amount(1) })),
  );
  let paid = 0n;
  for (let at = 0; at < 120; at += 1) {
    const lane = { period: `p${at}`, startMs: at };
    const closing = { ...CLOSING, period: lane.period, billed: [charged(4, lane)] };
    const closed = closeLanes(wallet, closing);
    paid += closed.paid;
    wallet = closed.wallet;
  }
  assert.equal(paid, 480n);
  assert.equal(
    Object.values(left(wallet)).reduce((sum, one) => sum + one, 0),
    20,
  );
  assert.equal(wallet.lanes[0]?.stretches.length, 200);
});

test("credit that another open period gave back, and that is gone, is not of this one", () => {
  const grant = grantOf("a", { amount: amount(1), expiresAtMs: 150, finalAtMs: 150 });
  const first = closeLanes(walletWith(grant), { ...CLOSING, endMs: 100, billed: [charged(1)] });
  const third = [charged(-1, { period: "r", startMs: 500 })];
  const lowered = endGrants(bringUp(first.wallet, third), () => true, 150);
  assert.deepEqual(left(lowered.wallet), {}, "what came back has expired");
  const closing = { ...CLOSING, endMs: 500, nowMs: 500 };
  const second = closeLanes(lowered.wallet, { ...closing, period: "q", others: third });
  assert.equal(second.paid, 0n, "a bill of nothing asks for nothing");
  const last = closeLanes(second.wallet, { ...closing, period: "r", billed: third });
  assert.equal(last.paid, -1n, "whoever took it off gave credit back");
  assert.deepEqual(last.wallet.lanes, []);
});

test("credit that is gone is owed where the period that gave it back charges more again", () => {
  const closed = closeLanes(walletWith(grantOf("a")), { ...CLOSING, billed: [charged(3)] });
  const third = (units: number) => [charged(units, { period: "r", startMs: 500 })];
  const back = takeFrom(
    bringUp(closed.wallet, third(-2)),
    { id: "a", amount: amount(9) },
    "refunded",
  );
  const closing = { ...CLOSING, endMs: 500, nowMs: 500 };
  const billed = [charged(4, { period: "q", startMs: 300 })];
  const given = addGrant(back, grantOf("b", { amount: amount(5) }), "issued");
  const second = closeLanes(given.wallet, {
    ...closing,
    ...{ period: "q", billed, others: third(-2) },
  });
  assert.equal(second.paid, 4n);
  const risen = bringUp(second.wallet, third(1));
  const last = closeLanes(risen.wallet, { ...closing, period: "r", billed: third(1) });
  // Of 3 + 4 + 1 credit paid 1 + 5; one was due of none so far.
  assert.deepEqual([last.paid, left(last.wallet)], [-1n, { a: 0, b: 0 }]);
});
