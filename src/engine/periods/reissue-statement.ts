/**
 * Voids a statement and issues it again, by what its period comes to now. The voided one stays
 * readable and as it was. What came late for the period since then moves into the new one, as far
 * as no later statement has billed it; what one has billed is taken off in lines of its own. So
 * nothing is billed twice, and nothing is lost.
 */
import { TollgateError } from "../../domain/errors.ts";
import { type Amount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import { type Booking, isByHand } from "../../domain/period/booking.ts";
import type { Adjustment, StatementRecord } from "../../domain/period/records.ts";
import { adjustedName, creditsOf } from "../../domain/period/statement-lines.ts";
import { type Act, runAct } from "../commit/act.ts";
import { counterKeyText } from "../commit/batch-state.ts";
import type { EngineContext } from "../context.ts";
import { closeCredit } from "../credit/close-credit.ts";
import type { Store } from "../ports.ts";
import {
  adjustedCharge,
  isUsed,
  LINE_FORM,
  periodOfKey,
  recordOf,
  statementIdOf,
  statementOf,
} from "./bill.ts";
import { describedBookings, type OpenBooks, openBooks } from "./book-by-hand.ts";
import { commitmentInput } from "./commitments.ts";
import type { Voiding } from "./correction-records.ts";
import { readCreditNotes, readDisputes, requireInForce, standing } from "./credited.ts";
import { findStatement } from "./statement-lines.ts";

/** A statement to void and issue again. */
export interface Reissue {
  readonly statement: string;
  readonly reason: string;
  readonly by: string;
}

/**
 * Issues it again and returns the new statement. Throws `statement.not_found`, `statement.voided`,
 * `statement.credited`.
 */
export function reissueStatement(
  context: EngineContext,
  workspace: string,
  { statement: id, reason, by }: Reissue,
): Promise<StatementRecord> {
  const { store } = context;
  return runAct(context, workspace, async (act) => {
    const voided = await findStatement(store, workspace, id);
    await requireInForce(store, workspace, id);
    await requireUncredited(store, workspace, voided);
    const books = await openBooks(act, voided.customer);
    const period = periodOfKey(act.tariff, books.customer, voided.period);
    const later = await laterRows(act, books, period);
    const isBilled = (row: Adjustment) =>
      act.state.isClosed({ customer: row.customer, period: row.bookedPeriod });
    const billed = later.filter(isBilled);
    const newId = statementIdOf(context, voided, id);
    for (const row of netted(later.filter((one) => !isBilled(one)))) {
      const cause = { reason: "reissued", run: "", source: "", id: newId } as const;
      act.state.adjustments.push({ ...negated(row), seq: act.state.nextSeq(), ...cause });
    }
    const record = await issueAgain(context, act, { books, period, billed, replaces: voided });
    journalReissue(act, { record, voided, reason, by });
    return record;
  });
}

async function requireUncredited(
  store: Store,
  workspace: string,
  { id, customer }: StatementRecord,
): Promise<void> {
  const notes = standing(await readCreditNotes(store, workspace, id));
  const disputes = (await readDisputes(store, workspace, customer)).filter(
    ({ target, resolution }) =>
      target.kind === "line" && target.statement === id && resolution?.favor !== "us",
  );
  if (notes.length + disputes.length === 0) return;
  const counted = (count: number, name: string) => `${count} ${name}${count === 1 ? "" : "s"}`;
  const held = `${counted(notes.length, "credit note")} and ${counted(disputes.length, "dispute")}`;
  const detail = `Statement ${id} has ${held}.`;
  throw new TollgateError("statement.credited", detail);
}

/** What usage booked in later periods for this one, up to the period that is open now. */
async function laterRows(
  { unit, tariff }: Act,
  { customer, period: openKey }: OpenBooks,
  period: BillingPeriod,
): Promise<Adjustment[]> {
  const rows: Adjustment[] = [];
  for (let at = period; at.key < openKey; ) {
    at = tariff.periodOf(customer, at.endMs);
    const booked = await unit.adjustments({ customer: customer.id, period: at.key });
    rows.push(...booked.filter((row) => !isByHand(row) && row.originPeriod === period.key));
  }
  return rows;
}

/** One row for each charge, credit and period of booking; what came to nothing is left out. */
export function netted(rows: readonly Adjustment[]): Adjustment[] {
  const groups = Map.groupBy(rows, ({ bookedPeriod, cardKey, chargeKey, cell, credits }) =>
    JSON.stringify([bookedPeriod, cardKey, chargeKey, cell, credits?.name ?? null]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const amount = group.reduce((sum, row) => sum + row.amount, 0n) as Amount;
    const { credits, credit } = creditsOf(group);
    const isNothing = amount === 0n && (credits ?? 0n) === 0n;
    if (first === undefined || isNothing) return [];
    return [{ ...first, amount, credits: credit && { ...credit, amount: credits ?? ZERO_AMOUNT } }];
  });
}

/** What takes a row back. */
export function negated<T extends Pick<Adjustment, "amount" | "credits">>(row: T): T {
  const { amount, credits } = row;
  const inCredits = credits && { ...credits, amount: -credits.amount as Amount };
  return { ...row, amount: -amount as Amount, credits: inCredits };
}

interface Again {
  readonly books: OpenBooks;
  readonly period: BillingPeriod;
  readonly billed: readonly Adjustment[];
  readonly replaces: StatementRecord;
}

async function issueAgain(
  context: EngineContext,
  act: Act,
  { books, period, billed, replaces }: Again,
): Promise<StatementRecord> {
  const { unit, state, tariff } = act;
  const { customer } = books;
  const key = { customer: customer.id, period: period.key };
  const counters = await unit.counters([key]);
  const adjustments = await unit.adjustments(key);
  const booked = { rows: adjustments };
  const byHand = await describedBookings(context.store, act.workspace, booked);
  const named = (row: Adjustment) => alreadyBilled(row, adjustedCharge(tariff, customer, row));
  const bookings = [...byHand, ...netted(billed).map(named)];
  const nowMs = state.receivedAtMs;
  const wanted = { customer, replaces: replaces.id };
  const commitments = await commitmentInput(context.store, act.workspace, wanted);
  const used = await isUsed(context.store, act.workspace, { ...key, counters });
  const about = { customer, period, nowMs, isUsed: used, commitments };
  const bill = { ...about, counters, adjustments, bookings };
  const statement = statementOf(tariff, bill);
  const credit = await closeCredit(context, act, { customer, statement, replaces });
  return recordOf(context, statement, { closedAtMs: nowMs, replaces: replaces.id, credit });
}

/** A line that takes off what adjustments of a closed period have billed, by its charge's name. */
export function alreadyBilled(row: Adjustment, chargeName: string): Booking {
  const { cardKey, chargeKey, cell, bookedPeriod } = row;
  const billed = `billed already as an adjustment in the period ${bookedPeriod}`;
  const description = `${adjustedName(row, chargeName)}: ${billed}`;
  const { amount, credits: inCredits } = negated(row);
  const at = { cardKey, chargeKey, cell, description, originPeriod: null };
  return { kind: "already_billed", ...at, amount, inCredits };
}

function journalReissue(
  { state, extra, journal }: Act,
  of: {
    readonly record: StatementRecord;
    readonly voided: StatementRecord;
    readonly reason: string;
    readonly by: string;
  },
): void {
  const { record, voided, reason, by } = of;
  const { id: statementId, customer, period, closedAtMs, total, currency, digest } = record;
  extra.statements = [record];
  const closed = { customer, period, closedAtMs, statementId };
  state.periods.set(counterKeyText(closed), closed);
  const voiding: Voiding = { id: voided.id, replacedBy: statementId, reason, by };
  journal("statement.voided", voided.id, voiding);
  const made = { ...closed, total, currency, digest, lineForm: LINE_FORM };
  const issued = { ...made, replaces: voided.id, reason, by };
  journal("statement.reissued", statementId, issued);
}
