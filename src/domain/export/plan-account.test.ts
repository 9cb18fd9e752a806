import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type BillingPeriod, periodAt } from "../period/billing-period.ts";
import { EXPORT_SCALE } from "./export-line.ts";
import {
  type AccountTerms,
  type LastLine,
  type PlannedLine,
  placeIn,
  planAccount,
} from "./plan-account.ts";

const DAY_MS = 24 * 3_600_000;
const START_MS = Date.UTC(2026, 8, 1);
const UNIT = 10n ** BigInt(EXPORT_SCALE);

const PERIODS: readonly BillingPeriod[] = [0, 35, 65].map((days) =>
  periodAt(START_MS + days * DAY_MS, { timeZone: "UTC", anchorDay: 1 }),
);

const anyTerms = fc.record({
  cut: fc.constant({ kind: "day", timeZone: "UTC" } as const),
  numbers: fc.record({
    scale: fc.integer({ min: 0, max: 6 }),
    significantDigits: fc.constantFrom(null, 9),
    negative: fc.boolean(),
  }),
  values: fc.constantFrom("delta" as const, "absolute" as const),
  isWhole: fc.constant(false),
  pastMaxMs: fc.constantFrom(null, 35 * DAY_MS),
});

/** What the books say at a time: they only ever say something else, never that they erred. */
const anyMoves = fc.array(
  fc.record({
    afterMs: fc.nat(9 * DAY_MS),
    period: fc.nat(2),
    ledger: fc.bigInt({ min: 0n, max: 10n ** 42n }),
  }),
  { maxLength: 20 },
);

test("sent and carried are the ledger, exactly, however the books move", () => {
  fc.assert(
    fc.property(anyTerms, anyMoves, (terms, moves) => {
      const ledgers = PERIODS.map(() => 0n);
      const lasts: (LastLine | null)[] = PERIODS.map(() => null);
      const revisions = new Set<string>();
      const told: LastLine[] = [];
      let [nowMs, sent] = [START_MS, 0n];
      for (const { afterMs, period, ledger } of moves) {
        nowMs += afterMs;
        ledgers[period] = ledger;
        const accounts = PERIODS.map((one, at) => ({
          ...{ period: one, ledger: ledgers[at] ?? 0n, last: lasts[at] ?? null },
        }));
        const { lines, carried } = planAccount(accounts, { ...terms, nowMs, told });
        for (const line of lines) {
          const key = `${line.window.startMs} ${line.revision}`;
          assert.ok(!revisions.has(key), `${key} is new`);
          revisions.add(key);
          assert.ok(line.window.endMs <= nowMs, "its window has ended");
          if (!terms.numbers.negative && terms.values === "delta") assert.ok(line.value > 0n);
          lasts[PERIODS.indexOf(line.period)] = line;
          sent += line.value;
          told.push(line);
          const window = told.filter((one) => one.window.startMs === line.window.startMs);
          const sum = window.reduce((total, one) => total + (one as PlannedLine).value, 0n);
          assert.equal(line.windowTotal, sum, "a window's total is that of its lines");
        }
        const all = ledgers.reduce((sum, one) => sum + one, 0n);
        assert.equal(sent + carried, all);
      }
    }),
  );
});

const TERMS: AccountTerms = {
  ...{ nowMs: Date.UTC(2026, 8, 3, 5), cut: { kind: "day", timeZone: "UTC" } },
  numbers: { scale: 2, significantDigits: null, negative: false },
  ...{ values: "delta", isWhole: false, pastMaxMs: null },
};
const [SEPTEMBER, OCTOBER] = PERIODS as [BillingPeriod, BillingPeriod];

test("what a target's numbers cannot hold goes on to the next period", () => {
  const third = UNIT / 3n;
  const nowMs = Date.UTC(2026, 9, 3);
  const { lines, carried } = planAccount(
    [
      { period: SEPTEMBER, ledger: third, last: null },
      { period: OCTOBER, ledger: third, last: null },
    ],
    { ...TERMS, nowMs },
  );
  assert.deepEqual(
    lines.map(({ value }) => value),
    [33n, 34n].map((cents) => (cents * UNIT) / 100n),
  );
  assert.equal(lines.reduce((sum, { value }) => sum + value, 0n) + carried, 2n * third);
});

