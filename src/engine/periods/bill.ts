/** What a period's bill is made of, and the statement that it makes. */
import { present } from "../../domain/assert.ts";
import type { StatementCredit } from "../../domain/credit/statement-credit.ts";
import { isTrialCell } from "../../domain/event/trial-cell.ts";
import { COST_CURRENCY } from "../../domain/money/currency.ts";
import { formatAmount } from "../../domain/money/decimal.ts";
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import { type Booking, isByHand } from "../../domain/period/booking.ts";
import type { Stretch } from "../../domain/period/card-spans.ts";
import type { CommitmentInput } from "../../domain/period/commitment-draw.ts";
import { periodTerms } from "../../domain/period/period-terms.ts";
import type { Adjustment, StatementRecord } from "../../domain/period/records.ts";
import {
  buildStatement,
  type Statement,
  type StatementInput,
} from "../../domain/period/statement.ts";
import { statementDocument } from "../../domain/period/statement-document.ts";
import type { ChargeCount } from "../../domain/period/statement-line.ts";
import { trialsOf } from "../../domain/period/statement-lines.ts";
import { type Counter, closeCounter, segmentsOf } from "../../domain/rating/counter.ts";
import type { CompiledCard } from "../../domain/rating/meter.ts";
import { COST_MEASURE } from "../../domain/rating/meter-fields.ts";
import { coversKey, trialEndMs } from "../../domain/rating/trial.ts";
import { comesToSomething } from "../as-of/recount.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { CounterKey, Customer, Digest, Reads, StoredCounter } from "../ports.ts";
import { correctionsIn, isOfRuns } from "../runs/correct-runs.ts";
import { inCurrency } from "./commitments.ts";

/**
 * The form of a statement's lines, which the act that closes it tells: from 2 on each is all in
 * money or all in one credit, what volume tiers correct too; from 3 on these correct what openings
 * take off, and what caps of runs take off is of their card's charges, for discounts and what is
 * behind them. Acts of before tell none.
 */
export const LINE_FORM = 3;

/** Everything that a period's bill is made of. */
export interface Bill {
  readonly customer: Customer;
  readonly period: BillingPeriod;
  readonly nowMs: number;
  readonly counters: readonly StoredCounter[];
  /** Rows booked in the period; those by hand are told in `bookings`. */
  readonly adjustments: readonly Adjustment[];
  readonly bookings: readonly Booking[];
  /** Whether anything was metered in the period, charged or not. */
  readonly isUsed: boolean;
  /** What the customer has agreed to use up. (Default: nothing.) */
  readonly commitments?: CommitmentInput;
}

/** Whether anything was metered in a customer's period. Nothing of it may be pending. */
export async function isUsed(
  store: Pick<Reads, "rollups">,
  workspace: string,
  of: CounterKey & { readonly counters: readonly StoredCounter[] },
): Promise<boolean> {
  const { customer, period, counters } = of;
  // Runs and outcomes that were free in a trial come to nothing; they are counted.
  const isTried = counters.some(({ cell, counter }) => isTrialCell(cell) && hasCounted(counter));
  return isTried || (await store.rollups(workspace, { customer, period })).some(comesToSomething);
}

function hasCounted(counter: Counter): boolean {
  return segmentsOf(counter).some(({ quantity }) => quantity !== 0n);
}

/**
 * The terms of a bill: of each card for the part of the period in which it is in force, and those
 * that are one for all of the card in force when the period ends. They are owed used or not; in a
 * period that was over before the customer's start only where it holds usage or adjustments.
 */
export function termsOf(tariff: Tariff, bill: Bill) {
  const { customer, period } = bill;
  const spans = tariff.spansOf(customer, period);
  const card = spans.at(-1)?.card ?? cardNow(tariff, bill);
  const hasStarted = customer.startedAtMs < period.endMs;
  const isOwed = hasStarted || bill.isUsed || isAdjusted(bill.adjustments);
  return {
    currency: card?.currency ?? "USD",
    rounding: card?.rounding ?? ("half_even" as const),
    credit: card?.credit ?? null,
    terms: periodTerms({ period, spans: isOwed ? spans : [], startedAtMs: customer.startedAtMs }),
  };
}

function cardNow(tariff: Tariff, { customer, period, nowMs }: Bill) {
  const inForce = tariff.cardFor(customer, Math.min(period.endMs - 1, nowMs));
  return inForce === null ? undefined : tariff.versionById(inForce.id).card;
}

/** Whether adjustments come to anything: those taken back for a statement issued again do not. */
function isAdjusted(rows: readonly Adjustment[]): boolean {
  const late = rows.filter((row) => !isByHand(row));
  const groups = Map.groupBy(late, ({ originPeriod, cardKey, chargeKey, cell }) =>
    JSON.stringify([originPeriod, cardKey, chargeKey, cell]),
  );
  return groups.values().some((group) => group.reduce((sum, row) => sum + row.amount, 0n) !== 0n);
}

/** The statement of a period, as if it were closed now. */
export function statementOf(tariff: Tariff, bill: Bill): Statement {
  return buildStatement(billInput(tariff, bill));
}

