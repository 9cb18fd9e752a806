import assert from "node:assert/strict";
import { test } from "node:test";
import { isDate, isDateBeginning } from "./calendar-date.ts";

test("a date is a day that the calendar has", () => {
  for (const date of ["2026-11-01", "2026-12-31", "2028-02-29", "2000-02-29"]) {
    assert.ok(isDate(date), date);
    assert.ok(isDateBeginning(date), date);
  }
  for (const text of ["2026-02-29", "2100-02-29", "2026-04-31", "2026-13-01", "2026-11-00"]) {
    assert.ok(!isDate(text), text);
    assert.ok(!isDateBeginning(text), text);
  }
});

test("a date is written in one way", () => {
  const others = ["2026-11-1", "20261101", "2026-11-01T00:00", " 2026-11-01", "+002026-11-01", ""];
  for (const text of others) {
    assert.ok(!isDate(text), text);
    assert.ok(!isDateBeginning(text), text);
  }
});

test("a date begins with a year, or with a year and a month of it", () => {
  for (const text of ["2026", "2026-11"]) {
    assert.ok(isDateBeginning(text), text);
    assert.ok(!isDate(text), text);
  }
  for (const text of ["2026-13", "2026-00", "2026-", "2026-1", "202", "2026-11-"]) {
    assert.ok(!isDateBeginning(text), text);
  }
});
