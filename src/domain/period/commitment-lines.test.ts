import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Amount, type Factor, formatAmount, parseAmount } from "../money/decimal.ts";
import type { DatedCommitment } from "./commitment.ts";
import { commitmentLines } from "./commitment-lines.ts";

const amount = (text: string) => parseAmount(text) as Amount;
const PREPAID: DatedCommitment = {
  ...{ key: "c", name: "Credit", kind: "prepaid", per: "contract", amount: amount("100") },
  ...{ currency: "USD", charges: null, overage: 1_250_000n as Factor },
  ...{ from: "2026-01-01", until: "2027-01-01", lastPeriod: "2026-12-01" },
};

function told(commitment: DatedCommitment, amounts: readonly string[], origin: string | null) {
  const [usage, drawn, overage, trueUp] = amounts.map(amount) as [Amount, Amount, Amount, Amount];
  const one = { commitment, period: null, usage, drawn, overage, trueUp };
  return commitmentLines([one], origin).map(
    ({ kind, description, amountExact }) => `${kind} ${formatAmount(amountExact)} ${description}`,
  );
}

describe("lines of commitments", () => {
  test("take off what was paid in advance, and add what is beyond costs more", () => {
    assert.deepEqual(told(PREPAID, ["12", "8", "4", "0"], null), [
      "commitment -8 Credit: drawn",
      "overage 1 Credit: overage at 125 % of the price",
    ]);
    const cheap = { ...PREPAID, overage: 800_000n as Factor };
    assert.deepEqual(told(cheap, ["4", "0", "4", "0"], null), [
      "overage -0.8 Credit: overage at 80 % of the price",
    ]);
  });

  test("bill what is missing, and leave the card's price as it is", () => {
    const least = { ...PREPAID, kind: "minimum", overage: null } as const;
    assert.deepEqual(told(least, ["12", "8", "4", "0"], null), []);
    assert.deepEqual(told(least, ["0", "0", "0", "7"], null), ["true_up 7 Credit: true-up"]);
  });

  test("say which closed period they adjust", () => {
    const [line] = told(PREPAID, ["-2", "-2", "0", "0"], "2026-03-01");
    assert.equal(line, "commitment 2 Credit: drawn, adjustment of the period 2026-03-01");
  });
});
