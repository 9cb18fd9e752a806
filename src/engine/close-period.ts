/** Closes periods into statements: one immutable bill a customer, each in one unit of work. */
import { present } from "../domain/assert.ts";
import { TollgateError } from "../domain/errors.ts";
import { formatAmount } from "../domain/money/decimal.ts";
import type { BillingPeriod } from "../domain/period/billing-period.ts";
import type { Adjustment, StatementRecord } from "../domain/period/records.ts";
import { buildStatement, type ChargeCount, type Statement } from "../domain/period/statement.ts";
import { statementDocument } from "../domain/period/statement-document.ts";
import { closeCounter } from "../domain/rating/counter.ts";
import type { CompiledCard } from "../domain/rating/meter.ts";
import { type Act, runAct } from "./act.ts";
import { counterKeyText } from "./batch-state.ts";
import type { EngineContext } from "./context.ts";
import type { CounterKey, Customer, StoredCounter } from "./ports.ts";
import type { Tariff } from "./tariff.ts";
import { readWorkspace } from "./workspace-settings.ts";

/** Which periods to close. */
export interface ClosePeriod {
  /** Null: every customer with usage or adjustments in the period. */
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
      const closed = await runAct(context, workspace, (act) => closeOne(context, act, how));
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
  const all = await context.store.periodsToBill(workspace, period);
  if (customer === null) return all;
  const own = all.filter((key) => key.customer === customer);
  if (own.length > 0) return own;
  if ((await context.store.customer(workspace, customer)) === undefined) {
    throw new TollgateError("customer.not_found", `There is no customer "${customer}".`);
  }
  const detail = `Customer "${customer}" has no usage in the period "${period}".`;
  throw new TollgateError("statement.not_found", detail, "period");
}

interface Closing {
  readonly key: CounterKey;
  readonly request: ClosePeriod;
  readonly graceHours: number;
}

async function closeOne(
  context: EngineContext,
  act: Act,
  { key, request, graceHours }: Closing,
): Promise<StatementRecord | null> {
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
  const record = await billOf(context, act, { customer, period });
  extra.statements = [record];
  const { id: statementId, closedAtMs, digest, total, currency } = record;
  const closed = { customer: key.customer, period: key.period, closedAtMs, statementId };
  state.periods.set(counterKeyText(key), closed);
  journal("period.closed", statementId, { ...closed, total, currency, digest });
  return record;
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

/** The period that starts on a date in the customer's calendar. */
function periodOfKey(tariff: Tariff, customer: Customer, key: string): BillingPeriod {
  // Noon of the start date in UTC lies in the period, or at most half a day before it.
  const noonMs = Date.parse(`${key}T12:00:00Z`);
  const halfDayMs = 12 * 3_600_000;
  const candidates = [noonMs, noonMs + halfDayMs, noonMs - halfDayMs].map((atMs) =>
    tariff.periodOf(customer, atMs),
  );
  return present(
    candidates.find((period) => period.key === key),
    `period ${key} of "${customer.id}"`,
  );
}

async function billOf(
  context: EngineContext,
  { unit, state, tariff }: Act,
  { customer, period }: { readonly customer: Customer; readonly period: BillingPeriod },
): Promise<StatementRecord> {
  const key = { customer: customer.id, period: period.key };
  const counters = await unit.counters([key]);
  const adjustments = await unit.adjustments(key);
  const nowMs = state.receivedAtMs;
  const statement = statementOf(tariff, { customer, period, nowMs, counters, adjustments });
  const document = statementDocument(statement);
  return {
    id: `st_${context.digest.sha256(`${customer.id}\u0000${period.key}`).slice(0, 20)}`,
    customer: customer.id,
    period: period.key,
    currency: statement.currency,
    closedAtMs: state.receivedAtMs,
    total: formatAmount(statement.total),
    document,
    digest: context.digest.sha256(document),
  };
}

/** Everything that a period's bill is made of. */
export interface Bill {
  readonly customer: Customer;
  readonly period: BillingPeriod;
  readonly nowMs: number;
  readonly counters: readonly StoredCounter[];
  readonly adjustments: readonly Adjustment[];
}

/** The terms of a bill: those of the card in force when the period ends, or now. */
export function termsOf(tariff: Tariff, { customer, period, nowMs }: Bill) {
  const inForce = tariff.cardFor(customer, Math.min(period.endMs - 1, nowMs));
  const card = inForce === null ? undefined : tariff.versionById(inForce.id).card;
  return {
    currency: card?.currency ?? "USD",
    rounding: card?.rounding ?? ("half_even" as const),
    minimum: card?.minimum ?? null,
  };
}

/** The statement of a period, as if it were closed now. */
export function statementOf(tariff: Tariff, bill: Bill): Statement {
  return buildStatement({
    customer: bill.customer.id,
    period: bill.period,
    ...termsOf(tariff, bill),
    charges: bill.counters.flatMap((counter) => chargeCounts(tariff, counter)),
    adjustments: bill.adjustments,
  });
}

function chargeCounts(tariff: Tariff, stored: StoredCounter): ChargeCount[] {
  const { cardKey, chargeKey, cell, counter } = stored;
  const priceOf = (id: number) => tariff.cardById(id).segmentPrice(chargeKey, cell);
  const latest = counter.segments.at(-1);
  if (latest === undefined) return [];
  const name = nameOf(tariff.cardById(latest.cardVersionId), chargeKey);
  return closeCounter(counter, priceOf).map((count) => ({
    ...count,
    cardKey,
    chargeKey,
    cell,
    name,
  }));
}

function nameOf(card: CompiledCard, chargeKey: string): string {
  return card.charges.find((charge) => charge.key === chargeKey)?.name ?? chargeKey;
}