test("late usage of a window that was told is its next revision, and of that alone", () => {
  const first = planAccount([{ period: SEPTEMBER, ledger: 5n * UNIT, last: null }], TERMS);
  const [last = null] = first.lines;
  const { lines } = planAccount([{ period: SEPTEMBER, ledger: 8n * UNIT, last }], TERMS);
  const [line] = lines;
  assert.deepEqual(line?.window, last?.window);
  assert.deepEqual([line?.revision, line?.value], [1, 3n * UNIT]);
  assert.deepEqual(line?.windowTotal, 8n * UNIT);
});

test("less than was told waits where a target takes nothing less than nothing", () => {
  const first = planAccount([{ period: SEPTEMBER, ledger: 5n * UNIT, last: null }], TERMS);
  const [last = null] = first.lines;
  const less = planAccount([{ period: SEPTEMBER, ledger: 3n * UNIT, last }], TERMS);
  assert.deepEqual([less.lines, less.carried], [[], -2n * UNIT]);
});

test("what is too old for a target is told in its newest window, not dropped", () => {
  const nowMs = Date.UTC(2026, 10, 20);
  const accounts = PERIODS.map((period) => ({ period, ledger: UNIT, last: null }));
  const { lines } = planAccount(accounts, { ...TERMS, nowMs, pastMaxMs: 10 * DAY_MS });
  assert.deepEqual(
    lines.map(({ window, revision }) => [window.endMs, revision]),
    [0, 1, 2].map((revision) => [nowMs, revision]),
  );
});

test("a window's next revision is one more than any that is known", () => {
  const window = { startMs: 0, endMs: 1 };
  const known = [
    { window, revision: 2, windowTotal: 7n },
    null,
    { window, revision: 1, windowTotal: 5n },
    { window: { startMs: 1, endMs: 2 }, revision: 9, windowTotal: 1n },
  ];
  assert.deepEqual(placeIn(window, known), { revision: 3, windowTotal: 7n });
  assert.deepEqual(placeIn({ startMs: 5, endMs: 6 }, known), { revision: 0, windowTotal: 0n });
});

test("once the books stand still, what is planned ends, also where periods share a window", () => {
  const anyHalf = fc.bigInt({ min: 0n, max: 400n }).map((halves) => (halves * UNIT) / 2n);
  const anyBooks = fc.array(fc.tuple(anyHalf, anyHalf, anyHalf), { minLength: 1, maxLength: 4 });
  const anyValues = fc.constantFrom("delta" as const, "absolute" as const);
  fc.assert(
    fc.property(anyBooks, anyValues, fc.boolean(), (books, values, negative) => {
      const numbers = { scale: 0, significantDigits: null, negative };
      // The first two periods are too old for windows of their own: all three share the newest.
      const nowMs = START_MS + 80 * DAY_MS;
      const cut = { kind: "day", timeZone: "UTC" } as const;
      const terms = { nowMs, cut, numbers, values, isWhole: false, pastMaxMs: 5 * DAY_MS };
      const lasts: (LastLine | null)[] = PERIODS.map(() => null);
      const told: LastLine[] = [];
      const plan = (ledgers: readonly bigint[]): readonly PlannedLine[] => {
        const accounts = PERIODS.map((period, at) => {
          return { period, ledger: ledgers[at] ?? 0n, last: lasts[at] ?? null };
        });
        const { lines } = planAccount(accounts, { ...terms, told });
        for (const line of lines) lasts[PERIODS.indexOf(line.period)] = line;
        told.push(...lines);
        return lines;
      };
      for (const ledgers of books) {
        for (let pass = 0; plan(ledgers).length > 0; pass += 1) assert.ok(pass < 4, "it ends");
      }
    }),
  );
});
