/** The bill of a period under way: what it comes to now, and what it is expected to come to. */
import { TollgateError } from "../domain/errors.ts";
import type { Amount } from "../domain/money/decimal.ts";
import type { BillingPeriod } from "../domain/period/billing-period.ts";
import { type Projection, projectStatement } from "../domain/period/projection.ts";
import { accruedIn } from "./accrued.ts";
import { billInput } from "./bill.ts";
import { describedBookings } from "./book-by-hand.ts";
import type { EngineContext } from "./context.ts";

/** A projection and what it is of. */
export interface ProjectedPeriod extends Projection {
  readonly customer: string;
  readonly period: BillingPeriod;
  /** ISO 4217. */
  readonly currency: string;
  readonly nowMs: number;
  /** What open runs would be charged on top, were they completed now: in no total yet. */
  readonly accruedExact: Amount;
}

/** Projects the period that lasts now. Throws `customer.not_found`, `period.closed`. */
export async function readProjection(
  { store, tariffs, clocks }: EngineContext,
  workspace: string,
  id: string,
): Promise<ProjectedPeriod> {
  const customer = await store.customer(workspace, id);
  if (customer === undefined) {
    throw new TollgateError("customer.not_found", `There is no customer "${id}".`);
  }
  const tariff = await tariffs.of(workspace);
  const nowMs = (await clocks.of(workspace)).nowMs();
  const period = tariff.periodOf(customer, nowMs);
  const key = { customer: id, period: period.key };
  const closed = (await store.periodsOf(workspace, id)).find((one) => one.period === period.key);
  if (closed !== undefined) {
    const detail = `Period ${period.key} of "${id}" is closed already as ${closed.statementId}.`;
    throw new TollgateError("period.closed", detail);
  }
  const counters = await store.countersOf(workspace, key);
  const adjustments = await store.adjustmentsOf(workspace, key);
  const bookings = await describedBookings(store, workspace, adjustments);
  const bill = { customer, period, nowMs, counters, adjustments, bookings };
  const input = billInput(tariff, bill);
  const projection = projectStatement(input, nowMs);
  const accruedExact = await accruedIn({ store, tariff }, workspace, key);
  return { ...projection, customer: id, period, currency: input.currency, nowMs, accruedExact };
}
