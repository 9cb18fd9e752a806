/**
 * Where each charge goes on as it came, what is expected of a commitment is what comes of it: the
 * statements of all periods to come are drawn one by one, and compared with what was expected.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Amount } from "../money/decimal.ts";
import { type BillingPeriod, periodAt } from "./billing-period.ts";
import { crossingsOf, type DatedCommitment, datedCommitment } from "./commitment.ts";
import { CommitmentDraw, type DrawnBefore } from "./commitment-draw.ts";
import { drawnSoFar } from "./commitment-projection.ts";

const CALENDAR = { timeZone: "Europe/Berlin", anchorDay: 1 };
const DAY_MS = 86_400_000;
const CENT = 10n ** 31n;

const MONTHS = ["2026-09", "2026-10", "2026-11", "2026-12", "2027-01", "2027-02", "2027-03"];
const dateOf = (at: number) => `${MONTHS[at]}-01`;

/** Periods of all that is looked at, from the first month on. */
const PERIODS: readonly BillingPeriod[] = MONTHS.map((month) =>
  periodAt(Date.parse(`${month}-15T00:00:00Z`), CALENDAR),
);

const anyCommitment = fc.record({
  kind: fc.constantFrom("prepaid" as const, "minimum" as const),
  isPerPeriod: fc.boolean(),
  charges: fc.constantFrom(null, ["a"], ["b"], ["a", "b"]),
  cents: fc.integer({ min: 1, max: 60_000 }),
  from: fc.integer({ min: 0, max: 3 }),
  months: fc.integer({ min: 1, max: 6 }),
  isEndless: fc.boolean(),
});

const anyWorld = fc.record({
  terms: fc.array(anyCommitment, { minLength: 1, maxLength: 4 }),
  /** Cents a day of each charge. */
  pace: fc.tuple(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: 900 })),
  month: fc.integer({ min: 0, max: 5 }),
  share: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
});

type World = typeof anyWorld extends fc.Arbitrary<infer T> ? T : never;

function commitmentsOf({ terms }: World): DatedCommitment[] {
  return terms.map(({ kind, isPerPeriod, charges, cents, from, months, isEndless }, index) => {
    const isOpen = isPerPeriod && isEndless;
    const until = isOpen ? null : dateOf(Math.min(from + months, MONTHS.length - 1));
    const per = isPerPeriod ? ("period" as const) : ("contract" as const);
    const about = { key: `c${index}`, name: "C", kind, per, charges, currency: "USD" };
    const amount = (BigInt(cents) * CENT) as Amount;
    const dated = { ...about, amount, overage: null, from: dateOf(from), until };
    return datedCommitment(dated, CALENDAR);
  });
}

/** What each charge came to from one instant to another. */
function usedIn(pace: World["pace"], startMs: number, endMs: number) {
  const of = (cents: number) => (BigInt(cents) * CENT * BigInt(endMs - startMs)) / BigInt(DAY_MS);
  return new Map([
    ["a", of(pace[0])],
    ["b", of(pace[1])],
  ]);
}

interface Drawing {
  readonly commitments: readonly DatedCommitment[];
  readonly pace: World["pace"];
}

/** What the statement of a period carries, where usage is counted until an instant. */
function drawnIn(
  { commitments, pace }: Drawing,
  period: BillingPeriod,
  at: { readonly before: readonly DrawnBefore[]; readonly untilMs: number },
): DrawnBefore[] {
  const input = { commitments, before: at.before, closed: new Set<string>() };
  const draw = new CommitmentDraw(input, period.key);
  const untilMs = Math.max(period.startMs, Math.min(period.endMs, at.untilMs));
  draw.own(usedIn(pace, period.startMs, untilMs));
  return draw.drawdowns().map(({ commitment, period: of, usage, drawn }) => {
    const about = { key: commitment.key, period: of, statementPeriod: period.key };
    return { ...about, usage, drawn, trueUp: 0n as Amount };
  });
}

function allDrawn(of: Drawing, periods: readonly BillingPeriod[], untilMs: number) {
  let before: readonly DrawnBefore[] = [];
  for (const period of periods) {
    before = [...before, ...drawnIn(of, period, { before, untilMs })];
  }
  return before;
}

/** Whether nothing that begins later takes a part of what comes now, and leaves another. */
function isForeseeable(commitments: readonly DatedCommitment[], now: BillingPeriod): boolean {
  return commitments.every(({ from, charges }) => from <= now.key || charges === null);
}

test("usage that goes on as it came brings a contract where it was expected", () => {
  let compared = 0;
  let chained = 0;
  const law = fc.property(anyWorld, (world) => {
    const commitments = commitmentsOf(world);
    const period = PERIODS[world.month];
    fc.pre(period !== undefined && crossingsOf(commitments).length === 0);
    fc.pre(isForeseeable(commitments, period));
    const of = { commitments, pace: world.pace };
    const nowMs = period.startMs + Math.floor((period.endMs - period.startMs) * world.share);
    const past = PERIODS.slice(0, world.month);
    const before = allDrawn(of, past, nowMs);
    const current = drawnIn(of, period, { before, untilMs: nowMs });
    const time = { calendar: CALENDAR, period, nowMs, rounding: "half_even" as const };
    const told = drawnSoFar(commitments, { before, current }, time);
    const end = allDrawn(of, PERIODS, Number.MAX_SAFE_INTEGER);
    for (const [index, commitment] of commitments.entries()) {
      const soFar = told[index];
      if (commitment.per === "period" || !soFar?.projected) continue;
      const own = end.filter(({ key }) => key === commitment.key);
      const usage = own.reduce((sum, one) => sum + one.usage, 0n);
      const off = usage - soFar.projected.usage;
      assert.ok((off < 0n ? -off : off) <= CENT, `${commitment.key} is off by ${off / CENT} cents`);
      if (soFar.exhaustedAtMs !== null && soFar.exhaustedAtMs > nowMs) {
        const until = (atMs: number) =>
          allDrawn(of, PERIODS, atMs)
            .filter(({ key }) => key === commitment.key)
            .reduce((sum, one) => sum + one.usage, 0n);
        assert.ok(until(soFar.exhaustedAtMs) >= commitment.amount - CENT / 1_000n, "used up");
        assert.ok(until(soFar.exhaustedAtMs - 60_000) < commitment.amount, "and not before");
      }
      compared += 1;
      if (commitments.length > 1 && usage > 0n && nowMs < soFar.endMs) chained += 1;
    }
  });
  fc.assert(law, { numRuns: process.env.TOLLGATE_TEST_FULL ? 100_000 : 2_000 });
  assert.ok(compared > 100 && chained > 50, `${compared} compared, ${chained} in chains`);
});
