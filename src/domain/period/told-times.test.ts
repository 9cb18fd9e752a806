import assert from "node:assert/strict";
import { test } from "node:test";
import { type Amount, parseAmount } from "../money/decimal.ts";
import { minimumText, type PartialMinimum, spanText } from "./told-times.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 10, 1);
const span = (from: number, to: number) => {
  return { startMs: START_MS + from * DAY_MS, endMs: START_MS + to * DAY_MS };
};
const part = (text: string, ...spans: ReturnType<typeof span>[]): PartialMinimum => {
  return { amount: parseAmount(text) as Amount, spans };
};
const IN_BERLIN = { currency: "EUR", timeZone: "Europe/Berlin" };

test("a part of a period is told by the clock of who pays", () => {
  assert.equal(spanText(span(0, 1), "UTC"), "2026-11-01 00:00 to 2026-11-02 00:00");
  assert.equal(spanText(span(0, 1), "Asia/Kolkata"), "2026-11-01 05:30 to 2026-11-02 05:30");
});

test("a minimum tells what it comes to, with the decimals of its currency, and for when", () => {
  const one = [part("3.2", span(29, 30))];
  const told = "3.20 for 2026-11-30 01:00 to 2026-12-01 01:00 Europe/Berlin";
  assert.equal(minimumText(one, IN_BERLIN), told);
  const yen = minimumText([part("322", span(29, 30))], { currency: "JPY", timeZone: "UTC" });
  assert.equal(yen, "322 for 2026-11-30 00:00 to 2026-12-01 00:00 UTC");
});

test("minimums of several parts stand side by side; of too many, their sum and number", () => {
  const parts = [part("10", span(0, 5), span(10, 15)), part("40.5", span(5, 10))];
  assert.equal(
    minimumText(parts, { currency: "USD", timeZone: "UTC" }),
    "10.00 for 2026-11-01 00:00 to 2026-11-06 00:00 and 2026-11-11 00:00 to 2026-11-16 00:00, " +
      "40.50 for 2026-11-06 00:00 to 2026-11-11 00:00 UTC",
  );
  const days = [0, 2, 4, 6, 8].map((day) => span(day, day + 1));
  assert.equal(minimumText([part("7", ...days)], IN_BERLIN), "7.00 for 5 parts of the period");
});
