import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { OCCURRED_AT_MAX_MS, OCCURRED_AT_MIN_MS, PERIODS_REMEMBERED_MAX_COUNT } from "../limits.ts";
import { type BillingCalendar, isTimeZone, periodAt, rememberedPeriods } from "./billing-period.ts";

const at = (text: string) => Temporal.Instant.from(text).epochMilliseconds;
const text = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toString();

function period(instant: string, timeZone: string, anchorDay = 1) {
  const { key, startMs, endMs } = periodAt(at(instant), { timeZone, anchorDay });
  return [key, text(startMs), text(endMs)];
}

describe("a billing period", () => {
  test("is a month from midnight to midnight in the customer's time zone", () => {
    const november = ["2026-11-01", "2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z"];
    assert.deepEqual(period("2026-10-31T23:00:00Z", "Europe/Berlin"), november);
    assert.deepEqual(period("2026-11-30T22:59:59.999Z", "Europe/Berlin"), november);
    assert.equal(period("2026-11-30T23:00:00Z", "Europe/Berlin")[0], "2026-12-01");
  });

  test("starts on the anchor day, or on the last day of a shorter month", () => {
    const keys = ["2027-01-30", "2027-01-31", "2027-02-28", "2027-03-30", "2027-03-31"].map(
      (date) => period(`${date}T00:00:00Z`, "UTC", 31)[0],
    );
    const expected = ["2026-12-31", "2027-01-31", "2027-02-28", "2027-02-28", "2027-03-31"];
    assert.deepEqual(keys, expected);
    assert.equal(period("2028-02-29T00:00:00Z", "UTC", 30)[0], "2028-02-29", "leap year");
    assert.equal(period("2027-01-01T00:00:00Z", "UTC", 15)[0], "2026-12-15", "across the year");
  });

  test("keeps its midnight when clocks change within it", () => {
    assert.deepEqual(period("2026-03-15T00:00:00Z", "Europe/Berlin"), [
      "2026-03-01",
      "2026-02-28T23:00:00Z",
      "2026-03-31T22:00:00Z",
    ]);
  });

  test("starts with the day where clocks skip midnight", () => {
    // Santiago goes from 24:00 on 5 September 2026 to 1:00.
    const [key, start] = period("2026-09-06T12:00:00Z", "America/Santiago", 6);
    assert.deepEqual([key, start], ["2026-09-06", "2026-09-06T04:00:00Z"]);
    // Apia had no 30 December 2011 at all.
    const [apia, apiaStart] = period("2012-01-10T00:00:00Z", "Pacific/Apia", 30);
    assert.deepEqual([apia, apiaStart], ["2011-12-30", "2011-12-30T10:00:00Z"]);
  });

  test("has begun for good, even where clocks go back into the day before", () => {
    // St. John's: 0:01 on 1 November 2009 became 23:01 on 31 October.
    const start = "2009-11-01T02:30:00Z";
    for (const instant of [start, "2009-11-01T02:40:00Z", "2009-11-01T03:29:00Z"]) {
      assert.deepEqual(period(instant, "America/St_Johns").slice(0, 2), ["2009-11-01", start]);
    }
    assert.equal(period("2009-11-01T02:29:59Z", "America/St_Johns")[0], "2009-10-01");
  });

  test("needs an anchor that is a day of the month", () => {
    for (const anchorDay of [0, 32, 1.5, Number.NaN]) {
      assert.throws(() => period("2026-01-01T00:00:00Z", "UTC", anchorDay), /Invariant broken/);
    }
  });

  test("needs a time zone that exists", () => {
    const names = ["Europe/Berlin", "UTC", "Europe/Atlantis", "", "../etc", "x".repeat(10_000)];
    assert.deepEqual(names.map(isTimeZone), [true, true, false, false, false, false]);
  });
});

const arbitraryCalendar: fc.Arbitrary<BillingCalendar> = fc.record({
  timeZone: fc.constantFrom(
    ...["UTC", "Europe/Berlin", "America/St_Johns", "America/Santiago", "America/Havana"],
    ...["Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca", "Australia/Lord_Howe"],
    ...["Asia/Tehran", "Pacific/Kiritimati", "Antarctica/Troll"],
  ),
  anchorDay: fc.integer({ min: 1, max: 31 }),
});
const arbitraryInstant = fc.integer({ min: OCCURRED_AT_MIN_MS, max: OCCURRED_AT_MAX_MS });

describe("periods tile time", () => {
  test("each instant lies in its period, and all instants of a period agree", () => {
    fc.assert(
      fc.property(arbitraryInstant, arbitraryCalendar, (instantMs, calendar) => {
        const found = periodAt(instantMs, calendar);
        assert.ok(found.startMs <= instantMs && instantMs < found.endMs);
        assert.deepEqual(periodAt(found.startMs, calendar), found);
        assert.deepEqual(periodAt(found.endMs - 1, calendar), found);
      }),
      { numRuns: 300 },
    );
  });

  test("each period ends where the next one starts, under a later key", () => {
    fc.assert(
      fc.property(arbitraryInstant, arbitraryCalendar, (instantMs, calendar) => {
        const found = periodAt(instantMs, calendar);
        const next = periodAt(found.endMs, calendar);
        const before = periodAt(found.startMs - 1, calendar);
        assert.equal(next.startMs, found.endMs);
        assert.equal(before.endMs, found.startMs);
        assert.ok(before.key < found.key && found.key < next.key);
      }),
      { numRuns: 300 },
    );
  });
});

describe("remembered periods", () => {
  test("are the periods themselves, in any order of asking", () => {
    const remembered = rememberedPeriods();
    const asked = fc.tuple(fc.integer({ min: 0, max: 10 ** 10 }), arbitraryCalendar);
    fc.assert(
      fc.property(asked, ([offsetMs, calendar]) => {
        const instantMs = at("2026-01-01T00:00:00Z") + offsetMs;
        assert.deepEqual(remembered(instantMs, calendar), periodAt(instantMs, calendar));
      }),
      { numRuns: 300 },
    );
  });

  test("are computed once", () => {
    const remembered = rememberedPeriods();
    const calendar = { timeZone: "UTC", anchorDay: 1 };
    const first = remembered(at("2026-11-02T00:00:00Z"), calendar);
    assert.equal(remembered(at("2026-11-29T00:00:00Z"), calendar), first);
    assert.notEqual(remembered(at("2026-12-01T00:00:00Z"), calendar), first);
  });

  test("are forgotten before they fill the memory", () => {
    const remembered = rememberedPeriods();
    const calendar = (index: number) => ({ timeZone: "UTC", anchorDay: (index % 28) + 1 });
    const instant = (index: number) =>
      OCCURRED_AT_MIN_MS + Math.floor(index / 28) * 32 * 86_400_000;
    const first = remembered(instant(0), calendar(0));
    for (let index = 1; index < PERIODS_REMEMBERED_MAX_COUNT; index += 1) {
      remembered(instant(index), calendar(index));
    }
    assert.equal(remembered(instant(0), calendar(0)), first);
    remembered(OCCURRED_AT_MAX_MS, calendar(0));
    assert.notEqual(remembered(instant(0), calendar(0)), first);
  });
});
