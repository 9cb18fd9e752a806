/** Books an amount by hand into the period of a customer that is open now. */
import { TollgateError } from "../../domain/errors.ts";
import type { JournalKind } from "../../domain/event/journal.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import {
  type Booking,
  type BookingKind,
  bookingsOf,
  type OpeningCorrection,
  parseMoney,
} from "../../domain/period/booking.ts";
import type { AdjustedCredits, Adjustment, AdjustmentReason } from "../../domain/period/records.ts";
import { recordedAct } from "../acts/recorded-acts.ts";
import { Ledger } from "../booking/book.ts";
import type { Act } from "../commit/act.ts";
import { counterKeyText } from "../commit/batch-state.ts";
import type { Customer, Reads } from "../ports.ts";
import { termsOf } from "./bill.ts";
import { openedBy, type ToldOpened } from "./opened-counts.ts";

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

/** What an act by hand says of what it booked. */
type Told = ToldOpened & { readonly description?: string | null };

/**
 * The bookings among these rows, described as their acts describe them. `tells`: whether anybody
 * reads that; else only acts are looked up that say more of amounts. (Default: true.)
 */
export async function describedBookings(
  store: Pick<Reads, "lastAct">,
  workspace: string,
  { rows, tells = true }: { readonly rows: readonly Adjustment[]; readonly tells?: boolean },
): Promise<Booking[]> {
  const corrections = new Map<string, OpeningCorrection | undefined>();
  const texts = new Map<string, string>();
  const told = (kind: JournalKind, subject: string) =>
    recordedAct<Told>(store, workspace, { kind, subject });
  for (const { reason, cell } of rows) {
    const act = reason === "opening" ? await told(ACTS.opening, cell) : undefined;
    if (act === undefined) continue;
    corrections.set(cell, openedBy(act).correction);
    texts.set(`opening ${cell}`, act.description ?? cell);
  }
  const correctionOf = (id: string) => corrections.get(id);
  for (const { kind, cell, amount } of bookingsOf(rows, { describe: () => "", correctionOf })) {
    if (!tells || kind === "already_billed" || kind === "opening") continue;
    // A dispute that adds to a bill is one that was decided for us.
    const isUpheld = kind === "dispute" && amount > 0n;
    const upheld = isUpheld ? await told("dispute.resolved", cell) : undefined;
    const description = upheld?.description ?? (await told(ACTS[kind], cell))?.description;
    texts.set(`${kind} ${cell}`, description ?? cell);
  }
  const describe = (kind: BookingKind, id: string) => texts.get(`${kind} ${id}`) ?? id;
  return bookingsOf(rows, { describe, correctionOf });
}

/** An amount taken off. */
export function negated(amount: Amount): Amount {
  return -amount as Amount;
}
