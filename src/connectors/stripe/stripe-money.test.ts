import assert from "node:assert/strict";
import { test } from "node:test";
import { TollgateError } from "../../domain/errors.ts";
import { parseValue } from "../../domain/export/export-line.ts";
import { billedForm, minorUnits } from "./stripe-money.ts";

const unitsOf = (text: string, currency: string) =>
  String(minorUnits(parseValue(text) ?? 0n, currency, currency));

test("amounts are whole numbers of what Stripe takes as the smallest unit of a currency", () => {
  assert.equal(unitsOf("12.34", "USD"), "1234");
  assert.equal(unitsOf("-0.01", "EUR"), "-1");
  assert.equal(unitsOf("500", "JPY"), "500");
  assert.equal(unitsOf("5", "ISK"), "500", "written with two decimals that are 00");
  assert.equal(unitsOf("5.12", "KWD"), "5120", "the third decimal is 0");
  assert.deepEqual(billedForm("KWD"), { scale: 2, unitDigits: 3 });
  assert.equal(billedForm("ZZZ"), null);
});

test("an amount of another currency, or of less than its units, is told as to be set", () => {
  const isInvalid = (error: unknown) =>
    error instanceof TollgateError && error.code === "target.invalid";
  assert.throws(() => minorUnits(10n ** 33n, "EUR", "USD"), isInvalid);
  assert.throws(() => unitsOf("0.001", "USD"), isInvalid);
});
