/**
 * The bill of one customer and period. Each line is rounded once, to the decimals of the currency
 * by the card's mode, and what rounding added or took stands in a line of its own. So both columns
 * add up to the total: the rounded amounts, and the exact amounts with the rounding line.
 *
 * Lines stand in the order in which they are worked out, and each sees those before it: charges,
 * what a trial takes off, least and most of each charge, fees, least and most of runs, discounts,
 * commitments, least and most of the period. Adjustments belong to other periods and change none
 * of these; what they draw of commitments stands behind them. Those of one kind stand in the order
 * of the cards and of the charges on them.
 */
import { present } from "../assert.ts";
import { smallestUnit } from "../money/allocate.ts";
import { currencyDecimals } from "../money/currency.ts";
import type { Amount } from "../money/decimal.ts";
import { type RoundingMode, roundAmount } from "../money/rounding.ts";
import type { Credit } from "../rating/rate-card.ts";
import type { BillingPeriod } from "./billing-period.ts";
import type { Booking } from "./booking.ts";
import { underCaps } from "./capped-charges.ts";
import {
  CommitmentDraw,
  type CommitmentInput,
  type Drawdown,
  NO_COMMITMENTS,
} from "./commitment-draw.ts";
import { commitmentLines } from "./commitment-lines.ts";
import { discountsOf } from "./discount-lines.ts";
import { lineOrder } from "./line-order.ts";
import type { PeriodTerms } from "./period-terms.ts";
import type { Adjustment } from "./records.ts";
import type { RunCorrections } from "./run-bounds.ts";
import type { ChargeCount, StatementLine, TrialAmount } from "./statement-line.ts";
import {
  adjustmentLines,
  bookingLine,
  boundLines,
  chargeLines,
  discountLine,
  feeLine,
  periodBoundLines,
  roundingLines,
  runLines,
  type ToldIn,
  trialLines,
  type Unrounded,
} from "./statement-lines.ts";

/** What a statement is made of. Lists are in any order where they do not say which. */
export interface StatementInput {
  readonly customer: string;
  readonly period: BillingPeriod;
  /** Of the customer, in which its lines tell times. (Default: UTC.) */
  readonly timeZone?: string;
  /** ISO 4217 code. Every amount below is in it. */
  readonly currency: string;
  readonly rounding: RoundingMode;
  /** The credit of the card in force at the end; null: it has none. */
  readonly credit: Credit | null;
  /** What the period's cards say beside their charges. */
  readonly terms: PeriodTerms;
  readonly charges: readonly ChargeCount[];
  readonly trials: readonly TrialAmount[];
  /** What the bounds of runs make of the period, one for each card. */
  readonly runs: readonly RunCorrections[];
  /** Differences to closed periods that are booked in this one. */
  readonly adjustments: readonly Adjustment[];
  /** What the card called the charge of an adjustment. (Default: its key.) */
  readonly chargeName?: (row: Adjustment) => string;
  /** What people booked in this period, in the order of its lines. (Default: nothing.) */
  readonly bookings?: readonly Booking[];
  /** What the customer has agreed to use up. (Default: nothing.) */
  readonly commitments?: CommitmentInput;
}

/** The bill. Nothing in it depends on when or in which order it was built. */
export interface Statement {
  readonly customer: string;
  readonly period: BillingPeriod;
  readonly currency: string;
  readonly rounding: RoundingMode;
  readonly credit: Credit | null;
  /** A charge is followed by what is included in it and its tier correction. Rounding is last. */
  readonly lines: readonly StatementLine[];
  /** What the statement does to each commitment that it concerns. */
  readonly drawdowns: readonly Drawdown[];
  /** Sum of the exact amounts without the rounding line. */
  readonly totalExact: Amount;
  /** What is owed: the sum of the rounded amounts. */
  readonly total: Amount;
}

