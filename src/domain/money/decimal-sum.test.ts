import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AMOUNT_SCALE } from "../limits.ts";
import { formatScaled } from "./decimal.ts";
import { DecimalSum } from "./decimal-sum.ts";

const SCALE = AMOUNT_SCALE;

function sumOfTexts(texts: readonly string[]): bigint {
  const sum = new DecimalSum(SCALE);
  const line = texts.join(" ");
  let from = 0;
  for (const text of texts) {
    sum.addText(line, from, from + text.length);
    from += text.length + 1;
  }
  return sum.total;
}

test("a sum of texts is the sum of their numbers, whatever their size, places and sign", () => {
  const short = fc.bigInt({ min: 0n, max: 10n ** 15n }).map((units) => units * 10n ** 24n);
  const any = fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n });
  const values = fc.array(fc.oneof(short, any, fc.constant(0n)), { maxLength: 30 });
  const property = fc.property(values, (numbers) => {
    const texts = numbers.map((number) => formatScaled(number, SCALE));
    assert.equal(
      sumOfTexts(texts),
      numbers.reduce((sum, number) => sum + number, 0n),
    );
  });
  fc.assert(property);
});

test("a sum stays exact where its short part would no longer be a safe integer", () => {
  const text = "999999999999999";
  const wanted = BigInt(text) * 10n ** BigInt(SCALE) * 100n;
  assert.equal(sumOfTexts(Array.from({ length: 100 }, () => text)), wanted);
});

test("values and texts are added into one sum", () => {
  const sum = new DecimalSum(2);
  sum.add(5n);
  sum.addText("1.5", 0, 3);
  assert.equal(sum.total, 155n);
});

test("what is no decimal crashes rather than be counted as something", () => {
  for (const text of ["", ".", "1,5", "1..5", "x"]) {
    assert.throws(() => new DecimalSum(2).addText(text, 0, text.length), /decimal/, text);
  }
});
