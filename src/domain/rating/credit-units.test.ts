import assert from "node:assert/strict";
import { test } from "node:test";
import { type Amount, type Factor, formatAmount, parseAmount } from "../money/decimal.ts";
import { addCreditUnits, creditUnitsOf } from "./credit-units.ts";
import type { CompiledCard } from "./meter.ts";

const amount = (text: string) => parseAmount(text) ?? assert.fail(text);
const charges = [
  { key: "calls", inCredits: true },
  { key: "runs", inCredits: false },
] as unknown as CompiledCard["charges"];
/** A credit is a quarter of a dollar. */
const card = { credit: { name: "AI credits", price: 250_000n as Factor }, charges };
const part = (chargeKey: string, text: string, cell = "") => ({
  chargeKey,
  cell,
  amount: amount(text),
});
const text = (units: { amount: Amount } | null) => units && formatAmount(units.amount);

test("charges in credits are told in credits, those in money are not", () => {
  const units = creditUnitsOf(card, [part("calls", "1.5"), part("runs", "7")]);
  assert.deepEqual([units?.name, text(units)], ["AI credits", "6"]);
  assert.equal(creditUnitsOf(card, [part("runs", "7")]), null);
  assert.equal(creditUnitsOf({ credit: null, charges }, [part("calls", "1.5")]), null);
});

test("what is free in a trial is no credit, and what was taken back is negative", () => {
  assert.equal(creditUnitsOf(card, [part("calls", "1.5", "~trial:")]), null);
  assert.equal(text(creditUnitsOf(card, [part("calls", "-0.5")])), "-2");
});

test("amounts of one credit add up, with nothing too", () => {
  const one = creditUnitsOf(card, [part("calls", "1")]);
  assert.equal(text(addCreditUnits(one, one)), "8");
  assert.equal(text(addCreditUnits(null, one)), "4");
  assert.equal(addCreditUnits(null, null), null);
});
