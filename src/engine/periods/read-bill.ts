/** The bill of any period: the statement that is in force, or what one would be now. */
import { isDateBeginning } from "../../domain/calendar-date.ts";
import type { StatementCredit } from "../../domain/credit/statement-credit.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import { buildStatement } from "../../domain/period/statement.ts";
import { statementDocument } from "../../domain/period/statement-document.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { ReadContext } from "../context.ts";
import type { PreviewedBill } from "../credit/preview-credit.ts";
import type { Customer } from "../ports.ts";
import { periodStarting, periodStartingIn } from "./bill.ts";
import { commitmentInput } from "./commitments.ts";
import { type LateLimits, lateLimitsOf } from "./late-limits.ts";
import { drawnWithOpen, openBill } from "./read-drawdown.ts";

/** Whose bill, and of when. */
export interface BillQuery {
  readonly customer: string;
  /** Start date of the period, or year and month of it; null: the one that lasts now. */
  readonly period: string | null;
}

/** A bill as it is, or would be if its period were closed. */
export interface PeriodBill {
  readonly period: BillingPeriod;
  readonly nowMs: number;
  /** The statement in force; null: the period is open. */
  readonly statement: StatementRecord | null;
  /** A statement's document; of an open period, the one that closing it now would leave. */
  readonly document: string;
  /** What its adjustments of closed periods are not held against. */
  readonly lateLimits: readonly LateLimits[];
}

/** What credit would pay of an open bill. */
export type CreditOfBill = (bill: PreviewedBill) => Promise<StatementCredit | null>;

/**
 * Reads the bill of a period. Credit is known of the present alone: `creditOf` is null where the
 * bill is of another instant, and an open bill then tells nothing of it. Throws
 * `customer.not_found`, `field.invalid`.
 */
export async function readBill(
  context: ReadContext,
  workspace: string,
  query: BillQuery & { readonly creditOf: CreditOfBill | null },
): Promise<PeriodBill> {
  const { store, tariffs, clocks } = context;
  const { customer: id, period: key, creditOf } = query;
  const customer = await store.customer(workspace, id);
  if (customer === undefined) {
    throw new TollgateError("customer.not_found", `There is no customer "${id}".`);
  }
  const tariff = await tariffs.of(workspace);
  const nowMs = (await clocks.of(workspace)).nowMs();
  const period = key === null ? tariff.periodOf(customer, nowMs) : named(tariff, customer, key);
  const closed = (await store.periodsOf(workspace, id)).find((one) => one.period === period.key);
  const statement =
    closed === undefined ? undefined : await store.statement(workspace, closed.statementId);
  if (statement !== undefined) {
    const lateLimits = await lateLimitsOf(context, workspace, statement);
    return { period, nowMs, statement, document: statement.document, lateLimits };
  }
  const at = { customer, tariff, nowMs };
  const input = await commitmentInput(store, workspace, { customer, replaces: null });
  const before = await drawnWithOpen(context, workspace, { ...at, input, until: period.key });
  const underWay = { ...at, period, commitments: { ...input, before } };
  const open = buildStatement(await openBill(context, workspace, underWay));
  const credit = (await creditOf?.({ customer, statement: open, nowMs })) ?? null;
  const document = statementDocument(open, { replaces: null, credit });
  const lateLimits = await lateLimitsOf(context, workspace, { customer: id, document });
  return { period, nowMs, statement: null, document, lateLimits };
}

/** The period that starts on a date, or in a month: each month has one. */
function named(tariff: Tariff, customer: Customer, start: string): BillingPeriod {
  if (!isDateBeginning(start)) {
    throw new TollgateError("field.invalid", `"${start}" is no day of the calendar.`, "period");
  }
  const isMonth = start.length === "2026-11".length;
  const found = isMonth
    ? periodStartingIn(tariff, customer, start)
    : periodStarting(tariff, customer, start);
  if (found !== undefined) return found;
  const own = periodStartingIn(tariff, customer, start.slice(0, "2026-11".length));
  const detail = `No period of "${customer.id}" starts on ${start}; one starts on ${own?.key}.`;
  throw new TollgateError("field.invalid", detail, "period");
}
