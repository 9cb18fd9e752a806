import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { levelsOf, netCharges, sumAmounts, sumLanes } from "./charged.ts";
import { amount, charged } from "./sample-wallet.test.ts";
import type { Lane } from "./wallet.ts";

test("what is negative lowers the others from the last one on", () => {
  const list = [
    charged(5, { charge: "a" }),
    charged(-7, { charge: "b" }),
    charged(4, { charge: "c" }),
  ];
  const { amounts, excess } = netCharges(list);
  assert.deepEqual(
    amounts.map((one) => `${one.charge} ${one.amount}`),
    ["a 2"],
  );
  assert.equal(excess, 0n);
});

test("netting keeps the sum and leaves nothing negative", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -9, max: 9 })), (units) => {
      const { amounts, excess } = netCharges(units.map((one) => charged(one)));
      const sum = sumAmounts(amounts.map((one) => one.amount));
      assert.equal(sum - excess, BigInt(units.reduce((all, one) => all + one, 0)));
      assert.ok(amounts.every((one) => one.amount > 0n));
      assert.ok(excess === 0n || amounts.length === 0);
    }),
  );
});

test("what a period has too little of lowers closed ones, its own charges first", () => {
  const closed = (charge: string): Lane => {
    const stretches = [{ source: null, amount: amount(5) }];
    return { customer: "", period: "", charge, startMs: 0, level: amount(5), stretches };
  };
  const levels = levelsOf([closed("a"), closed("calls")], [charged(-7)]);
  assert.deepEqual(
    levels.map(({ charge, level }) => `${charge} ${level}`),
    ["a 3", "calls 0"],
  );
});

test("lanes of one charge and period are one", () => {
  assert.deepEqual(sumLanes([charged(2), charged(3), charged(-5, { charge: "b" })]), [
    charged(-5, { charge: "b" }),
    charged(5),
  ]);
});
