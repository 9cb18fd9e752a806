import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseInstant } from "./rfc3339.ts";

const at = (text: string) => Temporal.Instant.from(text).epochMilliseconds;

describe("an instant", () => {
  test("is read in every form of RFC 3339, to the millisecond", () => {
    for (const text of [
      "2026-11-23T10:00:00Z",
      "2026-11-23T10:00:00.123Z",
      "2026-11-23t10:00:00.5z",
      "2026-11-23 10:00:00.12Z",
      "2026-11-23T10:00:00.123456789Z",
      "2026-11-23T10:00:00+00:00",
      "2026-11-23T10:00:00-00:00",
      "2026-11-23T10:00:00.9999+05:30",
      "2026-11-23T10:00:00-11:59",
      "2026-01-01T00:30:00+23:59",
      "2199-12-31T23:59:59.999Z",
    ]) {
      assert.equal(parseInstant(text), at(text), text);
    }
  });

  test("cuts digits beyond the millisecond, also just before a new period", () => {
    const last = at("2026-11-30T23:59:59.999Z");
    assert.equal(parseInstant("2026-11-30T23:59:59.9999Z"), last);
    assert.equal(parseInstant("2026-11-30T23:59:59.999999999Z"), last);
  });

  test("in a leap second is the last millisecond of its minute", () => {
    const last = at("2016-12-31T23:59:59.999Z");
    for (const text of [
      "2016-12-31T23:59:60Z",
      "2016-12-31T23:59:60.000Z",
      "2016-12-31T23:59:60.999Z",
      "2016-12-31T23:59:60.5Z",
      "2017-01-01T00:59:60+01:00",
    ]) {
      assert.equal(parseInstant(text), last, text);
    }
    assert.equal(parseInstant("2016-12-31T23:59:61Z"), undefined);
    assert.equal(parseInstant("2016-12-31T23:59:61.000Z"), undefined);
  });

  test("lies on a day that the calendar has", () => {
    for (const day of ["2024-02-29", "2000-02-29", "2026-02-28", "2026-04-30", "2026-12-31"]) {
      assert.equal(parseInstant(`${day}T00:00:00Z`), at(`${day}T00:00:00Z`));
    }
    for (const day of [
      ...["2026-02-30", "2026-02-29", "2100-02-29", "2024-02-30", "2026-04-31", "2026-06-31"],
      ...["2026-01-32", "2026-01-00", "2026-00-10", "2026-13-10", "2026-99-99"],
    ]) {
      for (const rest of ["T00:00:00Z", "T00:00:00.000Z", "T00:00:00z", "T00:00:00+01:00"]) {
        assert.equal(parseInstant(day + rest), undefined, day + rest);
      }
    }
  });

  test("is not something else, however near", () => {
    for (const text of [
      ...["", "Z", "now", "2026", "2026-11-23", "2026-11-23T10:00Z", "2026-11-23T10:00:00"],
      ...["1763892000", "1763892000000", "2026-11-23T10:00:00.Z", "2026-11-23T10:00:00.123"],
      ...["2026-11-23T24:00:00Z", "2026-11-23T10:60:00Z", "2026-11-23T10:00:00.1234567890Z"],
      ...["2026-11-23T10:00:00+24:00", "2026-11-23T10:00:00+01:60", "2026-11-23T10:00:00+0100"],
      ...["+002026-11-23T10:00:00Z", "-2026-11-23T10:00:00Z", " 2026-11-23T10:00:00Z"],
      ...["2026-11-23T10:00:00Z ", "2026-11-23T10:00:00Z\n", "2026-11-23T10:00:00ZZ"],
      ...["2026-1-23T10:00:00.00Z", "2026-11-23T1O:00:00Z", "2026-11-23T10:00:0 Z"],
      ...["２026-11-23T10:00:00Z", "2026-11-23T10:00:00,123Z", "2026-11-23T-1:00:00Z"],
      ...["2026/11/23T10:00:00Z", "2026-11-23_10:00:00Z", "2026-11-23T10.00.00Z"],
      `2026-11-23T10:00:00.${"1".repeat(40)}Z`,
    ]) {
      assert.equal(parseInstant(text), undefined, JSON.stringify(text));
    }
  });
});

describe("laws of instants", () => {
  const min = new Date("2000-01-01T00:00:00Z");
  const max = new Date("2199-12-31T23:59:59.999Z");
  const date = fc.date({ min, max, noInvalidDate: true });

  test("every millisecond is read as it is written, with any offset", () => {
    fc.assert(
      fc.property(date, fc.integer({ min: -1439, max: 1439 }), (when, offset) => {
        const text = when.toISOString();
        assert.equal(parseInstant(text), when.getTime());
        const whole = `${text.slice(0, 19)}Z`;
        assert.equal(parseInstant(whole), Math.floor(when.getTime() / 1000) * 1000);
        const local = new Date(when.getTime() + offset * 60_000).toISOString().slice(0, -1);
        const size = Math.abs(offset);
        const [hours, minutes] = [Math.floor(size / 60), size % 60].map((part) =>
          String(part).padStart(2, "0"),
        );
        assert.equal(
          parseInstant(`${local}${offset < 0 ? "-" : "+"}${hours}:${minutes}`),
          when.getTime(),
        );
      }),
    );
  });

  test("the plain form is read like any other form, also where a character is wrong", () => {
    const written = fc.record({
      when: date,
      hasMillis: fc.boolean(),
      at: fc.nat({ max: 22 }),
      other: fc.oneof(fc.constantFrom(..."0123456789-:.TZ/ "), fc.string({ minLength: 1 })),
    });
    fc.assert(
      fc.property(written, ({ when, hasMillis, at, other }) => {
        const text = when.toISOString();
        const body = hasMillis ? text.slice(0, 23) : text.slice(0, 19);
        const changed = body.slice(0, at) + other.slice(0, 1) + body.slice(at + 1);
        assert.equal(parseInstant(`${changed}Z`), parseInstant(`${changed}z`), changed);
      }),
      { numRuns: 2_000 },
    );
  });
});
