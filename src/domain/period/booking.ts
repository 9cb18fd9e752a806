/**
 * Amounts that people book into a period, beside what usage comes to. Each is an act of the journal
 * and a row like an adjustment's; rows of one booking make one line of the statement.
 */
import { currencyDecimals } from "../money/currency.ts";
import { type Amount, parseAmount } from "../money/decimal.ts";
import { roundAmount } from "../money/rounding.ts";
import type { AdjustedCredits, Adjustment, AdjustmentReason } from "./records.ts";

/** Kinds of lines that people's bookings make. */
export const BOOKING_KINDS = ["goodwill", "dispute", "opening", "already_billed"] as const;
export type BookingKind = (typeof BOOKING_KINDS)[number];

/** What a statement takes up as a line of its own. */
export interface Booking {
  readonly kind: BookingKind;
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  readonly description: string;
  /** Period that it goes back to; null: none but its own. */
  readonly originPeriod: string | null;
  readonly amount: Amount;
  /** What it is in a card's credits. (Default: null, it is in money.) */
  readonly inCredits?: AdjustedCredits | null;
}

/** Reasons of rows that people's acts have made. */
const BY_HAND: ReadonlySet<AdjustmentReason> = new Set<AdjustmentReason>([
  "goodwill",
  "disputed",
  "upheld",
  "opening",
]);

/** Whether a row is a booking by hand: its `chargeKey` is the kind, its `cell` the booking's id. */
export function isByHand({ reason }: Pick<Adjustment, "reason">): boolean {
  return BY_HAND.has(reason);
}

/** What the close corrects of an opening's line, by what it took off until then. */
export interface OpeningCorrection {
  readonly amount: Amount;
  /** The same in the credit that the opening is in; null: it is in money. */
  readonly credits: Amount | null;
}

/** What an opening takes off, in money and where its charge is in credits in these. */
export interface Opened {
  readonly amount: Amount;
  /** (Default: null, it is in money.) */
  readonly credits?: AdjustedCredits | null;
  /** What the close corrects of it. (Default: nothing.) */
  readonly correction?: OpeningCorrection;
}

/** What an opening takes off once its period is closed. */
export function atClose({ amount, credits = null, correction }: Opened) {
  if (correction === undefined) return { amount, credits };
  const inCredits = credits && {
    ...credits,
    amount: (credits.amount + (correction.credits ?? 0n)) as Amount,
  };
  return { amount: (amount + correction.amount) as Amount, credits: inCredits };
}

/** What acts say of the bookings that they made. */
export interface ToldBookings {
  /** The text of a booking by its kind and id. */
  readonly describe: (kind: BookingKind, id: string) => string;
  /** Undefined: nothing is corrected. (Default: of no opening.) */
  readonly correctionOf?: (id: string) => OpeningCorrection | undefined;
}

/** One booking for each id, in order of its first row; what came to nothing is left out. */
export function bookingsOf(
  rows: readonly Adjustment[],
  { describe, correctionOf = () => undefined }: ToldBookings,
): Booking[] {
  const byHand = rows.filter(isByHand).toSorted((a, b) => a.seq - b.seq);
  const groups = Map.groupBy(byHand, ({ chargeKey, cell }) => `${chargeKey} ${cell}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { cardKey, chargeKey, cell, originPeriod, bookedPeriod, credits } = first;
    const booked = group.reduce((sum, row) => sum + row.amount, 0n) as Amount;
    const correction = chargeKey === "opening" ? correctionOf(cell) : undefined;
    // Only openings are in credits, and each has one row.
    const closed = atClose({ amount: booked, credits, ...(correction && { correction }) });
    if (closed.amount === 0n) return [];
    const kind = chargeKey as BookingKind;
    const description = describe(kind, cell);
    const origin = originPeriod === bookedPeriod ? null : originPeriod;
    const at = { cardKey, chargeKey, cell, description, originPeriod: origin };
    return [{ kind, ...at, amount: closed.amount, inCredits: closed.credits }];
  });
}

/** An amount that a person gives: positive, in the decimals of its currency. */
export function parseMoney(text: string, currency: string): Amount | undefined {
  const amount = parseAmount(text);
  const decimals = currencyDecimals(currency);
  if (amount === undefined || decimals === undefined || amount <= 0n) return undefined;
  return roundAmount(amount, decimals, "down").residual === 0n ? amount : undefined;
}
