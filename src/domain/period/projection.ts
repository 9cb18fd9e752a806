/**
 * What a period is expected to come to. Linear: what was counted so far, stretched to the whole
 * period, and billed as it would be then. So bounds, discounts and caps apply to the expected
 * charges; fees and bookings of other periods stay what they are.
 */
import { type Amount, ZERO_AMOUNT } from "../money/decimal.ts";
import { roundAmount } from "../money/rounding.ts";
import { buildStatement, type StatementInput } from "./statement.ts";
import type { LineKind, StatementLine } from "./statement-line.ts";

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

const CHARGES: ReadonlySet<LineKind> = new Set(["charge", "tier_correction"]);
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
    charges: input.charges.map((count) => ({
      ...count,
      running: stretched(count.running),
      final: stretched(count.final),
    })),
    trials: input.trials.map((trial) => ({ ...trial, amount: stretched(trial.amount) })),
    runs: input.runs.map((run) => ({
      ...run,
      cap: stretched(run.cap),
      minimum: stretched(run.minimum),
    })),
  });
  const chargesExact = sumOf(lines.filter(({ kind }) => CHARGES.has(kind)));
  return { currentExact, elapsedShare, chargesExact, total };
}

function sumOf(lines: readonly StatementLine[]): Amount {
  return lines.reduce((sum, line) => sum + line.amountExact, ZERO_AMOUNT as bigint) as Amount;
}