/** Builds a statement. The same input in any order gives the same statement. */
export function buildStatement(input: StatementInput): Statement {
  const { customer, period, currency, rounding, credit, terms } = input;
  const { timeZone = "UTC", chargeName = ({ chargeKey }) => chargeKey } = input;
  const { unit, round } = rounder(currency, rounding);
  const order = lineOrder(terms.cards);
  const told = { currency, timeZone };
  const toLine = (line: Unrounded): StatementLine => {
    return { ...line, amountRounded: round(line.amountExact) };
  };
  const counts = [...chargeLines(input.charges, order), ...trialLines(input.trials, order)];
  const counted = counts.map(toLine);
  const used = [
    ...counted,
    ...boundLines(terms.chargeBounds, { ...told, counted, order }).map(toLine),
    ...terms.fees.map((fee) => toLine(feeLine(fee, { period, timeZone }))),
    ...runLines(input.runs, order).map(toLine),
  ];
  const { taken, left } = discountsOf(terms.discounts, used, { unit, round });
  const discounted = [...used, ...taken.map((one) => toLine(discountLine(one)))];
  const draw = new CommitmentDraw(input.commitments ?? NO_COMMITMENTS, period.key);
  const committed = commitmentLines(draw.own(withoutFees(left, terms)), null).map(toLine);
  const later = [
    ...adjustmentLines(input.adjustments, chargeName, order).map(toLine),
    ...(input.bookings ?? []).map((booking) => toLine(bookingLine(booking))),
  ];
  const billed = [
    ...discounted,
    ...committed,
    ...boundsOf(terms, { ...told, discounted, committed }).map(toLine),
    ...later,
    ...drawnLater(draw, later, { period: period.key, unit }).map(toLine),
  ];
  const totalExact = sumOf(billed, "amountExact");
  const total = sumOf(billed, "amountRounded");
  const lines = [...billed, ...roundingLines((total - totalExact) as Amount)];
  const drawdowns = draw.drawdowns();
  return { customer, period, currency, rounding, credit, lines, drawdowns, totalExact, total };
}

/** Fees are not usage. A key that a fee has on any card of the period is a fee's. */
function withoutFees(left: ReadonlyMap<string, bigint>, { fees }: PeriodTerms) {
  const keys = new Set(fees.map(({ feeKey }) => feeKey));
  return new Map([...left].filter(([key]) => !keys.has(key)));
}

/** What bounds of the period look at. */
interface Billed {
  readonly discounted: readonly StatementLine[];
  readonly committed: readonly StatementLine[];
}

/**
 * What was paid in advance counts for both bounds. What is missing to a commitment counts for the
 * least, which is not owed twice, but not for the most: no bound of a month cuts a contract.
 */
function boundsOf(
  terms: PeriodTerms,
  { discounted, committed, ...told }: ToldIn & Billed,
): Unrounded[] {
  const sumOfKind = (wanted: StatementLine["kind"]) =>
    sumOf(
      committed.filter(({ kind }) => kind === wanted),
      "amountRounded",
    );
  const used = sumOf(discounted, "amountRounded") + sumOfKind("overage");
  const owed = (used + sumOfKind("true_up")) as Amount;
  const least = periodBoundLines({ ...terms, maximum: null }, { ...told, charged: owed });
  if (least.length > 0) return least;
  return periodBoundLines({ ...terms, minimum: null }, { ...told, charged: used as Amount });
}

/** Adjustments draw the commitments of the periods that they are of. */
function drawnLater(
  draw: CommitmentDraw,
  later: readonly StatementLine[],
  { period, unit }: { readonly period: string; readonly unit: bigint },
): Unrounded[] {
  const isUsage = ({ kind }: StatementLine) => kind === "adjustment" || kind === "already_billed";
  const byOrigin = Map.groupBy(later.filter(isUsage), (line) => line.originPeriod ?? period);
  return [...byOrigin]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([origin, lines]) =>
      commitmentLines(draw.adjusted(origin, underCaps(lines, unit)), origin),
    );
}

function rounder(currency: string, mode: RoundingMode) {
  const decimals = present(currencyDecimals(currency), `decimals of ${currency}`);
  return {
    unit: smallestUnit(decimals),
    round: (amount: Amount) => roundAmount(amount, decimals, mode).rounded,
  };
}

function sumOf(lines: readonly StatementLine[], column: "amountExact" | "amountRounded"): Amount {
  return lines.reduce((sum, line) => sum + line[column], 0n) as Amount;
}
