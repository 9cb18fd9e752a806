/** Customers and their prepaid credit as a store keeps them. A part of the port `Store`. */
import type { CardHistory } from "../domain/period/customer-cards.ts";
import type { Answer } from "./answer.ts";

/** Who stands above a customer. */
export interface CustomerParent {
  readonly id: string;
  /** Whether the parent is billed for what the customer's own credit does not pay. */
  readonly pays: boolean;
  /** Which credit pays first where both may; `own`: the parent's does not. */
  readonly credit: "own" | "own_first" | "parent_first";
}

/** Who pays, and by which calendar and card. */
export interface Customer extends CardHistory {
  readonly id: string;
  readonly name: string | null;
  /** IANA time zone of the billing periods. */
  readonly timeZone: string;
  /** Day of the month on which a period starts, 1 to 31. */
  readonly anchorDay: number;
  /** From when trials and the first period count. */
  readonly startedAtMs: number;
  readonly createdAtMs: number;
  /** Null: nobody. */
  readonly parent: CustomerParent | null;
}

/** A customer's prepaid credit as it stood at its last entry. */
export interface CreditBookRow {
  readonly customer: string;
  /** When the next grant ends for good; null: none does. */
  readonly dueAtMs: number | null;
  /** Whether a rule may ask for a payment, or one is awaited. */
  readonly isWatched: boolean;
  /** The book in the form of domain/credit/book.ts. */
  readonly document: string;
}

/** Reads of credit, and of who stands below whom. Like other reads, they see what is committed. */
export interface CreditReads {
  book(workspace: string, customer: string): Answer<CreditBookRow | undefined>;
  /** Books whose next grant ends at an instant or before, earliest first, then by customer. */
  booksDue(workspace: string, atMs: number, limit: number): Answer<CreditBookRow[]>;
  /** Books with a rule or an awaited payment, by customer. */
  booksWatched(workspace: string, limit: number, after?: string): Answer<CreditBookRow[]>;
  /** Customers right below one, by id. */
  customersBelow(workspace: string, parent: string): Answer<Customer[]>;
}
