/** What a customer is charged in open periods: what its credit pays for. */
import { type Charged, sumAmounts } from "../../domain/credit/charged.ts";
import { isTrialCell } from "../../domain/event/trial-cell.ts";
import { type Amount, type Factor, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import { isByHand } from "../../domain/period/booking.ts";
import type { Adjustment } from "../../domain/period/records.ts";
import { segmentsOf } from "../../domain/rating/counter.ts";
import type { Answer } from "../answer.ts";
import { counterInCredits } from "../booking/adjusted-parts.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { BatchState } from "../commit/batch-state.ts";
import { periodOfKey } from "../periods/bill.ts";
import type { CounterKey, Customer, Store, StoredCounter, UnitOfWork } from "../ports.ts";

/** Where totals are read: inside a unit of work, or outside of any. */
export interface CreditReads {
  /** Periods in which anything was metered or booked. */
  charged(customer: string): Promise<readonly string[]>;
  closed(customer: string): Promise<readonly string[]>;
  counters(key: CounterKey): Promise<readonly StoredCounter[]>;
  adjustments(key: CounterKey): Promise<readonly Adjustment[]>;
}

/** Reads of every acknowledged write. */
export function readsOfStore(store: Store, workspace: string): CreditReads {
  return {
    charged: async (customer) => periodsIn(await store.periodsToBill(workspace, "", customer)),
    closed: async (customer) => periodsIn(await store.periodsOf(workspace, customer)),
    counters: async (key) => store.countersOf(workspace, key),
    adjustments: async (key) => store.adjustmentsOf(workspace, key),
  };
}

/** What is read inside a unit of work. */
export type UnitReads = Pick<UnitOfWork, "customers" | "periodsOf" | "counters" | "adjustments">;

/** Who knows in which periods a customer used anything, or something is booked for it. */
export interface ChargedPeriods {
  periodsToBill(
    workspace: string,
    periods: string,
    customer: string,
  ): Answer<readonly { readonly period: string }[]>;
}

/** What an act sees: rows of its unit, totals that are all on disk, and what it booked itself. */
export function readsOfUnit(
  store: ChargedPeriods,
  workspace: string,
  act: { readonly unit: UnitReads; readonly booked: () => readonly Adjustment[] },
): CreditReads {
  const { unit, booked } = act;
  return {
    charged: async (customer) => [
      ...periodsIn(await store.periodsToBill(workspace, "", customer)),
      ...bookedIn(booked(), customer),
    ],
    closed: async (customer) => periodsIn(await unit.periodsOf(customer)),
    counters: async (key) => unit.counters([key]),
    adjustments: async (key) => {
      const isOfPeriod = (row: Adjustment) =>
        row.customer === key.customer && row.bookedPeriod === key.period;
      return [...(await unit.adjustments(key)), ...booked().filter(isOfPeriod)];
    },
  };
}

/** What a unit of work sees of its own bookings and of totals, also of those that still wait. */
export function readsInUnit({
  unit,
  state,
}: {
  readonly unit: UnitOfWork;
  readonly state: BatchState;
}): CreditReads {
  return {
    charged: async (customer) => [
      ...(await unit.chargedPeriods(customer)),
      ...state.periodsSeen(customer),
      ...bookedIn(state.adjustments, customer),
    ],
    closed: async (customer) => {
      const own = [...state.periods.values()].filter((period) => period.customer === customer);
      return periodsIn([...(await unit.periodsOf(customer)), ...own]);
    },
    counters: async (key) => state.countersNow(key, await unit.counters([key])),
    adjustments: async (key) => {
      const isOfPeriod = (row: Adjustment) =>
        row.customer === key.customer && row.bookedPeriod === key.period;
      return [...(await unit.adjustments(key)), ...state.adjustments.filter(isOfPeriod)];
    },
  };
}

function bookedIn(rows: readonly Adjustment[], customer: string): string[] {
  return rows.filter((row) => row.customer === customer).map((row) => row.bookedPeriod);
}

function periodsIn(rows: readonly { readonly period: string }[]): string[] {
  return [...new Set(rows.map(({ period }) => period))];
}

/** What a charge comes to in an open period. */
export interface OpenCharge extends Charged {
  /** ISO 4217. */
  readonly currency: string;
  /** Its part in a card's credits; null: it is priced in money. */
  readonly credits: {
    readonly name: string;
    readonly amount: Amount;
    readonly price: Factor;
  } | null;
}

/** Whose charges, and up to when. */
export interface ChargedQuery {
  readonly customer: Customer;
  readonly nowMs: number;
  /** Periods that the customer's wallets remember. */
  readonly periods: readonly string[];
  /** Periods to leave out. (Default: closed ones alone.) */
  readonly without?: readonly string[];
}

/** Everything that is charged in open periods, in every currency. */
export async function openCharges(
  reads: CreditReads,
  tariff: Tariff,
  query: ChargedQuery,
): Promise<OpenCharge[]> {
  const { customer, nowMs, without = [] } = query;
  const closed = await reads.closed(customer.id);
  const left = new Set([...closed, ...without]);
  const known = [...(await reads.charged(customer.id)), ...query.periods];
  const open = firstOpen(tariff, customer, { nowMs, closed: new Set(closed) });
  const charges: OpenCharge[] = [];
  for (const period of periodsFrom(tariff, customer, [...known, open])) {
    if (left.has(period.key)) continue;
    const key = { customer: customer.id, period: period.key };
    const lane = { customer: "", period: period.key, startMs: period.startMs };
    for (const counter of await reads.counters(key)) {
      for (const charge of chargesOf(tariff, counter)) charges.push({ ...lane, ...charge });
    }
    for (const row of await reads.adjustments(key)) {
      charges.push({ ...lane, ...adjustedBy(tariff, customer, { row, nowMs }) });
    }
  }
  return sumOpenCharges(charges);
}

/** The period that what comes late is booked in: one that lasts may be closed already. */
function firstOpen(
  tariff: Tariff,
  customer: Customer,
  { nowMs, closed }: { readonly nowMs: number; readonly closed: ReadonlySet<string> },
): string {
  let period = tariff.periodOf(customer, nowMs);
  while (closed.has(period.key)) period = tariff.periodOf(customer, period.endMs);
  return period.key;
}

/** Cells of a charge as one; what is priced in credits stays apart from what is not. */
export function sumOpenCharges(charges: readonly OpenCharge[]): OpenCharge[] {
  const groups = Map.groupBy(charges, ({ period, charge, currency, credits }) =>
    JSON.stringify([period, charge, currency, credits?.name ?? null]),
  );
  return [...groups.values()].flatMap((parts) => {
    // What is charged in the period itself stands before what is booked in it.
    const [first] = parts;
    if (first === undefined) return [];
    const amount = sumAmounts(parts.map((part) => part.amount));
    if (first.credits === null) return [{ ...first, amount }];
    const credits = sumAmounts(parts.map((part) => part.credits?.amount ?? ZERO_AMOUNT));
    return [{ ...first, amount, credits: { ...first.credits, amount: credits } }];
  });
}

/** Every period from the first known one to the last: late usage is booked in any between. */
function* periodsFrom(tariff: Tariff, customer: Customer, keys: readonly string[]) {
  const inOrder = [...new Set(keys)].sort();
  const [first, last] = [inOrder[0], inOrder.at(-1)];
  if (first === undefined || last === undefined) return;
  let period = periodOfKey(tariff, customer, first);
  yield period;
  while (period.key < last) {
    period = tariff.periodOf(customer, period.endMs);
    yield period;
  }
}

type Part = Pick<OpenCharge, "charge" | "amount" | "currency" | "credits">;

/** What a counter comes to: what is priced in each credit apart from what is in money. */
function chargesOf(tariff: Tariff, stored: StoredCounter): Part[] {
  const { chargeKey: charge, cell, counter } = stored;
  const latest = segmentsOf(counter).at(-1);
  if (latest === undefined || isTrialCell(cell)) return [];
  const { currency } = tariff.cardById(latest.cardVersionId);
  const parts = counterInCredits(tariff, stored, counter).map(
    ({ credit, credits, money }): Part => {
      return { charge, amount: money, currency, credits: { ...credit, amount: credits } };
    },
  );
  const rest = (counter.amount - sumAmounts(parts.map(({ amount }) => amount))) as Amount;
  if (rest === 0n && parts.length > 0) return parts;
  return [...parts, { charge, amount: rest, currency, credits: null }];
}

/** A difference to a closed period is in the money of the card that it came by. */
function adjustedBy(
  tariff: Tariff,
  customer: Customer,
  { row, nowMs }: { readonly row: Adjustment; readonly nowMs: number },
): Part {
  const card = tariff.cardFor(customer, nowMs);
  const { amount, credits } = row;
  const charge = isByHand(row) ? "" : row.chargeKey;
  return { charge, amount, currency: card?.currency ?? "USD", credits };
}

/** What a wallet in a currency is charged. */
export function chargedIn(charges: readonly OpenCharge[], currency: string): Charged[] {
  return charges.flatMap((one): Charged[] => {
    const { customer, period, charge, startMs, amount, credits } = one;
    const lane = { customer, period, charge, startMs };
    if (one.currency === currency) return [{ ...lane, amount }];
    return credits?.name === currency ? [{ ...lane, amount: credits.amount }] : [];
  });
}

/**
 * Money that credits stand for; all of a charge's money where they pay all of it. Negative: they
 * are given back.
 */
export function moneyOfCredits(
  paid: Amount,
  of: { readonly credits: Amount; readonly money: Amount; readonly price: Factor },
): Amount {
  if (paid === of.credits) return of.money;
  const worth = (paid * of.price) / FACTOR_ONE;
  if (paid === 0n) return ZERO_AMOUNT;
  const isBeyond = paid > 0n ? worth > of.money : worth < of.money;
  return (isBeyond ? of.money : worth) as Amount;
}

const FACTOR_ONE = 10n ** 6n;

/** Charges in money, less what credits in units stand for. */
export function withoutCredits(
  charges: readonly OpenCharge[],
  paidOf: (charge: OpenCharge) => Amount,
): OpenCharge[] {
  return charges.map((one) => {
    if (one.credits === null) return one;
    const { amount: credits, price } = one.credits;
    const paid = paidOf(one);
    if (paid === ZERO_AMOUNT) return one;
    const money = moneyOfCredits(paid, { credits, money: one.amount, price });
    return { ...one, amount: (one.amount - money) as Amount, credits: null };
  });
}
