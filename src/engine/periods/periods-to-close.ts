/** Which periods a close has to look at. */

import { isDateBeginning } from "../../domain/calendar-date.ts";
import { TollgateError } from "../../domain/errors.ts";
import { OCCURRED_AT_MAX_MS, OCCURRED_AT_MIN_MS } from "../../domain/limits.ts";
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import { periodTerms } from "../../domain/period/period-terms.ts";
import type { Tariff } from "../cards/tariff.ts";
import { counterKeyText } from "../commit/batch-state.ts";
import type { EngineContext } from "../context.ts";
import type { CounterKey, Customer, Store } from "../ports.ts";

/** Customers to read at a time. */
const CUSTOMERS_A_READ = 1_000;
const DAY_MS = 24 * 3_600_000;

/**
 * Customers and periods whose key begins so, by customer and period: those with usage or bookings,
 * and those of customers whose card owes something without any: a fee, or the least of the period
 * or of a charge. A customer that has not started yet owes nothing. Throws `field.invalid` for
 * what begins no date, `field.out_of_range` for what begins like no period that can hold an event.
 */
export async function periodsToClose(
  { store, tariffs }: Pick<EngineContext, "store" | "tariffs">,
  workspace: string,
  { customer, period }: { readonly customer: string | null; readonly period: string },
): Promise<CounterKey[]> {
  requireStart(period);
  const used = await store.periodsToBill(workspace, period, customer);
  const tariff = await tariffs.of(workspace);
  if (!tariff.hasStandingTerms) return used;
  const keys = new Map(used.map((key) => [counterKeyText(key), key]));
  for await (const one of customersOf(store, workspace, customer)) {
    for (const { key } of owingPeriods(tariff, one, period)) {
      const found = { customer: one.id, period: key };
      keys.set(counterKeyText(found), found);
    }
  }
  return [...keys.values()].sort(byCustomer);
}

const yearOf = (ms: number) => new Date(ms).getUTCFullYear();
/** A period may begin the year before its first event, and in some zones the year after. */
const [FIRST_YEAR, LAST_YEAR] = [yearOf(OCCURRED_AT_MIN_MS) - 1, yearOf(OCCURRED_AT_MAX_MS)];

/**
 * Beyond four digits of a year, keys of periods are not in the order of time. A day that no month
 * has is a slip of the pen: nothing starts on it, and nothing to close would sound like success.
 */
function requireStart(prefix: string): void {
  if (prefix === "") return;
  if (!isDateBeginning(prefix)) {
    const detail = `"${prefix}" is no day or month of the calendar.`;
    throw new TollgateError("field.invalid", detail, "period");
  }
  const year = Number(prefix.slice(0, "2026".length));
  if (year >= FIRST_YEAR && year <= LAST_YEAR) return;
  const detail = `Periods begin in the years ${FIRST_YEAR} to ${LAST_YEAR}, not in "${prefix}".`;
  throw new TollgateError("field.out_of_range", detail, "period");
}

async function* customersOf(
  store: Store,
  workspace: string,
  only: string | null,
): AsyncGenerator<Customer> {
  if (only !== null) {
    const found = await store.customer(workspace, only);
    if (found !== undefined) yield found;
    return;
  }
  let after: string | undefined;
  for (;;) {
    const page = await store.listCustomers(workspace, CUSTOMERS_A_READ, after);
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < CUSTOMERS_A_READ) return;
  }
}

function owingPeriods(tariff: Tariff, customer: Customer, prefix: string): BillingPeriod[] {
  const owing: BillingPeriod[] = [];
  const fullDate = `${prefix}-01-01`.slice(0, "2026-01-01".length);
  // A zone may be a day ahead of UTC: start with the period before.
  const fromMs = Date.parse(`${fullDate}T00:00:00Z`) - DAY_MS;
  if (Number.isNaN(fromMs)) return owing;
  for (
    let period = tariff.periodOf(customer, fromMs);
    period.key < prefix || period.key.startsWith(prefix);
    period = tariff.periodOf(customer, period.endMs)
  ) {
    const isAsked = period.key.startsWith(prefix) && customer.startedAtMs < period.endMs;
    if (isAsked && owesWithoutUsage(tariff, customer, period)) owing.push(period);
  }
  return owing;
}

function owesWithoutUsage(tariff: Tariff, customer: Customer, period: BillingPeriod): boolean {
  const spans = tariff.spansOf(customer, period);
  const terms = periodTerms({ period, spans, startedAtMs: customer.startedAtMs });
  const minimums = [terms.minimum, ...terms.chargeBounds.map(({ minimum }) => minimum)];
  return (
    terms.fees.some(({ amount }) => amount > 0n) ||
    minimums.some((minimum) => minimum !== null && minimum > 0n)
  );
}

function byCustomer(a: CounterKey, b: CounterKey): number {
  return compare(a.customer, b.customer) || compare(a.period, b.period);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
