import assert from "node:assert/strict";
import { test } from "node:test";
import { Decimal } from "decimal.js";
import fc from "fast-check";
import { AMOUNT_SCALE, NUMBER_TEXT_MAX_CHARS, QUANTITY_SCALE } from "../limits.ts";
import {
  type Amount,
  amountOfPrice,
  type Factor,
  formatAmount,
  formatPrice,
  formatQuantity,
  formatScaled,
  multiplyAmount,
  type Price,
  parseAmount,
  parsePercent,
  parsePrice,
  parseQuantity,
  parseScaled,
  priceQuantity,
  type Quantity,
  quantityOfInteger,
} from "./decimal.ts";

const Oracle = Decimal.clone({ precision: 200, toExpNeg: -200, toExpPos: 200 });
const scaled = fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n });

test("a decimal comes back from its text to the last digit", () => {
  fc.assert(
    fc.property(scaled, fc.nat(33), (value, scale) => {
      const text = formatScaled(value, scale);
      assert.equal(parseScaled(text, scale, 200), value);
      assert.equal(text, new Oracle(value.toString()).div(new Oracle(10).pow(scale)).toString());
    }),
  );
});

test("an amount as amounts are, few digits before many zeros, comes back from its text", () => {
  const digits = fc.oneof(fc.maxSafeNat(), fc.nat(1_000), fc.nat(1_000_000_000));
  const near = fc.constantFrom(0n, 0n, 1n, -1n);
  fc.assert(
    fc.property(digits, fc.nat(36), fc.tuple(near, fc.nat(33)), (few, zeros, [off, scale]) => {
      const value = BigInt(few) * 10n ** BigInt(zeros) + off;
      for (const signed of [value, -value]) {
        const text = formatScaled(signed, scale);
        const exact = new Oracle(signed.toString()).div(new Oracle(10).pow(scale));
        assert.equal(text, exact.toString().replace(/^-0$/, "0"));
        assert.equal(parseScaled(text, scale, 200), signed);
      }
    }),
    { numRuns: 500 },
  );
});

test("the edge of the safe integers changes no digit", () => {
  for (const units of [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n]) {
    assert.equal(formatScaled(units, 0), units.toString());
    assert.equal(formatScaled(units * 10n ** 21n, 33), `9007.${units.toString().slice(4)}`);
    assert.equal(parseScaled(units.toString(), 0), units);
  }
});

test("a text is read as an independent library reads it, or refused where it does not fit", () => {
  const text = fc.stringMatching(/^-?(0|[1-9]\d{0,9})(\.\d{1,12})?([eE][+-]?\d{1,2})?$/);
  fc.assert(
    fc.property(text, (made) => {
      const exact = new Oracle(made).mul(new Oracle(10).pow(QUANTITY_SCALE));
      const read = parseQuantity(made);
      if (exact.isInteger() && read !== undefined) assert.equal(read.toString(), exact.toFixed());
      else assert.ok(read === undefined || exact.isInteger());
      if (read === undefined) assert.ok(!exact.isInteger() || exact.abs().gte("1e40"), made);
    }),
  );
});

test("what is no plain decimal is refused", () => {
  const hostile = [
    "",
    " 1",
    "1 ",
    "+1",
    ".5",
    "5.",
    "01",
    "1_000",
    "0x10",
    "NaN",
    "Infinity",
    "１",
  ];
  for (const text of [...hostile, "1e", "1e9999", "--1", "1,5"]) {
    assert.equal(parseQuantity(text), undefined, text);
  }
});

test("a number's text is bounded before it is converted", () => {
  assert.equal(parseQuantity("1".repeat(NUMBER_TEXT_MAX_CHARS + 1)), undefined);
  assert.ok(parseQuantity("1".repeat(NUMBER_TEXT_MAX_CHARS)) !== undefined);
  assert.ok(parseQuantity("1".repeat(NUMBER_TEXT_MAX_CHARS - 1)) !== undefined);
  assert.equal(parseQuantity("1".repeat(1_000_000)), undefined);
});

test("nothing is rounded: a place too many is refused, at each scale", () => {
  assert.equal(parseQuantity("0.000000001"), 1n);
  assert.equal(parseQuantity("0.0000000001"), undefined);
  assert.equal(parsePrice(`0.${"0".repeat(17)}1`), 1n);
  assert.equal(parsePrice(`0.${"0".repeat(18)}1`), undefined);
  assert.equal(parseAmount(`0.${"0".repeat(AMOUNT_SCALE - 1)}1`), 1n);
  assert.equal(parseAmount(`0.${"0".repeat(AMOUNT_SCALE)}1`), undefined);
  assert.equal(parsePercent("12.3456"), 123_456n);
  assert.equal(parsePercent("12.34567"), undefined);
});

test("a quantity's text is that of any scaled number, whole or not, on both sides of 2^53", () => {
  const whole = fc.nat(20_000_000).map((units) => BigInt(units) * 10n ** BigInt(QUANTITY_SCALE));
  const edge = fc.bigInt({ min: -(10n ** 10n), max: 10n ** 10n }).map((off) => 2n ** 53n + off);
  const any = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
  const beside = fc.tuple(fc.oneof(whole, edge, any), fc.constantFrom(-1n, 0n, 1n));
  fc.assert(
    fc.property(beside, ([value, off]) => {
      const quantity = (value + off) as Quantity;
      assert.equal(formatQuantity(quantity), formatScaled(quantity, QUANTITY_SCALE));
    }),
    { numRuns: 1_000 },
  );
});

test("a million calls of 3 and 1 tokens cost exactly 1.05, where floats do not", () => {
  const price = (text: string) => parsePrice(text) as Price;
  const input = priceQuantity(quantityOfInteger(3_000_000), price("0.00000015"));
  const output = priceQuantity(quantityOfInteger(1_000_000), price("0.0000006"));
  assert.equal(formatAmount((input + output) as Amount), "1.05");
});

test("quantity × price × factor is exact", () => {
  const whole = fc.bigInt({ min: 0n, max: 10n ** 24n });
  fc.assert(
    fc.property(whole, whole, fc.bigInt({ min: 0n, max: 10n ** 8n }), (q, p, f) => {
      const amount = priceQuantity(q as Quantity, p as Price);
      const expected = new Oracle(formatQuantity(q as Quantity)).mul(formatPrice(p as Price));
      assert.equal(formatAmount(amount), expected.toString());
      const multiplied = multiplyAmount(amount, f as Factor);
      const factor = new Oracle(f.toString()).div("1e6");
      assert.equal(formatAmount(multiplied), expected.mul(factor).toString());
    }),
  );
});

test("a factor that would need a place more than amounts have crashes rather than rounds", () => {
  assert.throws(() => multiplyAmount(1n as Amount, 1n as Factor), /does not fit|scale/);
});

test("a price is the amount of one unit", () => {
  const price = parsePrice("0.00000125") as Price;
  assert.equal(formatAmount(amountOfPrice(price)), "0.00000125");
  assert.equal(amountOfPrice(price), priceQuantity(quantityOfInteger(1), price));
});
