/**
 * What a period is expected to come to. Linear: what was counted so far, stretched to the whole
 * period, and billed as it would be then. So bounds, discounts and caps apply to the expected
 * charges; fees and bookings of other periods stay what they are. What is free in a trial counts
 * until its end, and what is paid from then on: before that, the trial says what it will come to.
 */
import { isTrialCell, pricedCell } from "../event/trial-cell.ts";
import { type Amount, ZERO_AMOUNT } from "../money/decimal.ts";
import { roundAmount } from "../money/rounding.ts";
import type { Stretch } from "./card-spans.ts";
import { buildStatement, type StatementInput } from "./statement.ts";
import type { ChargeCount, LineKind, StatementLine } from "./statement-line.ts";

/** A period under way and its expected total. */
export interface Projection {
  /** What has been charged and booked so far, without what fills up to a minimum; exact. */
  readonly currentExact: Amount;
  /** Elapsed share of the period, from 0 to 1, cut to six places; the scale of an Amount. */
  readonly elapsedShare: Amount;
  /** Expected charges, worked out to the last place of an Amount; null where nothing elapsed. */
  readonly chargesExact: Amount | null;
  /** Expected total, rounded like a statement is; null where nothing elapsed. */
  readonly total: Amount | null;
}

const CHARGES: ReadonlySet<LineKind> = new Set(["charge", "tier_correction", "trial"]);
/** Lines that say what is missing now and may not be missing at the end. */
const FILLING: ReadonlySet<LineKind> = new Set([
  "charge_minimum",
  "true_up",
  "minimum",
  "rounding",
]);

const SHARE_DECIMALS = 6;
const ONE = 10n ** 33n;

/** Projects the statement that a period would have if it were closed at an instant. */
export function projectStatement(input: StatementInput, nowMs: number): Projection {
  const { period } = input;
  const length = BigInt(period.endMs - period.startMs);
  const elapsed = BigInt(Math.min(Math.max(nowMs, period.startMs), period.endMs) - period.startMs);
  const current = buildStatement(input).lines.filter(({ kind }) => !FILLING.has(kind));
  const currentExact = sumOf(current);
  const share = ((ONE * elapsed) / length) as Amount;
  const elapsedShare = roundAmount(share, SHARE_DECIMALS, "down").rounded;
  if (elapsed === 0n) return { currentExact, elapsedShare, chargesExact: null, total: null };
  const stretched = (amount: Amount) => ((amount * length) / elapsed) as Amount;
  const { lines, total } = buildStatement({
    ...input,
    charges: input.charges.flatMap((count) => expectedCounts(count, { period, nowMs })),
    trials: input.trials.map((trial) => {
      return { ...trial, amount: expected(trial.amount, trial.stretch ?? period, nowMs) };
    }),
    runs: input.runs.map((run) => ({
      ...run,
      cap: stretched(run.cap),
      minimum: stretched(run.minimum),
    })),
  });
  const chargesExact = sumOf(lines.filter(({ kind }) => CHARGES.has(kind)));
  return { currentExact, elapsedShare, chargesExact, total };
}

interface Now {
  readonly period: Stretch;
  readonly nowMs: number;
}

/** What was counted so far, until the end of the stretch in which it counts. */
function expected(amount: Amount, { startMs, endMs }: Stretch, nowMs: number): Amount {
  const [elapsed, length] = [Math.min(nowMs, endMs) - startMs, endMs - startMs];
  return elapsed <= 0
    ? amount
    : ((((amount as bigint) * BigInt(length)) / BigInt(elapsed)) as Amount);
}

/** A count at the end of the period; while a trial lasts, also what is paid after it. */
function expectedCounts(count: ChargeCount, { period, nowMs }: Now): ChargeCount[] {
  const { cell, running, final, stretch = period } = count;
  const until = (part: Stretch): ChargeCount => ({
    ...count,
    running: expected(running, part, nowMs),
    final: expected(final, part, nowMs),
  });
  const isUnderWay = stretch.startMs < nowMs && nowMs < stretch.endMs;
  if (!isTrialCell(cell) || !isUnderWay || stretch.endMs >= period.endMs) return [until(stretch)];
  const own = until(stretch);
  const all = until({ ...stretch, endMs: period.endMs });
  const paid = {
    ...{ ...count, cell: pricedCell(cell) },
    running: (all.running - own.running) as Amount,
    final: (all.final - own.final) as Amount,
  };
  return [own, paid];
}

function sumOf(lines: readonly StatementLine[]): Amount {
  return lines.reduce((sum, line) => sum + line.amountExact, ZERO_AMOUNT as bigint) as Amount;
}
