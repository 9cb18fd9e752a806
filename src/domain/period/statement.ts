/**
 * The bill of one customer and period. Each line is rounded once, to the decimals of the currency
 * by the card's mode, and what rounding added or took stands in a line of its own. So both columns
 * add up to the total: the rounded amounts, and the exact amounts with the rounding line.
 */
import { present } from "../assert.ts";
import { currencyDecimals } from "../money/currency.ts";
import { type Amount, ZERO_AMOUNT } from "../money/decimal.ts";
import { type RoundingMode, roundAmount } from "../money/rounding.ts";
import type { ClosedCount } from "../rating/counter.ts";
import type { BillingPeriod } from "./billing-period.ts";
import type { Booking, BookingKind } from "./booking.ts";
import type { Adjustment } from "./records.ts";

/** What one charge counted in the period, one for each cell and measure. */
export interface ChargeCount extends ClosedCount {
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  /** Name of the charge as people know it. */
  readonly name: string;
}

/** What a statement is made of. */
export interface StatementInput {
  readonly customer: string;
  readonly period: BillingPeriod;
  /** ISO 4217 code. Every amount below is in it. */
  readonly currency: string;
  readonly rounding: RoundingMode;
  /** Least total of the period's own charges; null: none. */
  readonly minimum: Amount | null;
  /** In any order. */
  readonly charges: readonly ChargeCount[];
  /** Differences to closed periods that are booked in this one, in any order. */
  readonly adjustments: readonly Adjustment[];
  /** What people booked in this period, in the order of its lines. (Default: nothing.) */
  readonly bookings?: readonly Booking[];
}

export type LineKind =
  | "charge"
  | "tier_correction"
  | "minimum"
  | "adjustment"
  | "rounding"
  | BookingKind;

/** One line: what it is for, and its amount before and after rounding. */
export interface StatementLine {
  readonly kind: LineKind;
  /** Card, charge and cell that the line belongs to; "" for lines of the whole statement. */
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  readonly description: string;
  /** Closed period that an adjustment belongs to; null for other lines. */
  readonly originPeriod: string | null;
  /** What was counted, such as `steps` or `sum:seconds`; null where nothing was. */
  readonly measure: string | null;
  /** A Quantity, or an Amount for the measure `sum:cost`; null where nothing was counted. */
  readonly quantity: bigint | null;
  readonly amountExact: Amount;
  /** The exact amount rounded; 0 for the rounding line. */
  readonly amountRounded: Amount;
}

/** The bill. Nothing in it depends on when or in which order it was built. */
export interface Statement {
  readonly customer: string;
  readonly period: BillingPeriod;
  readonly currency: string;
  readonly rounding: RoundingMode;
  /** Charges, each followed by its tier correction; minimum; adjustments; bookings; rounding. */
  readonly lines: readonly StatementLine[];
  /** Sum of the exact amounts without the rounding line. */
  readonly totalExact: Amount;
  /** What is owed: the sum of the rounded amounts. */
  readonly total: Amount;
}

/** Builds a statement. The same input in any order gives the same statement. */
export function buildStatement(input: StatementInput): Statement {
  const { customer, period, currency, rounding } = input;
  const round = rounder(currency, rounding);
  const charges = input.charges.toSorted(byCharge).flatMap(chargeLines).map(round);
  const minimum = minimumLines(input.minimum, sumOf(charges, "amountRounded")).map(round);
  const adjustments = adjustmentLines(input.adjustments).map(round);
  const bookings = (input.bookings ?? []).map(bookingLine).map(round);
  const billed = [...charges, ...minimum, ...adjustments, ...bookings];
  const totalExact = sumOf(billed, "amountExact");
  const total = sumOf(billed, "amountRounded");
  const lines = [...billed, ...roundingLines((total - totalExact) as Amount)];
  return { customer, period, currency, rounding, lines, totalExact, total };
}

type Unrounded = Omit<StatementLine, "amountRounded">;

