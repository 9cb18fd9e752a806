import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { burn } from "./burn.ts";
import type { Charged } from "./charged.ts";
import { type Closing, closeLanes } from "./close-lanes.ts";
import { amount, charged, grantOf, walletWith } from "./sample-wallet.test.ts";
import { paidIn, sumOf } from "./stretches.ts";
import { negative, owedPart, unpaid } from "./unpaid.ts";

const CLOSING: Closing = {
  ...{ customer: "", period: "p", endMs: 200, nowMs: 200, billed: [] },
  ...{ replaced: null, others: [], unit: 1n },
};
const next = (units: number, charge = "calls") =>
  charged(units, { period: "q", startMs: 300, charge });
const numbers = (lanes: readonly Charged[]) =>
  lanes.map(({ charge, amount: units }) => [charge, Number(units)]);

test("what a wallet does not pay is left to the next one", () => {
  const open = [charged(14), charged(3, { charge: "runs" })];
  const now = burn(walletWith(grantOf("a")), open);
  assert.deepEqual(numbers(unpaid(now.lanes, open)), [
    ["calls", 4],
    ["runs", 3],
  ]);
  assert.deepEqual(
    now.lanes.map(owedPart).map((one) => one.amount),
    [4n, 3n],
  );
});

test("of less than nothing, what did not go back to grants is left too", () => {
  const first = closeLanes(walletWith(grantOf("a")), { ...CLOSING, billed: [charged(12)] });
  // Two of twelve were owed; what is taken off first is these.
  for (const [off, left] of [
    [1, -1],
    [5, -2],
    [15, -5],
  ] as const) {
    const open = [next(-off)];
    const now = burn(first.wallet, open);
    assert.deepEqual(numbers(unpaid(now.lanes, open)), [["calls", left]]);
    const closed = closeLanes(first.wallet, { ...CLOSING, period: "q", billed: open });
    assert.deepEqual(numbers(closed.owed), [["calls", left]], "the close leaves the same");
  }
});

test("it stands on the charges that are negative", () => {
  const group = [next(4), next(-3, "runs"), next(-9, "done")];
  assert.deepEqual(numbers(negative(group, 8n)), [
    ["runs", -3],
    ["done", -5],
  ]);
  assert.deepEqual(negative(group, 0n), []);
});

test("what is paid and what is left is what was charged", () => {
  const units = fc.integer({ min: -20, max: 20 });
  const [granted, before] = [fc.nat(20), fc.nat(20)];
  fc.assert(
    fc.property(fc.record({ granted, before, calls: units, runs: units }), (drawn) => {
      const { calls, runs } = drawn;
      const wallet = walletWith(grantOf("a", { amount: amount(drawn.granted + 1) }));
      const first = closeLanes(wallet, { ...CLOSING, billed: [charged(drawn.before)] });
      const open = [next(calls), next(runs, "runs")];
      const now = burn(first.wallet, open);
      const paidBefore = paidIn(first.wallet.lanes.flatMap(({ stretches }) => stretches));
      const paid = paidIn(now.lanes.flatMap(({ stretches }) => stretches)) - paidBefore;
      assert.equal(paid + sumOf(unpaid(now.lanes, open)), sumOf(open));
      const closed = closeLanes(first.wallet, { ...CLOSING, period: "q", billed: open });
      assert.equal(closed.paid + sumOf(closed.owed), sumOf(open));
    }),
  );
});
