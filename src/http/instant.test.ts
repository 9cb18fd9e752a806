import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TollgateError } from "../domain/errors.ts";
import { optionalInstant, timeText, timeTextOrNull } from "./instant.ts";

const codeOf = (text: string): string => {
  try {
    optionalInstant(text, "at");
    return "taken";
  } catch (error) {
    return error instanceof TollgateError ? error.code : "another error";
  }
};

describe("instants", () => {
  test("any offset and any number of decimals are read", () => {
    const ten = Date.UTC(2026, 10, 23, 10);
    assert.equal(optionalInstant("2026-11-23T10:00:00Z", "at"), ten);
    assert.equal(optionalInstant("2026-11-23t11:30:00.123456789+01:30", "at"), ten + 123);
    assert.equal(optionalInstant(undefined, "at"), null);
    assert.equal(optionalInstant(null, "at"), null);
    assert.equal(timeText(ten), "2026-11-23T10:00:00.000Z");
    assert.equal(timeTextOrNull(null), null);
  });

  test("what is no instant is refused, a day that does not exist too", () => {
    const forms = ["", "now", "2026-11-23", "2026-11-23T10:00:00", "2026-11-23 10:00:00Z"];
    const absurd = ["2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-23T24:00:01Z"];
    const others = ["20261123T100000Z", "2026-11-23T10:00:00Z[UTC]", "2026-11-23T10:00:00+99:00"];
    for (const text of [...forms, ...absurd, ...others]) {
      assert.equal(codeOf(text), "field.invalid", text);
    }
    assert.equal(codeOf("1999-12-31T23:59:59Z"), "field.out_of_range");
    assert.equal(codeOf("2200-01-01T00:00:00Z"), "field.out_of_range");
    assert.equal(codeOf("2000-01-01T00:00:00Z"), "taken");
    assert.equal(codeOf("2199-12-31T23:59:59.999Z"), "taken");
  });
});
