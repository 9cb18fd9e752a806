import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { SPANS } from "./budget.ts";
import { rememberedWindows, windowStartMs } from "./window.ts";

const ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"];

const BERLIN = { timeZone: "Europe/Berlin", anchorDay: 1 };
const at = (text: string) => Temporal.Instant.from(text).epochMilliseconds;

describe("The windows of a budget", () => {
  it("tile time: every instant is in one, which ends where the next begins", () => {
    const windowOf = rememberedWindows();
    const spans = SPANS.filter((per) => per !== "lifetime");
    const instants = fc.integer({ min: 946_684_800_000, max: 4_102_444_800_000 });
    const zones = fc.constantFrom(...ZONES);
    const anchors = fc.integer({ min: 1, max: 7 });
    const calendars = fc.record({
      per: fc.constantFrom(...spans),
      timeZone: zones,
      anchorDay: anchors,
    });
    fc.assert(
      fc.property(calendars, instants, (budget, atMs) => {
        const { key, startMs, endMs } = windowOf(budget, atMs, null);
        assert.ok(startMs <= atMs && endMs !== null && atMs < endMs);
        const next = windowOf(budget, endMs, null);
        assert.equal(next.startMs, endMs);
        assert.notEqual(next.key, key);
        assert.equal(windowStartMs(budget, key), startMs);
      }),
      { numRuns: 2_000 },
    );
  });

  it("know days of 23 and 25 hours, and an hour that comes twice", () => {
    const windowOf = rememberedWindows();
    const day = { per: "day" as const, ...BERLIN };
    const lengthOf = (text: string) => {
      const { startMs, endMs } = windowOf(day, at(text), null);
      return ((endMs ?? 0) - startMs) / 3_600_000;
    };
    assert.equal(lengthOf("2026-03-29T10:00Z"), 23);
    assert.equal(lengthOf("2026-10-25T10:00Z"), 25);
    const hour = { per: "hour" as const, ...BERLIN };
    const first = windowOf(hour, at("2026-10-25T00:30Z"), null);
    const second = windowOf(hour, at("2026-10-25T01:30Z"), null);
    assert.deepEqual([first.key, second.key], ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00"]);
  });

  it("of a week begin on its anchor day, of a month on the anchor or the last day", () => {
    const windowOf = rememberedWindows();
    const week = { per: "week" as const, timeZone: "UTC", anchorDay: 7 };
    assert.equal(windowOf(week, at("2026-11-26T12:00Z"), null).key, "2026-11-22");
    const month = { per: "month" as const, timeZone: "UTC", anchorDay: 31 };
    assert.equal(windowOf(month, at("2026-11-26T12:00Z"), null).key, "2026-10-31");
  });

  it("of a billing period are those of the customer", () => {
    const windowOf = rememberedWindows();
    const budget = { per: "billing_period" as const, timeZone: "UTC", anchorDay: 1 };
    const customer = { timeZone: "Asia/Kathmandu", anchorDay: 15 };
    assert.equal(windowOf(budget, at("2026-11-26T12:00Z"), customer).key, "2026-11-15");
  });
});
