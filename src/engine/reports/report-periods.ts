/** Which bills a report is about: customers and their periods. */
import { present } from "../../domain/assert.ts";
import { TollgateError } from "../../domain/errors.ts";
import { REPORT_BILLS_MAX_COUNT, REPORT_MONTHS_MAX_COUNT } from "../../domain/limits.ts";
import { counterKeyText } from "../commit/batch-state.ts";
import { othersTurn } from "../commit/others-turn.ts";
import type { EngineContext } from "../context.ts";
import { isUsed } from "../periods/bill.ts";
import { committedPeriods } from "../periods/committed-periods.ts";
import { periodsToClose } from "../periods/periods-to-close.ts";
import type { CounterKey } from "../ports.ts";

/** Periods by when they start: `2026-11-15`, or `2026-11` for a month; both ends are in it. */
export interface PeriodRange {
  readonly from: string;
  readonly to: string;
}

/** What a report is about. */
export interface ReportScope {
  /** Null: all customers. */
  readonly customer: string | null;
  /** Null: the period of each customer that is under way. */
  readonly periods: PeriodRange | null;
}

/** Whether a period starts in a range. */
function startsIn({ from, to }: PeriodRange, period: string): boolean {
  return period >= from && (period <= to || period.startsWith(to));
}

const MONTH_CHARS = "2026-11".length;

/** The months that a range touches. Throws `field.out_of_range` for more than there may be. */
function monthsOf({ from, to }: PeriodRange): string[] {
  const months: string[] = [];
  const last = to.slice(0, MONTH_CHARS);
  let month = Temporal.PlainYearMonth.from(from.slice(0, MONTH_CHARS));
  while (month.toString() <= last) {
    if (months.length === REPORT_MONTHS_MAX_COUNT) {
      const detail = `A report is about at most ${REPORT_MONTHS_MAX_COUNT} months.`;
      throw new TollgateError("field.out_of_range", detail, "from");
    }
    months.push(month.toString());
    month = month.add({ months: 1 });
  }
  return months;
}

const DAY_MS = 24 * 3_600_000;
const LONGEST_PERIOD_DAYS = 31;
/** Customers looked at before others have their turn. */
const CUSTOMERS_A_TURN = 100;

interface BillsScope extends ReportScope {
  readonly nowMs: number;
  /** Most bills. (Default: REPORT_BILLS_MAX_COUNT.) */
  readonly max?: number;
}

/**
 * Every bill that a report is about, by customer and period: closed ones, and those that a close
 * would make. Throws `report.too_large`.
 */
export async function billsOf(
  context: EngineContext,
  workspace: string,
  { customer, periods, nowMs, max = REPORT_BILLS_MAX_COUNT }: BillsScope,
): Promise<CounterKey[]> {
  const range = periods ?? around(nowMs);
  const found = new Map<string, CounterKey>();
  for (const month of monthsOf(range)) {
    const wanted = { customer, period: month };
    const owed = await periodsToClose(context, workspace, wanted);
    const committed = await committedPeriods(context, workspace, wanted);
    for (const key of [...owed, ...committed]) {
      if (startsIn(range, key.period)) found.set(counterKeyText(key), key);
    }
    if (found.size > max) throw tooLarge("bills", max);
  }
  const keys = [...found.values()].sort(byCustomer);
  return begun(context, workspace, { keys, nowMs, isUnderWay: periods === null });
}

/** Where a period that is under way anywhere can have started. */
function around(nowMs: number): PeriodRange {
  const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, "2026-11-01".length);
  return { from: dayOf(nowMs - (LONGEST_PERIOD_DAYS + 1) * DAY_MS), to: dayOf(nowMs + DAY_MS) };
}

interface Begun {
  readonly keys: readonly CounterKey[];
  readonly nowMs: number;
  /** Only what is under way; otherwise what has begun, and what holds or bills something. */
  readonly isUnderWay: boolean;
}

/** What a card will owe in a period to come is no revenue yet. */
async function begun(
  { store, tariffs }: EngineContext,
  workspace: string,
  { keys, nowMs, isUnderWay }: Begun,
): Promise<CounterKey[]> {
  const tariff = await tariffs.of(workspace);
  const wanted: CounterKey[] = [];
  let looked = 0;
  for (const [id, own] of Map.groupBy(keys, ({ customer }) => customer)) {
    const customer = present(await store.customer(workspace, id), `customer "${id}"`);
    const current = tariff.periodOf(customer, nowMs).key;
    looked += 1;
    if (looked % CUSTOMERS_A_TURN === 0) await othersTurn();
    const begunOnes = own.filter(({ period }) => period <= current);
    if (isUnderWay) wanted.push(...begunOnes.filter(({ period }) => period === current));
    else wanted.push(...begunOnes);
    if (isUnderWay || begunOnes.length === own.length) continue;
    const closed = new Set((await store.periodsOf(workspace, id)).map(({ period }) => period));
    for (const key of own) {
      if (key.period <= current) continue;
      const counters = await store.countersOf(workspace, key);
      const holds =
        closed.has(key.period) || (await isUsed(store, workspace, { ...key, counters }));
      const isBooked = (await store.adjustmentsOf(workspace, key)).length > 0;
      if (holds || isBooked) wanted.push(key);
    }
  }
  return wanted;
}

/** Refuses a report that would take more than it may. */
export function tooLarge(what: string, max: number): TollgateError {
  const detail = `The report needs more than ${max} ${what}.`;
  return new TollgateError("report.too_large", detail);
}

function byCustomer(a: CounterKey, b: CounterKey): number {
  return compare(a.customer, b.customer) || compare(a.period, b.period);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
