import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportLine } from "../../domain/export/export-line.ts";
import { isTakenBack } from "./take-back.ts";

const DELTA = {
  values: "delta",
  numbers: { scale: 2, significantDigits: null, negative: false },
} as const;

function lineOf(no: number, value: bigint, state: ExportLine["state"] = "confirmed"): ExportLine {
  return { key: `k${no}`, no, value, state, period: "2026-11-01" } as ExportLine;
}

test("a line is taken back by the next line of its period that says the same below nothing", () => {
  const [first, second] = [lineOf(1, 7n), lineOf(2, 7n)];
  const back = lineOf(3, -7n, "unknown");
  assert.equal(isTakenBack(second, [first, second, back], DELTA), true);
  assert.equal(isTakenBack(first, [first, second, back], DELTA), false);
  for (const state of ["ready", "rejected", "voided"] as const) {
    assert.equal(isTakenBack(second, [first, second, lineOf(3, -7n, state)], DELTA), false, state);
  }
  const elsewhere = { ...back, period: "2026-12-01" };
  assert.equal(isTakenBack(second, [first, second, elsewhere], DELTA), false);
  const numbers = { ...DELTA.numbers, negative: true };
  assert.equal(isTakenBack(second, [second, back], { ...DELTA, numbers }), false, "a correction");
});
