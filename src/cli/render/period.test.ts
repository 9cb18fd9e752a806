import assert from "node:assert/strict";
import { test } from "node:test";
import { periodText } from "./period.ts";

test("a period is told by its first and its last day where the customer lives", () => {
  const cases = [
    ["2026-11-01", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", "2026-11-30"],
    ["2027-01-31", "2027-01-30T23:00:00Z", "2027-02-27T23:00:00Z", "2027-02-27"],
    // Clocks go forward in Berlin, and back in New York.
    ["2027-03-15", "2027-03-14T23:00:00Z", "2027-04-14T22:00:00Z", "2027-04-14"],
    ["2027-10-15", "2027-10-15T04:00:00Z", "2027-11-15T05:00:00Z", "2027-11-14"],
    // The days of Auckland begin thirteen hours before those of UTC.
    ["2027-01-01", "2026-12-31T11:00:00.000Z", "2027-01-31T11:00:00.000Z", "2027-01-31"],
  ] as const;
  for (const [period, startsAt, endsAt, last] of cases) {
    assert.equal(periodText({ period, startsAt, endsAt }), `${period} through ${last}`);
  }
});
