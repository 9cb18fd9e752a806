/** What the change of a row comes to in balances: taken off where it counted, put where it does. */
import { isPrepaid, type OverrunCause } from "../../domain/budget/budget.ts";
import { measured, type Spend, type Spender, scopesOf } from "../../domain/budget/spend.ts";
import type { StepKey } from "../ports.ts";
import type { Booking } from "./book-balances.ts";
import type { Spending } from "./load-spending.ts";
import type { BalancePlace } from "./spending-state.ts";

/** What a row's change comes to in the balances of budgets. */
export interface Difference {
  /** Since when the row is on record, in whatever version: budgets set later do not count it. */
  readonly firstSeq: number;
  readonly off: Placed | null;
  readonly on: Placed | null;
  readonly identity: StepKey;
  readonly causeIn: (budgetId: number, scope: string, amount: bigint) => OverrunCause;
}

/** What is spent, by whom, and when it counts. */
export interface Placed {
  readonly spender: Spender;
  readonly spend: Spend;
  readonly atMs: number;
}

/** Adds what a difference moves to the bookings. */
export function addBookings(spending: Spending, difference: Difference, bookings: Booking[]): void {
  const { off, on } = difference;
  if (off === null) {
    if (on !== null) addPlaced(spending, difference, { placed: on, sign: 1n, bookings });
    return;
  }
  const both: Booking[] = [];
  addPlaced(spending, difference, { placed: off, sign: -1n, bookings: both });
  if (on !== null) addPlaced(spending, difference, { placed: on, sign: 1n, bookings: both });
  addSums(both, bookings);
}

/** What is taken off a balance and put on it again is one difference, or none. */
function addSums(both: readonly Booking[], bookings: Booking[]): void {
  const sums = new Map<BalancePlace, Booking>();
  for (const booking of both) {
    const sum = sums.get(booking.place)?.amount ?? 0n;
    sums.set(booking.place, { ...booking, amount: sum + booking.amount });
  }
  for (const booking of sums.values()) if (booking.amount !== 0n) bookings.push(booking);
}

interface Side {
  readonly placed: Placed;
  readonly sign: bigint;
  readonly bookings: Booking[];
}

function addPlaced(
  { state, book }: Spending,
  { firstSeq, identity, causeIn }: Difference,
  { placed, sign, bookings }: Side,
): void {
  const { spender, spend, atMs } = placed;
  for (const record of book.records) {
    const { budget, id: budgetId } = record;
    if (isPrepaid(budget.measure) || (budget.each !== "run" && firstSeq <= budgetId)) continue;
    const quantity = measured(budget, spend);
    if (quantity === 0n) continue;
    const scopes = scopesOf(budget, spender);
    if (scopes.length === 0) continue;
    const calendar = state.customers.get(spender.customer) ?? null;
    const window = book.windowOf(budget, atMs, calendar).key;
    for (const scope of scopes) {
      const place = state.spending.place({ budgetId, scope, window });
      const cause = causeIn(budgetId, scope, quantity);
      bookings.push({ record, place, amount: sign * quantity, identity, cause });
    }
  }
}