/** What a statement of the bill is built from. */
export function billInput(tariff: Tariff, bill: Bill): StatementInput {
  const terms = termsOf(tariff, bill);
  const { commitments } = bill;
  const charges = bill.counters
    .filter((counter) => !isOfRuns(counter))
    .flatMap((counter) => chargeCounts(tariff, counter, bill));
  return {
    customer: bill.customer.id,
    period: bill.period,
    timeZone: bill.customer.timeZone,
    ...terms,
    charges,
    trials: trialsOf(charges),
    runs: correctionsIn(bill.counters),
    adjustments: bill.adjustments.filter((row) => !isByHand(row)),
    chargeName: (row) => adjustedCharge(tariff, bill.customer, row),
    bookings: bill.bookings,
    ...(commitments && { commitments: inCurrency(commitments, terms.currency) }),
  };
}

/** The id of the statement of a period that replaces another one (null: none). */
export function statementIdOf(
  { digest }: { readonly digest: Digest },
  { customer, period }: CounterKey,
  replaces: string | null,
): string {
  const identity = [customer, period, ...(replaces === null ? [] : [replaces])];
  return `st_${digest.sha256(identity.join("\u0000")).slice(0, 20)}`;
}

/** A statement as it is kept. Its id follows from what it bills and which one it replaces. */
export function recordOf(
  { digest }: { readonly digest: Digest },
  statement: Statement,
  at: {
    readonly closedAtMs: number;
    readonly replaces: string | null;
    readonly credit: StatementCredit | null;
  },
): StatementRecord {
  const { closedAtMs, replaces, credit } = at;
  const { customer, period, currency, total } = statement;
  const document = statementDocument(statement, { replaces, credit });
  return {
    id: statementIdOf({ digest }, { customer, period: period.key }, replaces),
    customer,
    period: period.key,
    currency,
    closedAtMs,
    total: formatAmount(total),
    document,
    digest: digest.sha256(document),
  };
}

function chargeCounts(tariff: Tariff, stored: StoredCounter, bill: Bill): ChargeCount[] {
  const { cardKey, chargeKey, cell, counter } = stored;
  const priceOf = (id: number) => tariff.cardById(id).segmentPrice(chargeKey, cell);
  const latest = segmentsOf(counter).at(-1);
  if (latest === undefined) return [];
  const card = tariff.cardById(latest.cardVersionId);
  const name = nameOf(card, chargeKey);
  const stretch = stretchOf(card, stored, bill);
  const isConverted = (measure: string) =>
    measure === COST_MEASURE && card.currency !== COST_CURRENCY;
  return closeCounter(counter, priceOf).map((count) => ({
    ...count,
    cardKey,
    chargeKey,
    cell,
    name,
    conversions: isConverted(count.measure) ? tariff.ratesOf(card, bill.period) : [],
    ...(stretch && { stretch }),
  }));
}

/** When in the period a counter counts, where the charge is free in a trial that ends in it. */
function stretchOf(
  { trial }: CompiledCard,
  { chargeKey, cell }: StoredCounter,
  { customer: { startedAtMs }, period }: Bill,
): Stretch | null {
  if (trial === null || !coversKey(trial, chargeKey)) return null;
  const trialMs = trialEndMs(trial, startedAtMs);
  if (!isTrialCell(cell)) {
    const endsInside = trialMs > period.startMs && trialMs < period.endMs;
    return endsInside ? { startMs: trialMs, endMs: period.endMs } : null;
  }
  const [startMs, endMs] = [Math.max(period.startMs, startedAtMs), Math.min(period.endMs, trialMs)];
  return startMs < endMs ? { startMs, endMs } : null;
}

function nameOf(card: CompiledCard, chargeKey: string): string {
  return card.charges.find((charge) => charge.key === chargeKey)?.name ?? chargeKey;
}

/** What the charge of an adjustment was called in the period that it adjusts: as billed there. */
export function adjustedCharge(tariff: Tariff, customer: Customer, row: Adjustment): string {
  const { cardKey, chargeKey, originPeriod } = row;
  const spans = tariff.spansOf(customer, periodOfKey(tariff, customer, originPeriod));
  const card = spans.findLast(
    ({ card: { key, charges } }) =>
      key === cardKey && charges.some((charge) => charge.key === chargeKey),
  )?.card;
  return card?.charges.find(({ key }) => key === chargeKey)?.name ?? chargeKey;
}

/** The period that starts on a date in the customer's calendar; undefined: none does. */
export function periodStarting(
  tariff: Tariff,
  customer: Customer,
  key: string,
): BillingPeriod | undefined {
  // Noon of the start date in UTC lies in the period, or at most half a day before it.
  const noonMs = Date.parse(`${key}T12:00:00Z`);
  const halfDayMs = 12 * 3_600_000;
  const candidates = [noonMs, noonMs + halfDayMs, noonMs - halfDayMs].map((atMs) =>
    tariff.periodOf(customer, atMs),
  );
  return candidates.find((period) => period.key === key);
}

/** The period that starts in a month (`2026-11`) of the customer's calendar. */
export function periodStartingIn(
  tariff: Tariff,
  customer: Customer,
  month: string,
): BillingPeriod | undefined {
  const middle = tariff.periodOf(customer, Date.parse(`${month}-15T12:00:00Z`));
  const after = tariff.periodOf(customer, middle.endMs);
  return [middle, after].find(({ key }) => key.startsWith(month));
}

/** The same for a date that is known to start one. */
export function periodOfKey(tariff: Tariff, customer: Customer, key: string): BillingPeriod {
  return present(periodStarting(tariff, customer, key), `period ${key} of "${customer.id}"`);
}
