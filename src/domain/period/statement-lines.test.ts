import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Amount, type Factor, parseAmount } from "../money/decimal.ts";
import type { Discount } from "../rating/rate-card.ts";
import { lineOrder } from "./line-order.ts";
import type { FeePart } from "./period-terms.ts";
import {
  adjustedName,
  discountLine,
  feeLine,
  roundingLines,
  runLines,
  trialLines,
} from "./statement-lines.ts";

const amount = (text: string) => parseAmount(text) as Amount;
const PERIOD = { key: "1970-01-01", startMs: 0, endMs: 86_400_000 };
const IN_UTC = { period: PERIOD, timeZone: "UTC" };

describe("lines of a statement", () => {
  test("a fee says for which part of the period it is", () => {
    const fee: FeePart = {
      ...{ cardKey: "card", feeKey: "base", name: "Base fee", amount: amount("5") },
      ...{ startMs: 0, endMs: 86_400_000 },
    };
    assert.equal(feeLine(fee, IN_UTC).description, "Base fee");
    assert.equal(
      feeLine({ ...fee, startMs: 43_200_500 }, IN_UTC).description,
      "Base fee: 1970-01-01 12:00:00.5 to 1970-01-02 00:00 UTC",
    );
  });

  test("the part that a fee is for is told by the customer's clock, across a change of it", () => {
    const [startMs, endMs] = [Date.UTC(2027, 1, 28, 23), Date.UTC(2027, 2, 31, 22)];
    const period = { key: "2027-03-01", startMs, endMs };
    const fee: FeePart = {
      ...{ cardKey: "card", feeKey: "base", name: "Base fee", amount: amount("5") },
      ...{ startMs: Date.UTC(2027, 2, 15, 23), endMs },
    };
    assert.equal(
      feeLine(fee, { period, timeZone: "Europe/Berlin" }).description,
      "Base fee: 2027-03-16 00:00 to 2027-04-01 00:00 Europe/Berlin",
    );
    const autumn = { key: "2027-10-01", startMs: 0, endMs: Date.UTC(2027, 9, 31, 23) };
    const told = [0, 1].map((hour) => {
      const part = { ...fee, startMs: Date.UTC(2027, 9, 31, hour, 30), endMs: autumn.endMs };
      return feeLine(part, { period: autumn, timeZone: "Europe/Berlin" }).description.slice(10, 32);
    });
    assert.deepEqual(told, ["2027-10-31 02:30+02:00", "2027-10-31 02:30+01:00"]);
  });

  test("a discount says its percentage", () => {
    const discount: Discount = {
      ...{ key: "off", name: "Partner", value: { percent: 125_000n as Factor } },
      ...{ charges: null, from: null, until: null },
    };
    const line = discountLine({ discount, amount: amount("3") });
    assert.deepEqual([line.description, line.amountExact], ["Partner (12.5 %)", amount("-3")]);
  });

  test("bounds of runs say how many runs they changed; without one there is no line", () => {
    const none = { cardKey: "card", cappedRuns: 0, raisedRuns: 0 };
    const capped = { ...none, cappedRuns: 2, cap: amount("-3"), minimum: amount("0") };
    const other = { ...none, cap: amount("0"), minimum: amount("0") };
    const [line, ...others] = runLines([capped, other], lineOrder([]));
    assert.deepEqual(others, []);
    assert.deepEqual(
      [line?.kind, line?.measure, line?.quantity],
      ["run_cap", "runs", 2n * 10n ** 9n],
    );
  });

  test("a cell is told by its name, and that of all others in words", () => {
    const name = (cell: string) => adjustedName({ chargeKey: "tools", cell }, "Tool calls");
    assert.deepEqual(["", "web_search", "*"].map(name), [
      "Tool calls",
      "Tool calls (web_search)",
      "Tool calls (all others)",
    ]);
  });

  test("a trial that came to nothing and a rounding of nothing are left out", () => {
    const trial = { cardKey: "card", chargeKey: "a", cell: "x", name: "A", amount: amount("0") };
    assert.deepEqual(trialLines([trial], lineOrder([])), []);
    const [line] = trialLines([{ ...trial, amount: amount("1") }], lineOrder([]));
    assert.equal(line?.description, "A (x): trial");
    assert.deepEqual(roundingLines(amount("0")), []);
  });
});
