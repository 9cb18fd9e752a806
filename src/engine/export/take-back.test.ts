import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { AccountPeriod, AccountTerms } from "../../domain/export/plan-account.ts";
import { isTakenBack, isTakingBack, takeBack } from "./take-back.ts";

const PERIOD = { key: "2026-11-01", startMs: 0, endMs: 1_000 };
const WINDOW = { startMs: 0, endMs: 1_000 };
const ONE = 10n ** 33n;
const TERMS: AccountTerms = {
  ...{ nowMs: 2_000, cut: { kind: "period", timeZone: "UTC" }, values: "delta", isWhole: false },
  ...{ numbers: { scale: 0, significantDigits: null, negative: false }, pastMaxMs: null },
};

function lineOf(value: bigint, periodTotal: bigint, some: Partial<ExportLine> = {}): ExportLine {
  const place = { window: WINDOW, period: PERIOD.key, revision: 0, windowTotal: periodTotal };
  return {
    key: "k",
    no: 1,
    value,
    periodTotal,
    state: "confirmed",
    ...place,
    ...some,
  } as ExportLine;
}

function planned(ledger: bigint, last: ExportLine, canTakeBack = true) {
  const periods: AccountPeriod[] = [{ period: PERIOD, ledger, last }];
  return takeBack(periods, { before: [last], canTakeBack: () => canTakeBack, terms: TERMS });
}

test("a line that was too much is taken back whole, and the rest of it is owed again", () => {
  const last = lineOf(7n * ONE, 20n * ONE);
  const plan = planned(18n * ONE, last);
  assert.equal(plan?.takesBack, last);
  assert.deepEqual(
    plan?.lines.map(({ value, revision, windowTotal, periodTotal }) => {
      return [value / ONE, revision, windowTotal / ONE, periodTotal / ONE];
    }),
    [[-7n, 1, 13n, 13n]],
  );
  assert.equal(plan?.carried, 5n * ONE);
});

test("what is not confirmed, took something back itself or is too old is not taken back", () => {
  for (const state of ["accepted", "unknown", "ready"] as const) {
    assert.equal(planned(0n, lineOf(ONE, ONE, { state })), null, state);
  }
  assert.equal(planned(0n, lineOf(-ONE, ONE)), null);
  assert.equal(planned(0n, lineOf(ONE, ONE), false), null);
});

test("nothing is taken back where as much would be sent again", () => {
  // Two periods round for themselves: the first sends 1 of 0.6, whatever the second is owed.
  const first = { period: PERIOD, ledger: (6n * ONE) / 10n, last: lineOf(ONE, ONE) };
  const later = { key: "2026-12-01", startMs: 1_000, endMs: 1_500 };
  const second = { period: later, ledger: (3n * ONE) / 10n, last: null };
  const less = { ...second, ledger: -(8n * ONE) / 10n };
  const canTakeBack = () => true;
  const from = { before: [first.last], canTakeBack, terms: TERMS };
  assert.equal(takeBack([first, second], from), null);
  assert.equal(takeBack([first, less], from), null, "it would go to and fro for ever");
});

test("only where less than nothing cannot be sent does a line below nothing take one back", () => {
  const negative = { ...TERMS.numbers, negative: true };
  assert.equal(isTakingBack({ value: -1n }, { values: "delta", numbers: TERMS.numbers }), true);
  assert.equal(isTakingBack({ value: -1n }, { values: "delta", numbers: negative }), false);
  assert.equal(isTakingBack({ value: -1n }, { values: "absolute", numbers: negative }), false);
  assert.equal(isTakingBack({ value: 1n }, { values: "delta", numbers: TERMS.numbers }), false);
});

test("a line is taken back by the next line of its period that says the same below nothing", () => {
  const of = (no: number, value: bigint, some: Partial<ExportLine> = {}) =>
    lineOf(value, 0n, { key: `k${no}`, no, ...some });
  const [first, second] = [of(1, 7n), of(2, 7n)];
  const back = of(3, -7n, { state: "unknown" });
  assert.equal(isTakenBack(second, [first, second, back], TERMS), true);
  assert.equal(isTakenBack(first, [first, second, back], TERMS), false);
  for (const state of ["ready", "rejected", "voided"] as const) {
    assert.equal(isTakenBack(second, [first, second, of(3, -7n, { state })], TERMS), false, state);
  }
  const elsewhere = { ...back, period: "2026-12-01" };
  assert.equal(isTakenBack(second, [first, second, elsewhere], TERMS), false);
  const numbers = { ...TERMS.numbers, negative: true };
  assert.equal(isTakenBack(second, [second, back], { ...TERMS, numbers }), false, "a correction");
});
