/**
 * How much of a customer's commitments is drawn: by closed statements, and by what every open
 * period comes to so far, as if each were closed now.
 */
import { TollgateError } from "../../domain/errors.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import type { RoundingMode } from "../../domain/money/rounding.ts";
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import type { DatedCommitment } from "../../domain/period/commitment.ts";
import type { CommitmentInput, DrawnBefore } from "../../domain/period/commitment-draw.ts";
import { type DrawnSoFar, drawnSoFar } from "../../domain/period/commitment-projection.ts";
import type { Adjustment } from "../../domain/period/records.ts";
import { buildStatement, type StatementInput } from "../../domain/period/statement.ts";
import { comesToSomething } from "../as-of/recount.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { BillContext } from "../context.ts";
import type { Customer } from "../ports.ts";
import { billInput, isUsed, periodOfKey, termsOf } from "./bill.ts";
import { describedBookings } from "./book-by-hand.ts";
import { BookedRows } from "./booked-rows.ts";
import { commitmentInput } from "./commitments.ts";

/** A commitment and where it stands. */
export interface CommitmentStatus {
  readonly commitment: DatedCommitment;
  /** Null: its time has not begun, or (of one per period) it has ended. */
  readonly soFar: DrawnSoFar | null;
}

/** A customer's commitments at an instant. */
export interface CustomerCommitments {
  readonly customer: string;
  readonly nowMs: number;
  readonly commitments: readonly CommitmentStatus[];
}

/** What the period under way is projected from. */
export interface UnderWay {
  readonly customer: Customer;
  readonly tariff: Tariff;
  readonly nowMs: number;
}

/** Reads the commitments of a customer. Throws `customer.not_found`. */
export async function readDrawdown(
  context: BillContext,
  workspace: string,
  id: string,
): Promise<CustomerCommitments> {
  const customer = await context.store.customer(workspace, id);
  if (customer === undefined) {
    throw new TollgateError("customer.not_found", `There is no customer "${id}".`);
  }
  const tariff = await context.tariffs.of(workspace);
  const nowMs = (await context.clocks.of(workspace)).nowMs();
  const at = { customer, tariff, nowMs };
  return { customer: id, nowMs, commitments: await statusOf(context, workspace, at) };
}

/** Where each commitment stands now. */
export async function statusOf(
  context: BillContext,
  workspace: string,
  { customer, tariff, nowMs }: UnderWay,
): Promise<CommitmentStatus[]> {
  const input = await commitmentInput(context.store, workspace, { customer, replaces: null });
  if (input.commitments.length === 0) return [];
  const period = tariff.periodOf(customer, nowMs);
  const at = { customer, tariff, nowMs };
  const before = await drawnWithOpen(context, workspace, { ...at, input, until: period.key });
  const bill = { ...at, period, commitments: { ...input, before } };
  const isClosed = input.closed.has(period.key);
  const current = isClosed ? [] : await drawnByOpen(context, workspace, bill);
  const rounding = roundingNow(at, period);
  const time = { calendar: customer, period, nowMs, rounding };
  const soFar = drawnSoFar(input.commitments, { before, current }, time);
  return input.commitments.map((commitment, index) => {
    return { commitment, soFar: soFar[index] ?? null };
  });
}

function roundingNow({ customer, tariff, nowMs }: UnderWay, period: BillingPeriod): RoundingMode {
  const nothing = { counters: [], adjustments: [], bookings: [], isUsed: false };
  return termsOf(tariff, { customer, period, nowMs, ...nothing }).rounding;
}

interface OpenDraw extends UnderWay {
  readonly input: CommitmentInput;
  /** Only open periods before this one. */
  readonly until: string;
}

/** What is drawn by closed statements and by open periods, as if they were closed one by one. */
export async function drawnWithOpen(
  context: BillContext,
  workspace: string,
  { input, until, ...at }: OpenDraw,
): Promise<readonly DrawnBefore[]> {
  if (input.commitments.length === 0) return [];
  const { customer, tariff, nowMs } = at;
  const rows = await context.store.rollups(workspace, { customer: customer.id });
  const usage = rows.filter(comesToSomething);
  const current = tariff.periodOf(customer, nowMs).key;
  const keys = [...new Set([...usage.map(({ period }) => period), current])];
  const open = keys.filter((key) => !input.closed.has(key) && key < until);
  let before = input.before;
  for (const key of open.toSorted()) {
    const period = periodOfKey(tariff, customer, key);
    const commitments = { ...input, before };
    const bill = { ...at, period, commitments };
    before = [...before, ...(await drawnByOpen(context, workspace, bill))];
  }
  return before;
}

/** What an open period draws, as if it were closed now. */
async function drawnByOpen(context: BillContext, workspace: string, bill: OpenBill) {
  const untold = { ...bill, tellsBookings: false };
  const { drawdowns } = buildStatement(await openBill(context, workspace, untold));
  // What is missing while a period lasts is no amount that was billed.
  const about = { statementPeriod: bill.period.key, trueUp: 0n as Amount };
  return drawdowns.map(({ commitment: { key }, period, usage, drawn }): DrawnBefore => {
    return { key, period, usage, drawn, ...about };
  });
}

/** An open period, with what its statement would be told of commitments. */
export interface OpenBill extends UnderWay {
  readonly period: BillingPeriod;
  readonly commitments: CommitmentInput;
  /**
   * Whether anybody reads what its bookings are called: each is a look into the journal, and an
   * account may have thousands. (Default: true.)
   */
  readonly tellsBookings?: boolean;
  /** What is booked in the period, where that was read already. */
  readonly booked?: readonly Adjustment[];
}

/** What the statement of an open period is built from, as of now. */
export async function openBill(
  { store }: BillContext,
  workspace: string,
  of: OpenBill,
): Promise<StatementInput> {
  const { customer, tariff, nowMs, period, commitments, tellsBookings = true } = of;
  const key = { customer: customer.id, period: period.key };
  const rows = new BookedRows();
  const late = { store, workspace, key };
  if (of.booked === undefined) await rows.read(late);
  const counters = await store.countersOf(workspace, key);
  // What was booked while others had their turns: both are told as of now.
  if (of.booked === undefined) await rows.read(late, null);
  const adjustments = of.booked ?? rows.rows;
  const byHand = { rows: adjustments, tells: tellsBookings };
  const bookings = await describedBookings(store, workspace, byHand);
  const used = await isUsed(store, workspace, { ...key, counters });
  const about = { customer, period, nowMs, isUsed: used, commitments };
  const bill = { ...about, counters, adjustments, bookings };
  return billInput(tariff, bill);
}
