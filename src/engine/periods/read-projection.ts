/** The bill of a period under way: what it comes to now, and what it is expected to come to. */
import { TollgateError } from "../../domain/errors.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import { type Projection, projectStatement } from "../../domain/period/projection.ts";
import type { ReadContext } from "../context.ts";
import { accruedIn } from "./accrued.ts";
import { commitmentInput } from "./commitments.ts";
import { type CommitmentStatus, drawnWithOpen, openBill, statusOf } from "./read-drawdown.ts";

/** A projection and what it is of. */
export interface ProjectedPeriod extends Projection {
  readonly customer: string;
  readonly period: BillingPeriod;
  /** ISO 4217. */
  readonly currency: string;
  readonly nowMs: number;
  /** What open runs would be charged on top, were they completed now: in no total yet. */
  readonly accruedExact: Amount;
  /** Where the customer's commitments stand. */
  readonly commitments: readonly CommitmentStatus[];
}

/** Projects the period that lasts now. Throws `customer.not_found`, `period.closed`. */
export async function readProjection(
  context: ReadContext,
  workspace: string,
  id: string,
): Promise<ProjectedPeriod> {
  const { store, tariffs, clocks } = context;
  const customer = await store.customer(workspace, id);
  if (customer === undefined) {
    throw new TollgateError("customer.not_found", `There is no customer "${id}".`);
  }
  const tariff = await tariffs.of(workspace);
  const nowMs = (await clocks.of(workspace)).nowMs();
  const period = tariff.periodOf(customer, nowMs);
  const closed = (await store.periodsOf(workspace, id)).find((one) => one.period === period.key);
  if (closed !== undefined) {
    const detail = `Period ${period.key} of "${id}" is closed already as ${closed.statementId}.`;
    throw new TollgateError("period.closed", detail);
  }
  const at = { customer, tariff, nowMs };
  const input = await commitmentInput(store, workspace, { customer, replaces: null });
  const before = await drawnWithOpen(context, workspace, { ...at, input, until: period.key });
  const underWay = { ...at, period, commitments: { ...input, before } };
  const bill = await openBill(context, workspace, underWay);
  const projection = projectStatement(bill, nowMs);
  const commitments = await statusOf(context, workspace, at);
  const about = { customer: id, period, currency: bill.currency, nowMs };
  const key = { customer: id, period: period.key };
  const accruedExact = await accruedIn({ store, tariff }, workspace, key);
  return { ...projection, ...about, commitments, accruedExact };
}
