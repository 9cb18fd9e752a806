import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { periodOf } from "./price-fixtures.test.ts";
import { periodInForce } from "./rate-period.ts";

const MINUTE_MS = 60_000;
const at = (text: string) => Date.parse(text);
const from = (text: string | null) => ({ effectiveFromMs: text === null ? null : at(text) });
const window = (fromMinute: number, toMinute: number) => ({ daily: { fromMinute, toMinute } });

describe("dated rates", () => {
  const periods = [periodOf([]), periodOf([], from("2026-08-21T00:00:00Z"))];

  it("hold from their first millisecond on", () => {
    assert.equal(periodInForce(periods, at("2026-08-20T23:59:59.999Z")), 0);
    assert.equal(periodInForce(periods, at("2026-08-21T00:00:00.000Z")), 1);
  });

  it("are found by the latest start, in whatever order they are listed", () => {
    assert.equal(periodInForce(periods.toReversed(), at("2026-09-01T00:00:00Z")), 0);
  });

  it("do not hold before the first start", () => {
    assert.equal(periodInForce(periods.slice(1), at("2026-01-01T00:00:00Z")), -1);
  });
});

describe("daily windows", () => {
  const day = periodOf([], window(30, 16 * 60 + 30));

  it("hold from their first to before their last minute, in UTC", () => {
    const periods = [periodOf([]), day];
    assert.equal(periodInForce(periods, at("2026-05-05T00:29:59.999Z")), 0);
    assert.equal(periodInForce(periods, at("2026-05-05T00:30:00Z")), 1);
    assert.equal(periodInForce(periods, at("2026-05-05T16:29:59.999Z")), 1);
    assert.equal(periodInForce(periods, at("2026-05-05T16:30:00Z")), 0);
  });

  it("may pass midnight", () => {
    const periods = [periodOf([]), periodOf([], window(22 * 60, 6 * 60))];
    const holds = (hour: number) => periodInForce(periods, hour * 60 * MINUTE_MS) === 1;
    assert.deepEqual([21, 22, 23, 0, 5, 6].map(holds), [false, true, true, true, true, false]);
  });

  it("win over all-day rates of the same start, whichever is listed first", () => {
    assert.equal(periodInForce([day, periodOf([])], at("2026-05-05T12:00:00Z")), 0);
  });

  it("yield to later all-day rates", () => {
    const periods = [day, periodOf([], from("2026-01-01T00:00:00Z"))];
    assert.equal(periodInForce(periods, at("2026-05-05T12:00:00Z")), 1);
  });

  it("leave a gap to earlier rates where their own start has nothing else", () => {
    const later = periodOf([], { ...from("2026-01-01T00:00:00Z"), ...window(60, 120) });
    assert.equal(periodInForce([periodOf([]), later], at("2026-05-05T12:00:00Z")), 0);
    assert.equal(periodInForce([periodOf([]), later], at("2026-05-05T01:30:00Z")), 1);
  });
});
