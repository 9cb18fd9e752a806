import assert from "node:assert/strict";
import { test } from "node:test";
import { amount } from "./sample-wallet.test.ts";
import { billedLanes, creditDocument } from "./statement-credit.ts";

const EURO = 10n ** 33n;
const euros = (units: number) => amount(0) + BigInt(units) * EURO;

test("lanes of a statement add up to its total, what people booked among them", () => {
  const line = (kind: "charge" | "goodwill" | "minimum", chargeKey: string, units: number) => {
    return { kind, chargeKey, amountRounded: amount(units) } as const;
  };
  const lines = [
    line("charge", "calls", 5),
    line("goodwill", "goodwill", -2),
    line("minimum", "", 1),
  ];
  const lanes = billedLanes(lines, { period: "p", startMs: 1 });
  assert.deepEqual(
    lanes.map(({ charge, amount: units }) => `${charge} ${units}`),
    [" -1", "calls 5"],
  );
});

test("what is due is the total less credit, with what children owe", () => {
  const child = {
    customer: "c",
    period: "p",
    statement: "st",
    total: amount(0),
    credited: amount(0),
  };
  const document = creditDocument(euros(10) as ReturnType<typeof amount>, {
    paid: euros(4) as ReturnType<typeof amount>,
    paidByParent: amount(0),
    billedTo: null,
    wallets: [],
    children: [
      {
        ...child,
        due: euros(3) as ReturnType<typeof amount>,
        carriedBefore: euros(1) as ReturnType<typeof amount>,
      },
    ],
  });
  const { paidByCredit, amountDue } = document as Record<string, unknown>;
  assert.deepEqual([paidByCredit, amountDue], ["4", "8"]);
});
