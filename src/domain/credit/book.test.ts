import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeBook,
  dueAtMs,
  EMPTY_BOOK,
  encodeBook,
  walletIn,
  withMoved,
  withWallet,
} from "./book.ts";
import { burn } from "./burn.ts";
import { move } from "./posting.ts";
import { amount, charged, grantOf, walletWith } from "./sample-wallet.test.ts";

test("a book comes back as it was written", () => {
  const rollover = { upTo: amount(3), expiresAtMs: 20 };
  const grant = grantOf("a", { rollover, cost: amount(7), costCurrency: "EUR", finalAtMs: 9 });
  const wallet = burn(walletWith(grant), [charged(4)]);
  const book = withWallet(EMPTY_BOOK, { ...walletIn(EMPTY_BOOK, "USD"), wallet });
  const rule = { currency: "USD", threshold: amount(1), amount: amount(2), cap: null };
  const terms = { priority: 1, expiresAfterDays: null, charges: null };
  const whole = { ...book, rules: [{ ...rule, ...terms }] };
  assert.deepEqual(decodeBook(encodeBook(whole)), whole);
  assert.equal(dueAtMs(whole), 9);
});

test("movements are summed by account, without those of grants", () => {
  const once = withMoved([], move("issued", "grant:a", 5n));
  assert.deepEqual(withMoved(once, move("issued", "grant:b", 2n)), [
    { account: "issued", amount: -7n },
  ]);
});
