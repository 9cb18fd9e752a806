import assert from "node:assert/strict";
import { test } from "node:test";
import { burn } from "./burn.ts";
import { completed } from "./completed-lanes.ts";
import { amount, charged, grantOf, left, payers, walletWith } from "./sample-wallet.test.ts";
import type { Lane, Wallet } from "./wallet.ts";

const CLOSED = { customer: "", period: "", charge: "calls", startMs: 0 };
/** One of five, of which three went before: the version before forgot how they had been paid. */
const former = (lane: Pick<Lane, "stretches">, stated: number): Wallet => ({
  ...walletWith(grantOf("a")),
  lanes: [{ ...CLOSED, level: amount(5), ...lane }],
  stated: stated === 0 ? [] : [{ customer: "", amount: amount(stated) }],
});
const by = (source: string | null, units: number) => ({ source, amount: amount(units) });

test("what was lowered before is owed again, as the statement billed it", () => {
  const wallet = former({ stretches: [by(null, 2)] }, 0);
  const risen = burn(wallet, [charged(4)]);
  assert.deepEqual(payers(risen), ["/calls owed 5", "p/calls a 4"]);
  assert.deepEqual(left(risen), { a: 6 });
});

test("credit that was given back pays again, as far as statements say that it paid", () => {
  const risen = burn(former({ stretches: [by("a", 2)] }, 4), []);
  assert.deepEqual(payers(risen), ["/calls a 4 owed 1"]);
});

test("credit that paid what was billed in money has it back", () => {
  const wallet = former({ stretches: [by(null, 2), by("a", 3)] }, 0);
  assert.deepEqual(payers(completed(wallet)), ["/calls owed 5"]);
  assert.deepEqual(left(completed(wallet)), { a: 10 });
});
