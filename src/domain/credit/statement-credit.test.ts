import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { amount } from "./sample-wallet.test.ts";
import { billedLanes, creditDocument, givenToParent } from "./statement-credit.ts";

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

test("what notes give back to a parent is no more than it paid, and nothing without notes", () => {
  const whole = fc.integer({ min: -50, max: 50 });
  const some = fc.record({ total: whole, paid: whole, byParent: whole, credited: fc.nat(60) });
  fc.assert(
    fc.property(some, ({ total, paid, byParent, credited }) => {
      const of = { total: amount(total), paid: amount(paid), paidByParent: amount(byParent) };
      const given = Number(givenToParent(of, amount(credited)));
      const own = Math.max(paid - byParent, 0);
      assert.ok(given >= 0 && given <= credited);
      assert.ok(credited - given <= own, "the customer is given what its own credit paid, at most");
      assert.ok(given === credited || given <= Math.max(total - own, credited - own, 0));
    }),
  );
  // Credit paid 5 of 6.60, and goodwill of 3 lowered that to 3.60.
  const of = { total: amount(360), paid: amount(500), paidByParent: amount(0) };
  const given = [0, 200, 600].map((credited) => Number(givenToParent(of, amount(credited))));
  assert.deepEqual(given, [0, 0, 100]);
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
