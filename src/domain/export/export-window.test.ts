import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { periodAt } from "../period/billing-period.ts";
import { lastEndedWindow, windowAt } from "./export-window.ts";

const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"];
const anyPlace = fc.record({
  instantMs: fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 11, 31) }),
  timeZone: fc.constantFrom(...ZONES),
  calendar: fc.record({
    timeZone: fc.constantFrom(...ZONES),
    anchorDay: fc.integer({ min: 1, max: 28 }),
  }),
  kind: fc.constantFrom("hour" as const, "day" as const, "period" as const),
});

test("windows part a period: each instant is in one, whose end follows from its start", () => {
  fc.assert(
    fc.property(anyPlace, ({ instantMs, timeZone, calendar, kind }) => {
      const period = periodAt(instantMs, calendar);
      const cut = { kind, timeZone };
      const window = windowAt(instantMs, period, cut);
      assert.ok(window.startMs <= instantMs && instantMs < window.endMs);
      assert.ok(period.startMs <= window.startMs && window.endMs <= period.endMs);
      assert.deepEqual(windowAt(window.startMs, period, cut), window);
      assert.deepEqual(windowAt(window.endMs - 1, period, cut), window);
      if (window.endMs === period.endMs) return;
      assert.equal(windowAt(window.endMs, period, cut).startMs, window.endMs);
    }),
  );
});

test("the last window that has ended is the one before the one under way", () => {
  fc.assert(
    fc.property(anyPlace, ({ instantMs, timeZone, calendar, kind }) => {
      const period = periodAt(instantMs, calendar);
      const cut = { kind, timeZone };
      const now = windowAt(instantMs, period, cut);
      const ended = lastEndedWindow(instantMs, period, cut);
      if (now.startMs === period.startMs) assert.equal(ended, null);
      else assert.equal(ended?.endMs, now.startMs);
      assert.equal(lastEndedWindow(period.endMs, period, cut)?.endMs, period.endMs);
      assert.equal(lastEndedWindow(period.startMs - 1, period, cut), null);
    }),
  );
});

test("a day of 25 hours is one window, and hours of half-hour zones begin at half past", () => {
  const period = periodAt(Date.UTC(2026, 9, 15), { timeZone: "Europe/Berlin", anchorDay: 1 });
  const cut = { kind: "day", timeZone: "Europe/Berlin" } as const;
  const { startMs, endMs } = windowAt(Date.UTC(2026, 9, 25, 12), period, cut);
  assert.equal(endMs - startMs, 25 * 3_600_000);
  const half = { kind: "hour", timeZone: "Asia/Kolkata" } as const;
  const window = windowAt(Date.UTC(2026, 9, 15, 10, 45), period, half);
  assert.equal(window.startMs, Date.UTC(2026, 9, 15, 10, 30));
});
