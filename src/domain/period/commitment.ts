/**
 * Commitments: what a customer has agreed to use up. An amount for each billing period or for a
 * whole contract is drawn down by what usage comes to. It was paid in advance (`prepaid`: usage is
 * taken off the bill), or it is the least that is owed (`minimum`: what is missing is billed).
 */
import { FACTOR_SCALE } from "../limits.ts";
import { type Amount, type Factor, formatAmount, formatScaled } from "../money/decimal.ts";
import { type BillingCalendar, type BillingPeriod, periodAt } from "./billing-period.ts";

/** How a commitment is paid. */
export const COMMITMENT_KINDS = ["prepaid", "minimum"] as const;
export type CommitmentKind = (typeof COMMITMENT_KINDS)[number];

/** What its amount is for: each billing period by itself, or all of them together. */
export const COMMITMENT_SPANS = ["period", "contract"] as const;
export type CommitmentSpan = (typeof COMMITMENT_SPANS)[number];

/** One commitment of a customer. */
export interface Commitment {
  readonly key: string;
  /** What a statement calls it. */
  readonly name: string;
  readonly kind: CommitmentKind;
  readonly per: CommitmentSpan;
  /** Positive, in whole units of the currency. */
  readonly amount: Amount;
  /** ISO 4217. Statements in another currency do not draw it. */
  readonly currency: string;
  /** Keys of charges that draw it down; null: all usage. Fees never do. */
  readonly charges: readonly string[] | null;
  /** What usage beyond the amount costs, as a share of the card's price; null: that price. */
  readonly overage: Factor | null;
  /** It holds for periods that start on this date or later, and before `until`. */
  readonly from: string;
  /** Null: it goes on; never for a contract. */
  readonly until: string | null;
}

/** A commitment with the periods that it turns on. */
export interface DatedCommitment extends Commitment {
  /** Key of the last period of its time; null: it goes on. */
  readonly lastPeriod: string | null;
}

/** Whether a commitment holds for a period. Dates compare as text. */
export function holdsIn({ from, until }: Commitment, period: string): boolean {
  return from <= period && (until === null || period < until);
}

/** Whether two commitments have any time in common. */
function overlap(a: Commitment, b: Commitment): boolean {
  const starts = a.from > b.from ? a.from : b.from;
  return [a.until, b.until].every((until) => until === null || starts < until);
}

/** Whether a commitment is drawn by all charges that another one is drawn by. */
export function covers(by: Pick<Commitment, "charges">, of: Pick<Commitment, "charges">): boolean {
  if (by.charges === null) return true;
  return of.charges?.every((key) => by.charges?.includes(key)) ?? false;
}

/** What is wrong between two commitments. */
export interface Crossing {
  readonly index: number;
  readonly earlier: string;
}

/**
 * Usage goes to the first commitment that its charge draws, and what is left on to the next. A
 * later one must therefore be drawn by all charges of an earlier one, or by none: else it would
 * depend on the order of charges which usage is left.
 */
export function crossingsOf(commitments: readonly Commitment[]): Crossing[] {
  return commitments.flatMap((later, index) =>
    commitments
      .slice(0, index)
      .filter((earlier) => overlap(earlier, later) && isCrossed(earlier, later))
      .map((earlier) => ({ index, earlier: earlier.key })),
  );
}

function isCrossed(earlier: Commitment, later: Commitment): boolean {
  if (covers(later, earlier)) return false;
  if (earlier.charges === null) return true;
  return later.charges?.some((key) => earlier.charges?.includes(key)) ?? true;
}

/** The instant at which a date begins where the customer lives. */
function startOf(date: string, { timeZone }: BillingCalendar): number {
  return Temporal.PlainDate.from(date).toZonedDateTime(timeZone).epochMilliseconds;
}

/** The first period that starts on a date or later. */
export function firstPeriodFrom(date: string, calendar: BillingCalendar): BillingPeriod {
  const at = periodAt(startOf(date, calendar), calendar);
  return at.key >= date ? at : periodAt(at.endMs, calendar);
}

/** The last period that starts before a date. */
export function lastPeriodBefore(date: string, calendar: BillingCalendar): BillingPeriod {
  const at = periodAt(startOf(date, calendar) - 1, calendar);
  return at.key < date ? at : periodAt(at.startMs - 1, calendar);
}

/** A commitment with its last period. */
export function datedCommitment(one: Commitment, calendar: BillingCalendar): DatedCommitment {
  const lastPeriod = one.until === null ? null : lastPeriodBefore(one.until, calendar).key;
  return { ...one, lastPeriod };
}

/** A commitment as its document: what the journal keeps and the API tells. */
export interface CommitmentDocument {
  readonly key: string;
  readonly name: string;
  readonly kind: CommitmentKind;
  readonly per: CommitmentSpan;
  readonly amount: string;
  readonly currency: string;
  readonly charges: readonly string[] | null;
  readonly overagePercent: string | null;
  readonly from: string;
  readonly until: string | null;
}

/** Writes a commitment as its document. */
export function commitmentDocument(commitment: Commitment): CommitmentDocument {
  const { key, name, kind, per, amount, currency, charges, overage, from, until } = commitment;
  const about = { key, name, kind, per, amount: formatAmount(amount), currency, charges };
  const overagePercent = overage === null ? null : percentText(overage);
  return { ...about, overagePercent, from, until };
}

/** A factor as a percentage: 1.2 is `120`. */
export function percentText(factor: Factor): string {
  return formatScaled(factor, FACTOR_SCALE - 2);
}
