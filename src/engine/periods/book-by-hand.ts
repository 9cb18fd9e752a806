/** Books an amount by hand into the period of a customer that is open now. */
import { TollgateError } from "../../domain/errors.ts";
import type { JournalKind } from "../../domain/event/journal.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import {
  type Booking,
  type BookingKind,
  bookingsOf,
  parseMoney,
} from "../../domain/period/booking.ts";
import type { AdjustedCredits, Adjustment, AdjustmentReason } from "../../domain/period/records.ts";
import { recordedAct } from "../acts/recorded-acts.ts";
import { Ledger } from "../booking/book.ts";
import type { Act } from "../commit/act.ts";
import { counterKeyText } from "../commit/batch-state.ts";
import type { Customer, Reads } from "../ports.ts";
import { termsOf } from "./bill.ts";

/** A customer's books at the time of an act. */
export interface OpenBooks {
  readonly customer: Customer;
  /** Key of the period that is open for bookings. */
  readonly period: string;
  readonly currency: string;
}

/** Opens the books of a customer. Throws `customer.not_found`. */
export async function openBooks(act: Act, id: string): Promise<OpenBooks> {
  const { unit, state, tariff } = act;
  const [customer] = await unit.customers([id]);
  if (customer === undefined) {
    throw new TollgateError("customer.not_found", `There is no customer "${id}".`, "customer");
  }
  state.customers.load(id, customer);
  for (const closed of await unit.periodsOf(id)) {
    state.periods.load(counterKeyText(closed), closed);
  }
  const period = new Ledger(state, tariff).openPeriod(id);
  const at = tariff.periodOf(customer, state.receivedAtMs);
  const bill = { customer, period: at, nowMs: state.receivedAtMs, counters: [], adjustments: [] };
  return {
    customer,
    period,
    currency: termsOf(tariff, { ...bill, bookings: [], isUsed: true }).currency,
  };
}

/** A row to book. */
export interface HandBooking {
  readonly kind: BookingKind;
  readonly id: string;
  readonly amount: Amount;
  readonly reason: AdjustmentReason;
  /** What it is in a card's credits. (Default: null, it is in money.) */
  readonly credits?: AdjustedCredits | null;
  /** (Default: the period that it is booked in.) */
  readonly originPeriod?: string;
}

/** Adds the row of a booking to the unit. */
export function bookByHand({ state }: Act, books: OpenBooks, booking: HandBooking): void {
  const { kind, id, amount, reason, credits = null, originPeriod = books.period } = booking;
  state.adjustments.push({
    seq: state.nextSeq(),
    customer: books.customer.id,
    bookedPeriod: books.period,
    originPeriod,
    cardKey: "",
    chargeKey: kind,
    cell: id,
    amount,
    credits,
    reason,
    run: "",
    source: "",
    id,
  });
}

/** An amount as a person gives it. Throws `field.out_of_range`. */
export function moneyOf(text: string, currency: string, field: string): Amount {
  const amount = parseMoney(text, currency);
  if (amount !== undefined) return amount;
  const hint = /^\d+,\d+$/.test(text) ? ` Write it with a point: ${text.replace(",", ".")}.` : "";
  const detail = `${JSON.stringify(text)} is no positive amount of ${currency}.${hint}`;
  throw new TollgateError("field.out_of_range", detail, field);
}

const ACTS = {
  goodwill: "goodwill.given",
  dispute: "dispute.opened",
  opening: "opening.set",
} as const;

/** The bookings among these rows, described as their acts describe them. */
export async function describedBookings(
  store: Pick<Reads, "lastAct">,
  workspace: string,
  rows: readonly Adjustment[],
): Promise<Booking[]> {
  const texts = new Map<string, string>();
  const told = async (kind: JournalKind, subject: string) => {
    const known = { kind, subject };
    const act = await recordedAct<{ readonly description?: string | null }>(
      store,
      workspace,
      known,
    );
    return act?.description ?? null;
  };
  for (const { kind, cell, amount } of bookingsOf(rows, () => "")) {
    if (kind === "already_billed") continue;
    // A dispute that adds to a bill is one that was decided for us.
    const isUpheld = kind === "dispute" && amount > 0n;
    const upheld = isUpheld ? await told("dispute.resolved", cell) : null;
    texts.set(`${kind} ${cell}`, upheld ?? (await told(ACTS[kind], cell)) ?? cell);
  }
  return bookingsOf(rows, (kind, id) => texts.get(`${kind} ${id}`) ?? id);
}

/** An amount taken off. */
export function negated(amount: Amount): Amount {
  return -amount as Amount;
}
