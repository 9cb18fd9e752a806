import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Amount, parseAmount } from "../money/decimal.ts";
import { conditionHolds, parseCondition, percentChange } from "./condition.ts";

const amount = (text: string): Amount => parseAmount(text) ?? assert.fail(text);

function holds(text: string, before: string, after: string): boolean {
  const condition = parseCondition(text) ?? assert.fail(`no condition: ${text}`);
  return conditionHolds(condition, { before: amount(before), after: amount(after) });
}

test("a condition is on the change, in percent or as an amount, to the last digit", () => {
  assert.equal(holds("revenue < -2%", "100", "98"), false);
  assert.equal(holds("revenue < -2%", "100", "97.999999999999999999999999999999999"), true);
  assert.equal(holds("revenue <= -2%", "100", "98"), true);
  assert.equal(holds("margin > 0.1%", "1000", "1001"), false);
  assert.equal(holds("margin>=0.1 %", "1000", "1001"), true);
  assert.equal(holds("revenue < -100", "5000", "4900"), false);
  assert.equal(holds("revenue < -100", "5000", "4899.99"), true);
  assert.equal(holds("cost > 0%", "7", "7"), false);
});

test("a percentage of a loss is of its size: a smaller loss is a gain", () => {
  assert.equal(holds("margin > 49%", "-100", "-50"), true);
  assert.equal(holds("margin < 0%", "-100", "-150"), true);
});

test("of nothing, any change is without end and no change is 0 %", () => {
  assert.equal(holds("revenue > 1000000%", "0", "0.01"), true);
  assert.equal(holds("revenue < -5%", "0", "-0.01"), true);
  assert.equal(holds("revenue < -5%", "0", "0"), false);
  assert.equal(holds("revenue >= 0%", "0", "0"), true);
  assert.equal(holds("revenue > -5%", "0", "0"), true);
});

test("what is no condition is none", () => {
  const wrong = ["", "revenue", "revenue < ", "profit < 1%", "revenue = 1", "revenue < 1 2"];
  const more = ["revenue < 1..2", "revenue < 1e3", "revenue < .", "revenue << 1", "revenue <1%%"];
  const long = `revenue < ${"1".repeat(60)}`;
  for (const text of [...wrong, ...more, long]) assert.equal(parseCondition(text), undefined, text);
});

test("of two opposite operators exactly one holds", () => {
  const texts = fc.bigInt({ min: -1_000n, max: 1_000n });
  const property = fc.property(fc.tuple(texts, texts, texts), fc.boolean(), (amounts, share) => {
    const [before, after, value] = amounts;
    const compared = { before: before as Amount, after: after as Amount };
    const says = (operator: string) => {
      const text = `revenue ${operator} ${value}${share ? "%" : ""}`;
      return conditionHolds(parseCondition(text) ?? assert.fail(text), compared);
    };
    assert.notEqual(says("<"), says(">="));
    assert.notEqual(says(">"), says("<="));
  });
  fc.assert(property);
});

test("a change in percent is told with two decimals", () => {
  const percent = (before: string, after: string) =>
    percentChange({ before: amount(before), after: amount(after) });
  assert.equal(percent("3", "4"), "+33.33");
  assert.equal(percent("3", "2"), "-33.33");
  assert.equal(percent("8", "8"), "0.00");
  assert.equal(percent("-4", "-3"), "+25.00");
  assert.equal(percent("0", "3"), null);
  assert.equal(percent("100000", "100005"), "+0.01");
});
