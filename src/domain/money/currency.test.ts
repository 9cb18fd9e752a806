import assert from "node:assert/strict";
import { test } from "node:test";
import { currencyDecimals } from "./currency.ts";

test("currencies have the decimals of their bills: two, none or three", () => {
  assert.equal(currencyDecimals("USD"), 2);
  assert.equal(currencyDecimals("JPY"), 0);
  assert.equal(currencyDecimals("KWD"), 3);
});

test("a code that is not known has none, names of object properties included", () => {
  for (const code of ["", "usd", "QQQ", "toString", "__proto__", "constructor"]) {
    assert.equal(currencyDecimals(code), undefined, code);
  }
});
