/**
 * The bills of one customer, period by period, as if each were closed now with all that is known of
 * it: by what the ledger has counted, and by what each contender counts. Late events stand in their
 * own period, so adjustments are in no bill; what people booked by hand is the same under any card
 * and stands in none either, but for counts that were taken over, which a card prices.
 */
import { type Amount, ONE_UNIT, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import type { Booking } from "../../domain/period/booking.ts";
import type { CommitmentInput, DrawnBefore } from "../../domain/period/commitment-draw.ts";
import { NO_CHARGE, RUN_CAP_CELL, RUN_MINIMUM_CELL } from "../../domain/period/run-bounds.ts";
import type { Statement } from "../../domain/period/statement.ts";
import { EMPTY_COUNTER } from "../../domain/rating/counter.ts";
import type { Run } from "../../domain/run/run.ts";
import type { Tariff } from "../cards/tariff.ts";
import { periodOfKey, statementOf } from "../periods/bill.ts";
import type { Customer, StoredCounter } from "../ports.ts";
import { correctedCounter } from "../runs/correct-runs.ts";
import { drawnBy } from "../simulated-credit/credit-view.ts";

/** What the bills of a customer are made of, as one tariff sees it. */
export interface Billed {
  readonly tariff: Tariff;
  /** The customer as the tariff sees it. */
  readonly customer: Customer;
  /** Keys of its periods, in order, from the first one on. */
  readonly periods: readonly string[];
  readonly nowMs: number;
  /** Those in which anything was used. */
  readonly used: ReadonlySet<string>;
  readonly commitments: CommitmentInput;
  countersOf(period: string): Promise<readonly StoredCounter[]>;
  /** What was counted and billed elsewhere, by period. */
  readonly openings: readonly Opening[];
}

/** A booking and the period that it stands in. */
export interface Opening {
  readonly period: string;
  readonly booking: Booking;
}

/** One statement for each period: commitments are drawn by one after the other. */
export async function billsOf(of: Billed): Promise<Statement[]> {
  const { tariff, customer, nowMs, used } = of;
  const statements: Statement[] = [];
  let before: readonly DrawnBefore[] = [];
  const closed = new Set<string>();
  for (const key of of.periods) {
    const period: BillingPeriod = periodOfKey(tariff, customer, key);
    const commitments = { ...of.commitments, before, closed: new Set(closed) };
    const bookings = of.openings.filter((one) => one.period === key).map((one) => one.booking);
    const counters = await of.countersOf(key);
    const isUsed = used.has(key);
    const about = { customer, period, nowMs, isUsed, commitments };
    const statement = statementOf(tariff, { ...about, counters, adjustments: [], bookings });
    statements.push(statement);
    before = [...before, ...drawnBy(statement)];
    closed.add(key);
  }
  return statements;
}

/** The periods of a customer from its start, or its first usage, until now. */
export function periodsUntilNow(
  tariff: Tariff,
  customer: Customer,
  { used, nowMs }: { readonly used: ReadonlySet<string>; readonly nowMs: number },
): string[] {
  const periods = new Set(used);
  for (let atMs = customer.startedAtMs; atMs <= nowMs; ) {
    const period = tariff.periodOf(customer, atMs);
    periods.add(period.key);
    atMs = period.endMs;
  }
  return [...periods].sort();
}

/** Counters of what the bounds of runs come to, by period: as the ledger keeps them. */
export function boundCounters(
  tariff: Tariff,
  customer: string,
  runs: Iterable<Run>,
): Map<string, StoredCounter[]> {
  const counters = new Map<string, StoredCounter>();
  for (const { corrections } of runs) {
    for (const { period, cardVersionId, cap, minimum } of corrections) {
      const { cardKey } = tariff.cardById(cardVersionId);
      for (const [cell, amount] of [
        [RUN_CAP_CELL, cap],
        [RUN_MINIMUM_CELL, minimum],
      ] as const) {
        if (amount === 0n) continue;
        const key = JSON.stringify([period, cardKey, cell]);
        const at = { customer, period, cardKey, chargeKey: NO_CHARGE, cell };
        const before = counters.get(key)?.counter ?? EMPTY_COUNTER;
        const movement = { cardVersionId, cell, runs: 1n, amount };
        counters.set(key, { ...at, counter: correctedCounter(tariff, before, movement) });
      }
    }
  }
  return Map.groupBy(counters.values(), ({ period }) => period);
}

/** What the bills of some periods come to. Every amount is in the bills' currency. */
export interface BillSum {
  /** What is owed: the totals of the statements. */
  readonly revenue: Amount;
  /** Runs that cost more than their cap, and what it took off (negative). */
  readonly cappedRuns: number;
  readonly cap: Amount;
  /** Runs that were filled up to their minimum, and by what. */
  readonly raisedRuns: number;
  readonly minimum: Amount;
  /** What was priced in credits, in credits. */
  readonly credits: Amount;
  /** What prepaid credit would pay, that of customers above included. */
  readonly paidByCredit: Amount;
}

/** The sum of no bills. */
export const NO_BILL: BillSum = {
  revenue: ZERO_AMOUNT,
  cappedRuns: 0,
  cap: ZERO_AMOUNT,
  raisedRuns: 0,
  minimum: ZERO_AMOUNT,
  credits: ZERO_AMOUNT,
  paidByCredit: ZERO_AMOUNT,
};

/** Adds two sums of bills up. */
export function addBills(a: BillSum, b: BillSum): BillSum {
  return {
    revenue: (a.revenue + b.revenue) as Amount,
    cappedRuns: a.cappedRuns + b.cappedRuns,
    cap: (a.cap + b.cap) as Amount,
    raisedRuns: a.raisedRuns + b.raisedRuns,
    minimum: (a.minimum + b.minimum) as Amount,
    credits: (a.credits + b.credits) as Amount,
    paidByCredit: (a.paidByCredit + b.paidByCredit) as Amount,
  };
}

/** What one statement comes to, before any credit. */
export function billOfStatement({ lines, total }: Statement): BillSum {
  const ofKind = (kind: string) => lines.filter((line) => line.kind === kind);
  const amountOf = (kind: string) => ofKind(kind).reduce((sum, one) => sum + one.amountExact, 0n);
  const runsOf = (kind: string) =>
    Number(ofKind(kind).reduce((sum, { quantity }) => sum + (quantity ?? 0n), 0n) / ONE_UNIT);
  return {
    revenue: total,
    cappedRuns: runsOf("run_cap"),
    cap: amountOf("run_cap") as Amount,
    raisedRuns: runsOf("run_minimum"),
    minimum: amountOf("run_minimum") as Amount,
    credits: lines.reduce((sum, { credits }) => sum + (credits ?? 0n), 0n) as Amount,
    paidByCredit: ZERO_AMOUNT,
  };
}
