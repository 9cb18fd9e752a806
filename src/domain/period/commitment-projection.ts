/**
 * When a commitment is expected to be used up, and what its end is expected to bring. Linear: the
 * usage so far goes on at the same pace, from the first instant of its time to the last.
 */
import { currencyDecimals } from "../money/currency.ts";
import type { Amount } from "../money/decimal.ts";
import { type RoundingMode, roundAmount } from "../money/rounding.ts";
import type { BillingCalendar, BillingPeriod } from "./billing-period.ts";
import { type DatedCommitment, firstPeriodFrom, holdsIn, lastPeriodBefore } from "./commitment.ts";
import type { DrawnBefore } from "./commitment-draw.ts";

/** Where a commitment stands. Amounts are of its period, or of the whole contract. */
export interface DrawnSoFar {
  /** Null: of a contract. */
  readonly period: string | null;
  readonly startMs: number;
  readonly endMs: number;
  readonly usage: Amount;
  readonly drawn: Amount;
  readonly left: Amount;
  /** At the pace so far, the instant at which it is used up; null: not before its end. */
  readonly exhaustedAtMs: number | null;
  /** Expected at its end; null where nothing of its time has elapsed. */
  readonly projected: ProjectedEnd | null;
}

/** What the end is expected to bring, rounded like a statement is. */
export interface ProjectedEnd {
  readonly usage: Amount;
  /** Usage beyond the amount, at the card's price; later commitments may draw it. */
  readonly overage: Amount;
  /** What will be billed because it is missing; 0 for one that is paid in advance. */
  readonly trueUp: Amount;
}

/** What a projection of commitments looks at. */
export interface ProjectionTime {
  readonly calendar: BillingCalendar;
  /** The period that lasts now. */
  readonly period: BillingPeriod;
  readonly nowMs: number;
  readonly rounding: RoundingMode;
}

/** Null: its time has not begun, or (of one per period) it has ended. */
export function drawnSoFar(
  commitment: DatedCommitment,
  drawn: readonly DrawnBefore[],
  time: ProjectionTime,
): DrawnSoFar | null {
  const span = spanOf(commitment, time);
  if (span === null) return null;
  const own = drawn.filter(({ key, period }) => key === commitment.key && period === span.period);
  const sum = (part: "usage" | "drawn") => own.reduce((all, one) => all + one[part], 0n) as Amount;
  const [usage, drawnTotal] = [sum("usage"), sum("drawn")];
  const left = (commitment.amount - drawnTotal) as Amount;
  const pace = paceOf(span, usage, time.nowMs);
  return {
    ...span,
    usage,
    drawn: drawnTotal,
    left,
    exhaustedAtMs: exhaustedAt(commitment, span, pace),
    projected: pace === null ? null : projectedEnd(commitment, pace, time.rounding),
  };
}

interface Span {
  readonly period: string | null;
  readonly startMs: number;
  readonly endMs: number;
}

function spanOf(commitment: DatedCommitment, { calendar, period, nowMs }: ProjectionTime) {
  if (commitment.per === "period" || commitment.until === null) {
    if (!holdsIn(commitment, period.key)) return null;
    return { period: period.key, startMs: period.startMs, endMs: period.endMs };
  }
  const { startMs } = firstPeriodFrom(commitment.from, calendar);
  const { endMs } = lastPeriodBefore(commitment.until, calendar);
  return nowMs < startMs ? null : { period: null, startMs, endMs };
}

interface Pace {
  readonly usage: bigint;
  readonly elapsedMs: bigint;
  readonly lengthMs: bigint;
}

function paceOf({ startMs, endMs }: Span, usage: Amount, nowMs: number): Pace | null {
  const elapsedMs = BigInt(Math.min(nowMs, endMs) - startMs);
  if (elapsedMs <= 0n) return null;
  return { usage: usage > 0n ? usage : 0n, elapsedMs, lengthMs: BigInt(endMs - startMs) };
}

/** The first whole millisecond by which the amount is reached. */
function exhaustedAt({ amount }: DatedCommitment, { startMs }: Span, pace: Pace | null) {
  if (pace === null || pace.usage === 0n) return null;
  const { usage, elapsedMs, lengthMs } = pace;
  const neededMs = (amount * elapsedMs + usage - 1n) / usage;
  return neededMs > lengthMs ? null : startMs + Number(neededMs);
}

function projectedEnd(
  { amount, kind, currency }: DatedCommitment,
  { usage, elapsedMs, lengthMs }: Pace,
  mode: RoundingMode,
): ProjectedEnd {
  const decimals = currencyDecimals(currency) ?? 2;
  const stretched = ((usage * lengthMs) / elapsedMs) as Amount;
  const { rounded } = roundAmount(stretched, decimals, mode);
  const isMissed = kind === "minimum" && rounded < amount;
  return {
    usage: rounded,
    overage: (rounded > amount ? rounded - amount : 0n) as Amount,
    trueUp: (isMissed ? amount - rounded : 0n) as Amount,
  };
}
