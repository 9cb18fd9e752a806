/** Closes periods into statements: one immutable bill a customer, each in one unit of work. */

import { present } from "../../domain/assert.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import { settleOutcomes } from "../booking/settle-outcomes.ts";
import { type Act, runAct } from "../commit/act.ts";
import { counterKeyText } from "../commit/batch-state.ts";
import { finishRuns } from "../commit/finish-runs.ts";
import { ReadTurns } from "../commit/others-turn.ts";
import type { EngineContext } from "../context.ts";
import { closeCredit } from "../credit/close-credit.ts";
import type { CounterKey, Customer } from "../ports.ts";
import { readWorkspace } from "../workspaces/workspace-settings.ts";
import { isUsed, LINE_FORM, periodOfKey, recordOf, statementOf } from "./bill.ts";
import { describedBookings } from "./book-by-hand.ts";
import { BookedRows } from "./booked-rows.ts";
import { carryingPeriods } from "./carrying-periods.ts";
import { commitmentInput } from "./commitments.ts";
import { committedPeriods } from "./committed-periods.ts";
import { periodsToClose } from "./periods-to-close.ts";

/** Which periods to close. */
export interface ClosePeriod {
  /**
   * Null: every customer with usage, bookings, standing terms or a commitment in the period, or
   * with something to carry from customers below.
   */
  readonly customer: string | null;
  /** Start date `2026-11-01`, or `2026-11` for the periods that start in that month. */
  readonly period: string;
  /** Closes before the period and its grace have ended; later events of it become adjustments. */
  readonly early: boolean;
  /** Most periods to look at; the answer says where to go on. (Default: all.) */
  readonly limit?: number;
  /** Goes on behind this one, the `next` of the answer before. (Default: from the first on.) */
  readonly after?: CounterKey | null;
}

/** What closing came to, so far. */
export interface ClosedPeriods {
  /** Statements that this call made. */
  readonly statements: readonly StatementRecord[];
  /** Periods looked at, with those of the calls before, of all that there are. */
  readonly done: number;
  readonly total: number;
  /** Of those looked at by this call: passed over, because they or their grace have not ended. */
  readonly waiting: number;
  /** Last one looked at, to go on from; null: that was all. */
  readonly next: CounterKey | null;
}

/**
 * Closes what is open, one customer after the other, each in a unit of work of its own. A customer
 * whose period is closed already is passed over, so that closing may be repeated after a failure
 * and does the rest; naming one such customer throws `period.closed`. Periods that have not ended
 * are passed over too; where there is nothing else, that throws `period.open`.
 */
export async function closePeriod(
  context: EngineContext,
  workspace: string,
  request: ClosePeriod,
): Promise<ClosedPeriods> {
  // Which periods hold something depends on it.
  await settleOutcomes(context, workspace);
  const all = await keysToClose(context, workspace, request);
  const { graceHours } = await readWorkspace(context.store, workspace);
  const start = placeAfter(all, request.after ?? null);
  const page = all.slice(start, start + (request.limit ?? all.length));
  const statements: StatementRecord[] = [];
  const open: TollgateError[] = [];
  for (const key of page) {
    if (request.customer === null && (await isClosed(context, workspace, key))) continue;
    try {
      const how = { key, request, graceHours };
      const closed = await closeSettled(context, workspace, how);
      if (closed !== null) statements.push(closed);
    } catch (error) {
      const isOpen = error instanceof TollgateError && error.code === "period.open";
      if (!isOpen || request.customer !== null) throw error;
      open.push(error);
    }
  }
  const [first] = open;
  if (first !== undefined && statements.length === 0 && page.length === all.length) throw first;
  const done = start + page.length;
  const next = done < all.length ? (page.at(-1) ?? null) : null;
  return { statements, done, total: all.length, waiting: open.length, next };
}

function placeAfter(keys: readonly CounterKey[], after: CounterKey | null): number {
  if (after === null) return 0;
  const wanted = counterKeyText(after);
  return keys.findIndex((key) => counterKeyText(key) === wanted) + 1;
}

/** Asked outside a unit: what is closed stays closed, and a unit for each would take long. */
async function isClosed(
  { store }: EngineContext,
  workspace: string,
  { customer, period }: CounterKey,
): Promise<boolean> {
  const closed = await store.periodsOf(workspace, customer);
  return closed.some((state) => state.period === period);
}

async function keysToClose(
  context: EngineContext,
  workspace: string,
  { customer, period }: ClosePeriod,
): Promise<CounterKey[]> {
  const wanted = { customer, period };
  const billed = await periodsToClose(context, workspace, wanted);
  const known = new Set(billed.map(counterKeyText));
  const committed = await committedPeriods(context, workspace, wanted);
  const added = committed.filter((key) => !known.has(counterKeyText(key)));
  const own = [...billed, ...added];
  const besides = new Set(own.map((key) => key.customer));
  const all = [...own, ...(await carryingPeriods(context, workspace, { ...wanted, besides }))];
  if (customer === null || all.length > 0) return all;
  if ((await context.store.customer(workspace, customer)) === undefined) {
    throw new TollgateError("customer.not_found", `There is no customer "${customer}".`);
  }
  const detail = `Customer "${customer}" has nothing to bill in the period "${period}".`;
  throw new TollgateError("statement.not_found", detail, "period");
}

