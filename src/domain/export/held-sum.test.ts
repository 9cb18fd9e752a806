import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ExportLine, LineState } from "./export-line.ts";
import { surplusOf } from "./held-sum.ts";

type Known = readonly [value: bigint, state: LineState, some?: Partial<ExportLine>];

const ONE = 10n ** 33n;
const told = ({ windowTotal }: ExportLine) => ({ place: "", value: windowTotal });
const [DELTA, ABSOLUTE] = [
  { values: "delta", told },
  { values: "absolute", told },
] as const;

/** Lines of one window, in order; what is sent has a time. */
function linesOf(known: readonly Known[]): ExportLine[] {
  let windowTotal = 0n;
  return known.map(([value, state, some = {}], no) => {
    windowTotal += value;
    const firstSentAtMs = state === "ready" ? null : 1;
    const line = { no, value, state, windowTotal, firstSentAtMs, isUnclear: false };
    return { ...line, window: { startMs: 0, endMs: 1 }, ...some } as ExportLine;
  });
}

test("what goes beyond all that may have arrived is too much", () => {
  const lines = linesOf([
    [3n, "confirmed"],
    [2n, "unknown"],
    [4n, "ready"],
    [5n, "rejected"],
    [6n, "superseded"],
  ]);
  assert.equal(surplusOf(5n, lines, DELTA), 0n);
  assert.equal(surplusOf(6n, lines, DELTA), 1n);
  assert.equal(surplusOf(2n, lines, DELTA), 0n, "what is missing is no surplus");
  assert.equal(surplusOf(7n, [], DELTA), 7n);
});

test("a refusal that may have arrived, and what a person settled, may be there", () => {
  const lines = linesOf([
    [5n, "rejected", { isUnclear: true }],
    [4n, "voided", { firstSentAtMs: null }],
  ]);
  assert.equal(surplusOf(9n, lines, DELTA), 0n);
  assert.equal(surplusOf(10n, lines, DELTA), 1n);
});

test("a taking back counts once it is carried out", () => {
  const lines = (state: LineState) =>
    linesOf([
      [5n, "confirmed"],
      [-5n, state],
      [3n, "accepted"],
    ]);
  assert.equal(surplusOf(8n, lines("accepted"), DELTA), 0n);
  assert.equal(surplusOf(8n, lines("confirmed"), DELTA), 5n);
});

test("of what overwrites, the newest that is sure stands, or any that was told since", () => {
  const lines = linesOf([
    [9n, "confirmed"],
    [-4n, "confirmed"],
    [1n, "unknown"],
    [2n, "ready"],
  ]);
  assert.equal(surplusOf(5n, lines, ABSOLUTE), 0n);
  assert.equal(surplusOf(6n, lines, ABSOLUTE), 0n);
  assert.equal(surplusOf(7n, lines, ABSOLUTE), 1n);
  const other = { ...lines[1], no: 9, window: { startMs: 7, endMs: 8 } } as ExportLine;
  assert.equal(surplusOf(11n, [...lines, other], ABSOLUTE), 0n, "another window stands beside it");
});

test("whatever of known lines arrived is no surplus, and all that is more is told whole", () => {
  const state = fc.constantFrom<LineState>("confirmed", "accepted", "unknown", "in_flight");
  const anyLine = fc.tuple(fc.bigInt(0n, 99n), state, fc.boolean());
  fc.assert(
    fc.property(fc.array(anyLine), fc.bigInt(1n, 99n), (some, more) => {
      const lines = linesOf(some.map(([value, of]) => [value * ONE, of]));
      const there = some.filter(([, of, isThere]) => of === "confirmed" || isThere);
      const sum = (of: typeof some) => of.reduce((total, [value]) => total + value * ONE, 0n);
      assert.equal(surplusOf(sum(there), lines, DELTA), 0n);
      assert.equal(surplusOf(sum(some) + more * ONE, lines, DELTA), more * ONE);
    }),
  );
});

test("what doubles cannot add up is no surplus, and the thirteenth digit is none", () => {
  const lines = linesOf([[3n * (ONE / 10n), "confirmed"]]);
  assert.equal(surplusOf((ONE / 10n ** 17n) * 30000000000000004n, lines, DELTA), 0n);
  const many = linesOf([[2n * 10n ** 9n * ONE, "confirmed"]]);
  const least = ONE / 1_000n;
  assert.equal(surplusOf(2n * 10n ** 9n * ONE + least, many, DELTA), 0n);
  assert.equal(surplusOf(2n * 10n ** 9n * ONE + 3n * least, many, DELTA), 3n * least);
});