function rounder(currency: string, mode: RoundingMode): (line: Unrounded) => StatementLine {
  const decimals = present(currencyDecimals(currency), `decimals of ${currency}`);
  return (line) => {
    const { rounded } = roundAmount(line.amountExact, decimals, mode);
    return { ...line, amountRounded: rounded };
  };
}

function chargeLines(count: ChargeCount): Unrounded[] {
  const { cardKey, chargeKey, cell, measure, quantity } = count;
  const description = cell === "" ? count.name : `${count.name} (${cell})`;
  const at = { cardKey, chargeKey, cell, originPeriod: null };
  const correction = (count.final - count.running) as Amount;
  const charge = {
    ...at,
    kind: "charge" as const,
    description,
    measure,
    quantity,
    amountExact: count.running,
  };
  if (correction === 0n) return [charge];
  return [
    charge,
    {
      ...at,
      kind: "tier_correction",
      description: `${description}: volume tier correction`,
      measure: null,
      quantity: null,
      amountExact: correction,
    },
  ];
}

/**
 * The minimum is met by what the customer is billed, so it fills up the rounded charges: the bill
 * comes to exactly the minimum. Adjustments belong to other periods and do not count towards it.
 */
function minimumLines(minimum: Amount | null, charged: Amount): Unrounded[] {
  const missing = ((minimum ?? 0n) - charged) as Amount;
  return minimum === null || missing <= 0n ? [] : [wholeLine("minimum", missing)];
}

function roundingLines(residual: Amount): StatementLine[] {
  if (residual === 0n) return [];
  return [{ ...wholeLine("rounding", residual), amountRounded: ZERO_AMOUNT }];
}

const DESCRIPTIONS = { minimum: "Minimum of the period", rounding: "Rounding" } as const;

function wholeLine(kind: keyof typeof DESCRIPTIONS, amountExact: Amount): Unrounded {
  return {
    kind,
    cardKey: "",
    chargeKey: "",
    cell: "",
    description: DESCRIPTIONS[kind],
    originPeriod: null,
    measure: null,
    quantity: null,
    amountExact,
  };
}

/** One line for each closed period, charge and cell: rounding each late event would lose money. */
function adjustmentLines(adjustments: readonly Adjustment[]): Unrounded[] {
  const groups = Map.groupBy(adjustments.toSorted(byOrigin), (adjustment) =>
    JSON.stringify([
      adjustment.originPeriod,
      adjustment.cardKey,
      adjustment.chargeKey,
      adjustment.cell,
    ]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const amountExact = group.reduce((sum, { amount }) => sum + amount, 0n) as Amount;
    return first === undefined || amountExact === 0n ? [] : [adjustmentLine(first, amountExact)];
  });
}

function adjustmentLine(adjustment: Adjustment, amountExact: Amount): Unrounded {
  const { cardKey, chargeKey, cell, originPeriod } = adjustment;
  const charge = cell === "" ? chargeKey : `${chargeKey} (${cell})`;
  return {
    kind: "adjustment",
    cardKey,
    chargeKey,
    cell,
    description: `${charge}: adjustment of the period ${originPeriod}`,
    originPeriod,
    measure: null,
    quantity: null,
    amountExact,
  };
}

function bookingLine({ amount, ...booking }: Booking): Unrounded {
  return { ...booking, measure: null, quantity: null, amountExact: amount };
}

function sumOf(lines: readonly StatementLine[], column: "amountExact" | "amountRounded"): Amount {
  return lines.reduce((sum, line) => sum + line[column], 0n) as Amount;
}

interface OfCharge {
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  readonly measure?: string;
}

function byCharge(a: OfCharge, b: OfCharge): number {
  return (
    compare(a.cardKey, b.cardKey) ||
    compare(a.chargeKey, b.chargeKey) ||
    compare(a.cell, b.cell) ||
    compare(a.measure ?? "", b.measure ?? "")
  );
}

function byOrigin(a: Adjustment, b: Adjustment): number {
  return compare(a.originPeriod, b.originPeriod) || byCharge(a, b);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
