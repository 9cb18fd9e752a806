import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Amount, formatAmount, parseAmount } from "../money/decimal.ts";
import { periodAt } from "./billing-period.ts";
import type { DatedCommitment } from "./commitment.ts";
import { drawnSoFar } from "./commitment-projection.ts";

const CALENDAR = { timeZone: "UTC", anchorDay: 1 };
const amount = (text: string) => parseAmount(text) as Amount;

const QUARTER: DatedCommitment = {
  key: "q",
  name: "Quarter",
  kind: "minimum",
  per: "contract",
  amount: amount("90"),
  currency: "USD",
  charges: null,
  overage: null,
  from: "2026-09-01",
  until: "2026-12-01",
  lastPeriod: "2026-11-01",
};

function project(commitment: DatedCommitment, used: string, now: string) {
  const nowMs = Date.parse(now);
  const period = periodAt(nowMs, CALENDAR);
  const at = commitment.per === "period" ? period.key : null;
  const [usage, most] = [amount(used), commitment.amount];
  const drawn = usage < most ? usage : most;
  const before = [{ key: "q", period: at, usage, drawn, trueUp: amount("0") }];
  const time = { calendar: CALENDAR, period, nowMs, rounding: "half_even" as const };
  const soFar = drawnSoFar(commitment, before, time);
  if (soFar === null) return null;
  const { exhaustedAtMs, projected } = soFar;
  return {
    left: formatAmount(soFar.left),
    exhausted: exhaustedAtMs === null ? null : new Date(exhaustedAtMs).toISOString(),
    end: projected && [projected.usage, projected.overage, projected.trueUp].map(formatAmount),
  };
}

describe("a projected commitment", () => {
  test("goes on at its pace over the whole contract", () => {
    const half = project(QUARTER, "30", "2026-10-16T12:00:00Z");
    assert.deepEqual(half, { left: "60", exhausted: null, end: ["60", "0", "30"] });
    const fast = project(QUARTER, "60", "2026-10-16T12:00:00Z");
    const exhausted = "2026-11-08T06:00:00.000Z";
    assert.deepEqual(fast, { left: "30", exhausted, end: ["120", "30", "0"] });
  });

  test("that is paid in advance owes nothing for what is missing", () => {
    const { end } = project({ ...QUARTER, kind: "prepaid" }, "30", "2026-10-16T12:00:00Z") ?? {};
    assert.deepEqual(end, ["60", "0", "0"]);
  });

  test("per period begins anew with each", () => {
    const monthly = { ...QUARTER, per: "period", amount: amount("31") } as const;
    const found = project(monthly, "31", "2026-10-16T12:00:00Z");
    const exhausted = "2026-10-16T12:00:00.000Z";
    assert.deepEqual(found, { left: "0", exhausted, end: ["62", "31", "0"] });
    assert.equal(project(monthly, "0", "2026-12-01T00:00:00Z"), null, "it has ended");
  });

  test("has no end in sight before anything was used, and none before it begins", () => {
    assert.equal(project(QUARTER, "0", "2026-08-31T23:59:59Z"), null);
    const first = project(QUARTER, "0", "2026-09-01T00:00:00Z");
    assert.deepEqual(first, { left: "90", exhausted: null, end: null });
    const none = project(QUARTER, "0", "2026-10-01T00:00:00Z");
    assert.deepEqual(none, { left: "90", exhausted: null, end: ["0", "0", "90"] });
    const over = project(QUARTER, "50", "2027-03-01T00:00:00Z");
    assert.deepEqual(over?.end, ["50", "0", "40"], "after its end nothing is stretched");
  });
});
