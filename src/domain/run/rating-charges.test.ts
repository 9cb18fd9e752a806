import assert from "node:assert/strict";
import { test } from "node:test";
import { type Amount, formatAmount, parseAmount } from "../money/decimal.ts";
import { chargesOfRating, sharesOfRating } from "./rating-charges.ts";

const share = (text: string, cell = "") => {
  return { chargeKey: "runs", cell, amount: parseAmount(text) ?? (0n as Amount) };
};

test("a run is charged where it counts, and in periods that it has left", () => {
  const old = { period: "2026-10-01", cardVersionId: 1 };
  const shares = [share("0.5")];
  const left = [
    { ...share("-0.2"), ...old },
    { ...share("9", "~trial:"), ...old },
  ];
  const rating = { period: "2026-11-01", shares, left };
  const charges = chargesOfRating(rating).map(({ period, charge }) => {
    return `${period} ${formatAmount(charge)}`;
  });
  assert.deepEqual(charges, ["2026-10-01 -0.2", "2026-11-01 0.5"]);
  assert.equal(sharesOfRating(rating).length, 3);
  assert.deepEqual(sharesOfRating(null), []);
});
