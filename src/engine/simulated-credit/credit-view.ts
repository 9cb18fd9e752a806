/**
 * What statements and credit are worked out from: the ledger's rows as they are, or what they would
 * have been at a moment under another card. Whoever bills and pays reads either alike.
 */
import type { Booking } from "../../domain/period/booking.ts";
import type { CommitmentInput, DrawnBefore } from "../../domain/period/commitment-draw.ts";
import type { Adjustment, PeriodState } from "../../domain/period/records.ts";
import type { Statement } from "../../domain/period/statement.ts";
import type { Answer } from "../answer.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { CounterKey, CreditBookRow, Customer, StoredCounter } from "../ports.ts";

/** A statement, and the one of its period that it replaces; null: the first one. */
export interface Issued {
  readonly statement: Statement;
  readonly replaces: Statement | null;
}

/** The rows that credit follows from. */
export interface CreditView {
  readonly tariff: Tariff;
  customer(id: string): Answer<Customer | undefined>;
  /** Customers right below one, by id. */
  below(id: string): Answer<readonly Customer[]>;
  /** The book that a room starts with; undefined: none. */
  book(id: string): Answer<CreditBookRow | undefined>;
  closed(id: string): Answer<readonly PeriodState[]>;
  /** Periods in which anything was metered. */
  used(id: string): Answer<readonly string[]>;
  /** Periods in which anything was booked, by hand too. */
  booked(id: string): Answer<readonly string[]>;
  counters(key: CounterKey): Answer<readonly StoredCounter[]>;
  /** Booked in a period, by hand too. */
  adjustments(key: CounterKey): Answer<readonly Adjustment[]>;
  /** What people booked, of rows that are booked in a period. */
  bookings(rows: readonly Adjustment[]): Answer<readonly Booking[]>;
  /** With what statements in force have drawn, but for that of the period itself. */
  commitments(of: CounterKey): Answer<CommitmentInput>;
  /** Takes a statement down as the one in force of its period. */
  issue(issued: Issued, closedAtMs: number): void;
}

/** What a statement draws of commitments. */
export function drawnBy({ drawdowns, period }: Pick<Statement, "drawdowns" | "period">) {
  const statementPeriod = period.key;
  return drawdowns.map((one): DrawnBefore => {
    return { ...one, key: one.commitment.key, statementPeriod };
  });
}
