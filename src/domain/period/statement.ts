/**
 * The bill of one customer and period. Each line is rounded once, to the decimals of the currency
 * by the card's mode, and what rounding added or took stands in a line of its own. So both columns
 * add up to the total: the rounded amounts, and the exact amounts with the rounding line.
 *
 * Lines stand in the order in which they are worked out, and each sees those before it: charges,
 * what a trial takes off, least and most of each charge, fees, least and most of runs, discounts,
 * least and most of the period. Adjustments belong to other periods and change none of these.
 */
import { present } from "../assert.ts";
import { smallestUnit } from "../money/allocate.ts";
import { currencyDecimals } from "../money/currency.ts";
import type { Amount } from "../money/decimal.ts";
import { type RoundingMode, roundAmount } from "../money/rounding.ts";
import type { Credit } from "../rating/rate-card.ts";
import type { BillingPeriod } from "./billing-period.ts";
import type { Booking } from "./booking.ts";
import { discountsOf } from "./discount-lines.ts";
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
  trialLines,
  type Unrounded,
} from "./statement-lines.ts";

/** What a statement is made of. Lists are in any order where they do not say which. */
export interface StatementInput {
  readonly customer: string;
  readonly period: BillingPeriod;
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
  /** What people booked in this period, in the order of its lines. (Default: nothing.) */
  readonly bookings?: readonly Booking[];
}

/** The bill. Nothing in it depends on when or in which order it was built. */
export interface Statement {
  readonly customer: string;
  readonly period: BillingPeriod;
  readonly currency: string;
  readonly rounding: RoundingMode;
  readonly credit: Credit | null;
  /**
   * Each charge is followed by what is included in it and by its tier correction; bookings come
   * before rounding.
   */
  readonly lines: readonly StatementLine[];
  /** Sum of the exact amounts without the rounding line. */
  readonly totalExact: Amount;
  /** What is owed: the sum of the rounded amounts. */
  readonly total: Amount;
}

/** Builds a statement. The same input in any order gives the same statement. */
export function buildStatement(input: StatementInput): Statement {
  const { customer, period, currency, rounding, credit, terms } = input;
  const { unit, round } = rounder(currency, rounding);
  const toLine = (line: Unrounded): StatementLine => {
    return { ...line, amountRounded: round(line.amountExact) };
  };
  const counted = [...chargeLines(input.charges), ...trialLines(input.trials)].map(toLine);
  const used = [
    ...counted,
    ...boundLines(terms.chargeBounds, counted).map(toLine),
    ...terms.fees.map((fee) => toLine(feeLine(fee, period))),
    ...runLines(input.runs).map(toLine),
  ];
  const taken = discountsOf(terms.discounts, used, { unit, round });
  const charged = [...used, ...taken.map((one) => toLine(discountLine(one)))];
  const bounds = periodBoundLines(terms, sumOf(charged, "amountRounded")).map(toLine);
  const billed = [
    ...charged,
    ...bounds,
    ...adjustmentLines(input.adjustments).map(toLine),
    ...(input.bookings ?? []).map((booking) => toLine(bookingLine(booking))),
  ];
  const totalExact = sumOf(billed, "amountExact");
  const total = sumOf(billed, "amountRounded");
  const lines = [...billed, ...roundingLines((total - totalExact) as Amount)];
  return { customer, period, currency, rounding, credit, lines, totalExact, total };
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
