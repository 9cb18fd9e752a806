import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Decimal } from "decimal.js";
import fc from "fast-check";
import { NUMBER_TEXT_MAX_CHARS, PRICE_MAX_UNITS } from "../../domain/limits.ts";
import { formatPrice } from "../../domain/money/decimal.ts";
import { unitPrice } from "./unit-price.ts";

function told(text: string, per?: number): string {
  const found = unitPrice(text, per);
  return found === undefined ? "refused" : `${formatPrice(found.price)} ${found.isExact}`;
}

describe("a listed price per unit", () => {
  it("is the decimal of its text, divided without a float", () => {
    assert.equal(told("1.25", 1_000_000), "0.00000125 true");
    assert.equal(told("0.15", 1_000_000), "0.00000015 true");
    assert.equal(told("1.5e-07"), "0.00000015 true");
    assert.equal(told("2.5", 1_000), "0.0025 true");
  });

  it("that has no end is rounded half to even at the 18th place, and says so", () => {
    assert.equal(told("0.1", 3_600), "0.000027777777777778 false");
    assert.equal(told("0.18000000000000002", 1_000_000), "0.00000018 false");
    assert.equal(told("2.5e-18"), "0.000000000000000002 false");
    assert.equal(told("3.5e-18"), "0.000000000000000004 false");
  });

  it("is refused where it is no price", () => {
    for (const text of [
      "-1",
      "",
      "free",
      "NaN",
      "Infinity",
      "0x10",
      "1".repeat(NUMBER_TEXT_MAX_CHARS + 1),
    ]) {
      assert.equal(told(text), "refused", text);
    }
  });

  it("may be as large as the limit and no larger", () => {
    assert.equal(told(`${PRICE_MAX_UNITS}`), `${PRICE_MAX_UNITS} true`);
    assert.equal(told(`${PRICE_MAX_UNITS}.000000000000000001`), "refused");
  });

  it("agrees with decimal arithmetic for every double that a list may hold", () => {
    const Exact = Decimal.clone({ precision: 100, rounding: Decimal.ROUND_HALF_EVEN });
    const listed = fc.double({ min: 1e-15, max: 1_000, noNaN: true });
    fc.assert(
      fc.property(listed, fc.constantFrom(1, 1_000, 3_600, 1_000_000), (number, per) => {
        const text = String(number);
        const found = unitPrice(text, per);
        const expected = new Exact(text).div(per).toDecimalPlaces(18);
        assert.equal(
          found === undefined ? undefined : formatPrice(found.price),
          expected.toFixed(),
        );
      }),
    );
  });
});