interface Closing {
  readonly key: CounterKey;
  readonly request: ClosePeriod;
  readonly graceHours: number;
}

/** What became final meanwhile is settled first, so that no bill depends on when that was done. */
async function closeSettled(
  context: EngineContext,
  workspace: string,
  how: Closing,
): Promise<StatementRecord | null> {
  for (;;) {
    const closed = await runAct(context, workspace, (act) => closeOne(context, act, how));
    if (closed !== "unsettled") return closed;
    await finishRuns(context, workspace, how.key.customer);
    await settleOutcomes(context, workspace);
  }
}

async function closeOne(
  context: EngineContext,
  act: Act,
  { key, request, graceHours }: Closing,
): Promise<StatementRecord | "unsettled" | null> {
  const { unit, state, tariff, extra, journal } = act;
  const [already] = await unit.periods([key]);
  if (already !== undefined) {
    if (request.customer === null) return null;
    const detail = `Period ${key.period} of "${key.customer}" is closed as ${already.statementId}.`;
    throw new TollgateError("period.closed", detail, "period");
  }
  const [known] = await unit.customers([key.customer]);
  const customer = present(known, `customer "${key.customer}"`);
  const period = periodOfKey(tariff, customer, key.period);
  if (!request.early) requireEnd(key, { period, graceHours, nowMs: state.receivedAtMs });
  if (await isUnsettled(act, { customer, period })) return "unsettled";
  const record = await billOf(context, act, { customer, period });
  extra.statements = [record];
  const { id: statementId, closedAtMs, digest, total, currency } = record;
  const closed = { customer: key.customer, period: key.period, closedAtMs, statementId };
  state.periods.set(counterKeyText(key), closed);
  journal("period.closed", statementId, {
    ...closed,
    total,
    currency,
    digest,
    lineForm: LINE_FORM,
  });
  return record;
}

/**
 * Whether an outcome of a period is final by now and not charged yet, or a run's late opening has
 * restated a part of its steps.
 */
async function isUnsettled(
  { unit, state, tariff }: Act,
  { customer, period }: { readonly customer: Customer; readonly period: BillingPeriod },
): Promise<boolean> {
  if ((await unit.unfinishedRuns(1, customer.id)).length > 0) return true;
  if (!tariff.settlesOutcomes) return false;
  const untilMs = Math.min(state.receivedAtMs, period.endMs - 1);
  return (await unit.dueOutcomes(untilMs, { customer: customer.id, limit: 1 })).length > 0;
}

const HOUR_MS = 3_600_000;

/** Throws `period.open` while a period or its grace lasts. */
function requireEnd(
  key: CounterKey,
  at: { readonly period: BillingPeriod; readonly graceHours: number; readonly nowMs: number },
): void {
  const { period, graceHours, nowMs } = at;
  const closableAtMs = period.endMs + graceHours * HOUR_MS;
  if (nowMs >= closableAtMs) return;
  const [end, closable] = [period.endMs, closableAtMs].map((ms) => new Date(ms).toISOString());
  const grace = graceHours === 0 ? "" : `, and its grace of ${graceHours} hours at ${closable}`;
  const detail = `Period ${key.period} of "${key.customer}" ends at ${end}${grace}.`;
  throw new TollgateError("period.open", detail, "period");
}

async function billOf(
  context: EngineContext,
  act: Act,
  { customer, period }: { readonly customer: Customer; readonly period: BillingPeriod },
): Promise<StatementRecord> {
  const { unit, state, tariff } = act;
  const key = { customer: customer.id, period: period.key };
  const counters = await unit.counters([key]);
  const booked = new BookedRows();
  await booked.readBy((page) => unit.adjustments(key, page), new ReadTurns());
  const { rows } = booked;
  const bookings = await describedBookings(context.store, act.workspace, { rows });
  const nowMs = state.receivedAtMs;
  const wanted = { customer, replaces: null };
  const commitments = await commitmentInput(context.store, act.workspace, wanted);
  const used = await isUsed(context.store, act.workspace, { ...key, counters });
  const about = { customer, period, nowMs, isUsed: used, commitments };
  const bill = { ...about, counters, adjustments: rows, bookings };
  const statement = statementOf(tariff, bill);
  const credit = await closeCredit(context, act, { customer, statement, replaces: null });
  return recordOf(context, statement, { closedAtMs: nowMs, replaces: null, credit });
}
