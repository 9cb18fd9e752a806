/** Closes periods into statements: one immutable bill a customer, each in one unit of work. */
import { present } from "../domain/assert.ts";
import { TollgateError } from "../domain/errors.ts";
import { formatAmount } from "../domain/money/decimal.ts";
import type { BillingPeriod } from "../domain/period/billing-period.ts";
import { periodTerms } from "../domain/period/period-terms.ts";
import type { StatementRecord } from "../domain/period/records.ts";
import { buildStatement } from "../domain/period/statement.ts";
import { statementDocument } from "../domain/period/statement-document.ts";
import type { ChargeCount } from "../domain/period/statement-line.ts";
import { closeCounter } from "../domain/rating/counter.ts";
import type { CompiledCard } from "../domain/rating/meter.ts";
import { type Act, runAct } from "./act.ts";
import { counterKeyText } from "./batch-state.ts";
import type { EngineContext } from "./context.ts";
import type { CounterKey, Customer, StoredCounter } from "./ports.ts";
import type { Tariff } from "./tariff.ts";

/** Which periods to close. */
export interface ClosePeriod {
  /** Null: every customer with usage or adjustments in the period. */
  readonly customer: string | null;
  /** Start date `2026-11-01`, or `2026-11` for the periods that start in that month. */
  readonly period: string;
  /** Closes before the period has ended; later events of it become adjustments. */
  readonly early: boolean;
}

/**
 * Closes what is open. A customer whose period is closed already is passed over, so that closing
 * may be repeated after a failure; naming one such customer throws `period.closed`. Throws
 * `period.open` before the period's end.
 */
export async function closePeriod(
  context: EngineContext,
  workspace: string,
  request: ClosePeriod,
): Promise<StatementRecord[]> {
  const statements: StatementRecord[] = [];
  for (const key of await keysToClose(context, workspace, request)) {
    const closed = await runAct(context, workspace, (act) =>
      closeOne(context, act, { key, request }),
    );
    if (closed !== null) statements.push(closed);
  }
  return statements;
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

async function closeOne(
  context: EngineContext,
  act: Act,
  { key, request }: { readonly key: CounterKey; readonly request: ClosePeriod },
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
  if (!request.early && state.receivedAtMs < period.endMs) {
    const end = new Date(period.endMs).toISOString();
    const detail = `Period ${key.period} of "${key.customer}" ends at ${end}.`;
    throw new TollgateError("period.open", detail, "period");
  }
  const record = await billOf(context, act, { customer, period });
  extra.statements = [record];
  const { id: statementId, closedAtMs, digest, total, currency } = record;
  const closed = { customer: key.customer, period: key.period, closedAtMs, statementId };
  state.periods.set(counterKeyText(key), closed);
  journal("period.closed", statementId, { ...closed, total, currency, digest });
  return record;
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
  const inForce = tariff.cardFor(customer, Math.min(period.endMs - 1, state.receivedAtMs));
  const card = inForce === null ? undefined : tariff.versionById(inForce.id).card;
  const statement = buildStatement({
    customer: customer.id,
    period,
    currency: card?.currency ?? "USD",
    rounding: card?.rounding ?? "half_even",
    credit: card?.credit ?? null,
    terms: periodTerms({
      period,
      // Until spans of versions are known here: the card at the end, for the whole period.
      spans: card === undefined ? [] : [{ card, startMs: period.startMs, endMs: period.endMs }],
      startedAtMs: null,
    }),
    charges: counters.flatMap((counter) => chargeCounts(tariff, counter)),
    trials: [],
    runs: [],
    adjustments,
  });
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
    conversions: [],
  }));
}

function nameOf(card: CompiledCard, chargeKey: string): string {
  return card.charges.find((charge) => charge.key === chargeKey)?.name ?? chargeKey;
}
