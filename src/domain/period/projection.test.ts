import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Amount, formatAmount, parseAmount, type Quantity } from "../money/decimal.ts";
import { NO_TERMS } from "./period-terms.ts";
import { projectStatement } from "./projection.ts";

const amount = (text: string): Amount => parseAmount(text) ?? assert.fail(text);
const DAY_MS = 86_400_000;
const PERIOD = { key: "2026-11-01", startMs: 0, endMs: 30 * DAY_MS };

interface Case {
  readonly charged?: string;
  readonly adjusted?: string;
  readonly minimum?: string;
  readonly days: number;
  readonly currency?: string;
}

function project({ charged = "0", adjusted, minimum, days, currency = "USD" }: Case) {
  const at = { cardKey: "card", chargeKey: "c", cell: "" };
  const least = minimum === undefined ? null : amount(minimum);
  const running = amount(charged);
  const where = { customer: "acme", bookedPeriod: "2026-11-01", originPeriod: "2026-10-01" };
  const cause = { reason: "late_event", run: "r", source: "s", id: "e" } as const;
  const booked = {
    seq: 1,
    ...where,
    ...at,
    amount: amount(adjusted ?? "0"),
    credits: null,
    ...cause,
  };
  const count = { ...at, name: "C", measure: "steps", quantity: 1n as Quantity };
  const terms = { ...NO_TERMS, minimum: least };
  const input = {
    ...{ customer: "acme", period: PERIOD, currency, rounding: "half_even" as const },
    ...{ credit: null, terms, trials: [], runs: [] },
    charges: [
      {
        ...count,
        running,
        final: running,
        included: 0n,
        credits: null,
        correctionCredits: null,
        credit: null,
        conversions: [],
      },
    ],
    adjustments: adjusted === undefined ? [] : [booked],
  };
  const found = projectStatement(input, days * DAY_MS);
  const text = (value: Amount | null) => (value === null ? null : formatAmount(value));
  return {
    current: text(found.currentExact),
    share: text(found.elapsedShare),
    total: text(found.total),
  };
}

describe("the projection of a period", () => {
  test("stretches the charges so far to the whole period", () => {
    const wanted = { current: "10.005", share: "0.333333", total: "30.02" };
    assert.deepEqual(project({ charged: "10.005", days: 10 }), wanted);
  });

  test("is the bill itself when the period has ended, and after it", () => {
    const wanted = { current: "10.005", share: "1", total: "10" };
    assert.deepEqual(project({ charged: "10.005", days: 30 }), wanted);
    assert.deepEqual(project({ charged: "10.005", days: 40 }), wanted);
  });

  test("has nothing to go by before any time has passed", () => {
    assert.deepEqual(project({ charged: "1", days: 0 }), { current: "1", share: "0", total: null });
  });

  test("leaves bookings of other periods as they are", () => {
    const { current, total } = project({ charged: "1", adjusted: "-0.5", days: 15 });
    assert.deepEqual([current, total], ["0.5", "1.5"]);
  });

  test("fills up to the minimum, which is no part of what is so far", () => {
    const below = project({ charged: "1", minimum: "5", adjusted: "0.25", days: 10 });
    assert.deepEqual([below.current, below.total], ["1.25", "5.25"]);
    assert.equal(project({ charged: "2", minimum: "5", days: 10 }).total, "6");
  });

  test("is rounded to the decimals of the currency", () => {
    assert.equal(project({ charged: "10.26", days: 20, currency: "JPY" }).total, "15");
    assert.equal(project({ charged: "10.26", days: 20, currency: "KWD" }).total, "15.39");
  });
});
