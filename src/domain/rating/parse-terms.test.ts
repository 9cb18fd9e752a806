import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Problem } from "../errors.ts";
import { CREDIT_PRICE_MAX_UNITS, TERM_CHARGES_MAX_COUNT, TRIAL_MAX_DAYS } from "../limits.ts";
import { Place } from "./document-place.ts";
import { parseCredit, parseDiscount, parseFee, parseTrial } from "./parse-terms.ts";

function read<T>(parse: (place: Place, name: null) => T, document: unknown) {
  const problems: Problem[] = [];
  const value = parse(new Place(document, "", problems), null);
  return { value, fields: problems.map(({ field }) => field) };
}

describe("the terms of a card", () => {
  test("a fee is prorated unless it says otherwise", () => {
    const fee = { key: "base", amount: "49" };
    assert.equal(read(parseFee, fee).value.isProrated, true);
    assert.equal(read(parseFee, { ...fee, prorate: false }).value.isProrated, false);
    assert.deepEqual(read(parseFee, { ...fee, prorate: 0, size: 1 }).fields, ["size", "prorate"]);
    assert.deepEqual(read(parseFee, {}).fields, ["key", "amount"]);
  });

  test("a discount is a percentage or an amount, for some dates", () => {
    const off = { key: "off", percent: "12.5", from: "2026-01-01", until: "2027-01-01" };
    const { value, fields } = read(parseDiscount, off);
    assert.deepEqual(fields, []);
    assert.deepEqual(value.value, { percent: 125_000n });
    const problemsOf = (document: object) => read(parseDiscount, document).fields;
    assert.deepEqual(problemsOf({ key: "off" }), [undefined]);
    assert.deepEqual(problemsOf({ ...off, amount: "1" }), [undefined]);
    assert.deepEqual(problemsOf({ ...off, percent: "100.0001" }), ["percent"]);
    assert.deepEqual(problemsOf({ ...off, percent: "0.00001" }), ["percent"]);
    assert.deepEqual(problemsOf({ ...off, until: "2026-01-01" }), ["until"]);
    for (const from of ["2026-02-29", "2026-1-1", "20260101", "+002026-01-01", 5]) {
      assert.deepEqual(problemsOf({ ...off, from }), ["from"]);
    }
  });

  test("a trial has whole days, and names charges up to the limit", () => {
    const keys = (length: number) => Array.from({ length }, (_, index) => `k${index}`);
    const fieldsOf = (document: unknown) => read(parseTrial, document).fields;
    assert.deepEqual(read(parseTrial, { days: 14 }).value, { days: 14, charges: null });
    assert.deepEqual(read(parseTrial, null).value, null);
    assert.deepEqual(fieldsOf({ days: `${TRIAL_MAX_DAYS}` }), []);
    assert.deepEqual(fieldsOf({ days: `${TRIAL_MAX_DAYS + 1n}` }), ["days"]);
    assert.deepEqual(fieldsOf({ days: "1.5" }), ["days"]);
    assert.deepEqual(fieldsOf({ days: 1, charges: keys(TERM_CHARGES_MAX_COUNT) }), []);
    assert.deepEqual(fieldsOf({ days: 1, charges: keys(TERM_CHARGES_MAX_COUNT + 1) }), ["charges"]);
    assert.deepEqual(fieldsOf([]), [undefined]);
  });

  test("a credit has a name and a price of at most six places", () => {
    const fieldsOf = (price: string) => read(parseCredit, { name: "tokens", price }).fields;
    assert.deepEqual(read(parseCredit, { name: "tokens", price: "0.000001" }).value, {
      name: "tokens",
      price: 1n,
    });
    assert.deepEqual(fieldsOf("0.0000001"), ["price"]);
    assert.deepEqual(fieldsOf("0"), ["price"]);
    assert.deepEqual(fieldsOf(`${CREDIT_PRICE_MAX_UNITS}`), []);
    assert.deepEqual(fieldsOf(`${CREDIT_PRICE_MAX_UNITS}.000001`), ["price"]);
  });
});
