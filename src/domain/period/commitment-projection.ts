/**
 * When a commitment is expected to be used up, and what its end is expected to bring. Linear: the
 * usage so far goes on at the same pace, from the first instant of its time to the last. What one
 * commitment has no room for flows on to a later one, at the moment at which it is used up: so the
 * later one is expected to be drawn from then on, though nothing has reached it yet.
 */
import { currencyDecimals } from "../money/currency.ts";
import type { Amount } from "../money/decimal.ts";
import { type RoundingMode, roundAmount } from "../money/rounding.ts";
import type { BillingCalendar, BillingPeriod } from "./billing-period.ts";
import { type DatedCommitment, holdsIn } from "./commitment.ts";
import type { DrawnBefore } from "./commitment-draw.ts";
import {
  atLeast0,
  ContractsAhead,
  feedersOf,
  isOfPeriods,
  leftBy,
  type Outlook,
  ownOf,
  type Span,
  sumOf,
} from "./contracts-ahead.ts";

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
  /** For how long what draws it has been seen, at least; 0 or less: its time has not elapsed. */
  readonly elapsedMs: number;
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

/** What commitments have drawn, by whom. */
export interface DrawnByNow {
  /** By the statements in force and the open periods before this one. */
  readonly before: readonly DrawnBefore[];
  /** By the period that lasts now, as if it were closed. */
  readonly current: readonly DrawnBefore[];
}

/**
 * Where each commitment stands, in their order, which is that in which usage draws them. Null: its
 * time has not begun, or (of one per period) it has ended.
 */
export function drawnSoFar(
  commitments: readonly DatedCommitment[],
  drawn: DrawnByNow,
  time: ProjectionTime,
): (DrawnSoFar | null)[] {
  const all = [...drawn.before, ...drawn.current];
  const inPeriod = flowsOfPeriod(commitments, drawn, time);
  const ahead = new ContractsAhead(commitments, all, time);
  return commitments.map((commitment) => {
    const found = isOfPeriods(commitment)
      ? outlookInPeriod(inPeriod, commitment)
      : ahead.outlookOf(commitment);
    if (found === null) return null;
    const { span, usage, elapsedMs } = found;
    const drawnTotal = sumOf(ownOf(all, commitment, span), "drawn");
    const left = (commitment.amount - drawnTotal) as Amount;
    const about = { ...span, usage, drawn: drawnTotal, left, elapsedMs };
    if (elapsedMs <= 0) return { ...about, exhaustedAtMs: null, projected: null };
    const projected = projectedEnd(commitment, found.usageAt(span.endMs), time.rounding);
    return { ...about, exhaustedAtMs: exhaustedAt(commitment, found, time.nowMs), projected };
  });
}

function outlookInPeriod(flows: readonly Flow[], wanted: DatedCommitment): Outlook | null {
  const flow = flows.find(({ commitment }) => commitment === wanted);
  if (flow === undefined) return null;
  const { span, usage } = flow;
  const elapsedMs = leastElapsed(flows, flow);
  return { span, usage, elapsedMs, usageAt: (atMs) => usageAt(flows, flow, atMs) };
}

/** Usage that draws a commitment: what comes to it by itself, and what others leave. */
interface Flow {
  readonly commitment: DatedCommitment;
  readonly span: Span;
  readonly usage: Amount;
  /** What came by itself in the time that elapsed: it goes on at this pace. */
  readonly own: bigint;
  readonly elapsedMs: number;
  /** Until when that is known: now, or the end. */
  readonly nowMs: number;
  /** The commitments that leave to this one what they have no room for. */
  readonly feeders: readonly DatedCommitment[];
}

/** Flows of the period that lasts now, in which contracts leave to commitments per period too. */
function flowsOfPeriod(
  commitments: readonly DatedCommitment[],
  { before, current }: DrawnByNow,
  { period, nowMs }: ProjectionTime,
): Flow[] {
  const span = { period: period.key, startMs: period.startMs, endMs: period.endMs };
  const held = commitments.filter((one) => holdsIn(one, period.key));
  const all = [...before, ...current];
  return held.map((commitment) => {
    const feeders = feedersOf(held, commitment);
    const at = { ...span, period: isOfPeriods(commitment) ? period.key : null };
    const own = sumOf(ownOf(current, commitment, at), "usage") - leftBy(feeders, current);
    const usage = sumOf(ownOf(all, commitment, at), "usage");
    const known = { nowMs, elapsedMs: nowMs - period.startMs };
    return { commitment, span: at, usage, own: atLeast0(own), ...known, feeders };
  });
}

/** What usage that is offered to one of the flows comes to at an instant to come. */
function usageAt(flows: readonly Flow[], wanted: Flow, atMs: number): bigint {
  const found = new Map<DatedCommitment, bigint>();
  for (const { commitment, usage, own, elapsedMs, nowMs, feeders } of flows) {
    const aheadMs = Math.max(0, atMs - nowMs);
    let there = atLeast0(usage);
    if (elapsedMs > 0) there += (own * BigInt(aheadMs)) / BigInt(elapsedMs);
    for (const feeder of feeders) {
      const before = flows.find((one) => one.commitment === feeder)?.usage ?? 0n;
      const left = (amount: bigint) => atLeast0(amount - feeder.amount);
      there += left(found.get(feeder) ?? before) - left(before);
    }
    if (commitment === wanted.commitment) return there;
    found.set(commitment, there);
  }
  return 0n;
}

/** The shortest time for which anything that reaches it has been seen. */
function leastElapsed(flows: readonly Flow[], { elapsedMs, feeders }: Flow): number {
  const own = feeders.flatMap((feeder) => flows.filter((one) => one.commitment === feeder));
  return own.reduce((least, one) => Math.min(least, leastElapsed(flows, one)), elapsedMs);
}

/** The first whole millisecond by which the amount is reached. */
function exhaustedAt({ amount }: DatedCommitment, of: Outlook, now: number): number | null {
  const { span, usage } = of;
  const nowMs = Math.min(now, span.endMs);
  if (usage >= amount) {
    // Some instant that has passed: at an even pace, this one.
    const elapsedMs = BigInt(nowMs - span.startMs);
    return span.startMs + Number((amount * elapsedMs + usage - 1n) / usage);
  }
  if (of.usageAt(span.endMs) < amount) return null;
  let [below, reached] = [nowMs, span.endMs];
  while (reached - below > 1) {
    const middle = Math.floor((below + reached) / 2);
    if (of.usageAt(middle) < amount) below = middle;
    else reached = middle;
  }
  return reached;
}

function projectedEnd(
  { amount, kind, currency }: DatedCommitment,
  usage: bigint,
  mode: RoundingMode,
): ProjectedEnd {
  const decimals = currencyDecimals(currency) ?? 2;
  const { rounded } = roundAmount(usage as Amount, decimals, mode);
  const isMissed = kind === "minimum" && rounded < amount;
  return {
    usage: rounded,
    overage: (rounded > amount ? rounded - amount : 0n) as Amount,
    trueUp: (isMissed ? amount - rounded : 0n) as Amount,
  };
}
