import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Amount, formatAmount, parseAmount } from "../money/decimal.ts";
import { bookingsOf, isByHand, parseMoney } from "./booking.ts";
import type { Adjustment } from "./records.ts";

const amount = (text: string): Amount => parseAmount(text) ?? assert.fail(text);

function row(some: Partial<Adjustment>): Adjustment {
  return {
    ...{ seq: 1, customer: "acme", bookedPeriod: "2026-11-01", originPeriod: "2026-11-01" },
    ...{ cardKey: "", chargeKey: "goodwill", cell: "a", amount: amount("-5"), reason: "goodwill" },
    ...{ credits: null, run: "", source: "", id: "a" },
    ...some,
  };
}

const linesOf = (rows: readonly Adjustment[]) =>
  bookingsOf(rows, { describe: (kind, id) => `${kind} of ${id}` }).map((booking) => {
    const { kind, cell, description, originPeriod } = booking;
    return [kind, cell, description, originPeriod, formatAmount(booking.amount)].join(" | ");
  });

describe("bookings by hand", () => {
  test("are lines of their own, in the order in which they were made", () => {
    const rows = [row({ seq: 3, cell: "b", amount: amount("-1") }), row({ seq: 2 })];
    const wanted = ["goodwill | a | goodwill of a |  | -5", "goodwill | b | goodwill of b |  | -1"];
    assert.deepEqual(linesOf(rows), wanted);
  });

  test("a dispute that is held out and released in one period leaves no line", () => {
    const held = row({ chargeKey: "dispute", reason: "disputed", originPeriod: "2026-10-01" });
    const released = row({ ...held, seq: 9, reason: "upheld", amount: amount("5") });
    assert.deepEqual(linesOf([held]), ["dispute | a | dispute of a | 2026-10-01 | -5"]);
    assert.deepEqual(linesOf([held, released]), []);
  });

  test("what usage has caused is none", () => {
    for (const reason of ["late_event", "voided", "reissued"] as const) {
      assert.equal(isByHand({ reason }), false);
      assert.deepEqual(linesOf([row({ reason })]), []);
    }
  });
});

describe("money that a person gives", () => {
  test("is positive and has the decimals of its currency", () => {
    assert.equal(parseMoney("5.25", "USD"), amount("5.25"));
    assert.equal(parseMoney("5.250", "USD"), amount("5.25"));
    assert.equal(parseMoney("5.255", "KWD"), amount("5.255"));
    for (const [text, currency] of [
      ["5.255", "USD"],
      ["5.5", "JPY"],
      ["0", "USD"],
      ["-1", "USD"],
      ["five", "USD"],
      ["1", "ZZZ"],
    ] as const) {
      assert.equal(parseMoney(text, currency), undefined, `${text} ${currency}`);
    }
  });
});
