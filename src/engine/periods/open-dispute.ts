/**
 * Disputes: an amount that the customer contests is held out of the next statement until somebody
 * decides. Opening takes it off the period that is open then; deciding against the customer puts
 * it on the period that is open at that time. For the customer, it stays off.
 */
import { TollgateError } from "../../domain/errors.ts";
import { type Amount, formatAmount } from "../../domain/money/decimal.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import { type ByHand, identify, recordedAct, requireSame } from "../acts/recorded-acts.ts";
import { type Act, runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import type { Customer, Store } from "../ports.ts";
import { bookByHand, moneyOf, negated, openBooks } from "./book-by-hand.ts";
import type { Dispute, DisputeTarget, Resolution } from "./correction-records.ts";
import {
  billedBy,
  creditedOf,
  goneWithLines,
  leftOf,
  readGivenBack,
  recordedAmount,
  requireBilled,
  requireInForce,
  requireLeft,
} from "./credited.ts";
import { type BilledShare, sharesOnLines, statementBilling } from "./outcome-lines.ts";
import { billedCustomer, payerOf } from "./payers.ts";
import { findStatement, lineOf, outcomeName } from "./statement-lines.ts";
import { periodsBehind } from "./taken-off.ts";

/** A dispute to open. */
export interface NewDispute extends ByHand {
  readonly target: DisputeTarget;
  /** Null: all that was billed and is not credited yet. */
  readonly amount: string | null;
}

interface Contested {
  readonly customer: string;
  readonly originPeriod: string;
  readonly billed: Amount;
  readonly name: string;
  /** What bills it; null: nothing does yet. */
  readonly statement: StatementRecord | null;
  /** Of an outcome: its shares on lines of the statement. */
  readonly shares: readonly BilledShare[] | null;
}

/**
 * Opens a dispute. The same act again changes nothing. Throws `statement.not_found`,
 * `statement.line_not_found`, `statement.voided`, `outcome.not_found`, `credit.exceeded`,
 * `booking.conflict`, `dispute.billed_to_other`, `field.out_of_range`.
 */
export function openDispute(
  context: EngineContext,
  workspace: string,
  request: NewDispute,
): Promise<Dispute> {
  const { id, key } = identify(context.digest, "dp", request);
  return runAct(context, workspace, async (act) => {
    const same = { kind: "dispute.opened", subject: id } as const;
    const known = await recordedAct<Dispute>(context.store, workspace, same);
    if (known !== undefined) {
      requireSame(known, key);
      return known;
    }
    const { target, reason, by } = request;
    const contested = await contestedBy(context, act, { workspace, target });
    const { customer, originPeriod, billed, name, statement, shares } = contested;
    const books = await openBooks(act, customer);
    if (statement !== null) requireSamePayer(statement, books.customer);
    const { period, currency } = books;
    const cardOf = (cardVersion: number) => act.tariff.cardById(cardVersion);
    const periods = statement === null ? [] : periodsBehind(act, books, statement);
    const of = { workspace, customer, statement, cardOf, periods };
    const givenBack = await readGivenBack(context.store, of);
    let credited = creditedOf(givenBack, target);
    if (statement !== null && shares !== null) {
      // What was given back of the lines that bill it is given back of the outcome, too.
      const gone = goneWithLines(givenBack, statement, shares);
      if (gone > credited) credited = gone;
    }
    const left = (billed - credited) as Amount;
    const { amount } = request;
    const wanted = amount === null ? left : moneyOf(amount, currency, "amount");
    const takenOff = target.kind === "line" ? givenBack.takenOff.get(target.line) : undefined;
    requireBilled({ billed, credited, wanted, takenOff }, "amount");
    if (statement !== null) requireLeft({ ...leftOf(givenBack, statement), wanted }, "amount");
    const told = { customer, period, originPeriod, currency, amount: formatAmount(wanted) };
    const description = `${name}: disputed, held out (${reason})`;
    const dispute: Dispute = { id, key, target, ...told, reason, by, description };
    act.journal("dispute.opened", id, dispute);
    const held = { kind: "dispute", id, reason: "disputed", originPeriod } as const;
    bookByHand(act, books, { ...held, amount: negated(wanted) });
    return dispute;
  });
}

/**
 * A dispute is held out of the customer's next bill. Throws `dispute.billed_to_other` where another
 * one pays that than was billed for what is disputed.
 */
function requireSamePayer({ id, document }: StatementRecord, customer: Customer): void {
  const [billed, now] = [billedCustomer(document, customer.id), payerOf(customer)];
  if (billed === now) return;
  const detail =
    `Statement ${id} was billed to "${billed}"; what is held out now would be of "${now}". ` +
    `Issue a credit note, which is given back to "${billed}".`;
  throw new TollgateError("dispute.billed_to_other", detail);
}

/** What a line of a statement calls it. Throws `statement.not_found`. */
async function nameOf(store: Store, workspace: string, target: DisputeTarget): Promise<string> {
  if (target.kind === "outcome") return outcomeName(target);
  const statement = await findStatement(store, workspace, target.statement);
  return `${lineOf(statement, target.line).description}, line ${target.line} of ${statement.id}`;
}

async function contestedBy(
  { store }: EngineContext,
  { unit, tariff }: Act,
  { workspace, target }: { readonly workspace: string; readonly target: DisputeTarget },
): Promise<Contested> {
  const name = await nameOf(store, workspace, target);
  if (target.kind === "line") {
    const statement = await findStatement(store, workspace, target.statement);
    await requireInForce(store, workspace, statement.id);
    const line = lineOf(statement, target.line);
    const { customer, period } = statement;
    const about = { customer, originPeriod: period, billed: billedBy(line), name };
    return { ...about, statement, shares: null };
  }
  const { run, outcome: key } = target;
  const [outcome] = await unit.outcomes([{ run, key }]);
  if (outcome === undefined) {
    const detail = `Run "${run}" has no outcome "${key}".`;
    throw new TollgateError("outcome.not_found", detail, "outcome");
  }
  const { customer, period, charge } = outcome;
  const about = { customer, originPeriod: period, billed: charge, name };
  const of = { workspace, cardOf: (id: number) => tariff.cardById(id) };
  const statement = (await statementBilling(store, of, outcome)) ?? null;
  if (statement === null) return { ...about, statement, shares: null };
  return { ...about, statement, shares: await sharesOnLines(store, { ...of, statement }, outcome) };
}

/** What becomes of a dispute. */
export interface NewResolution {
  readonly id: string;
  readonly favor: "customer" | "us";
  readonly reason: string;
  readonly by: string;
}

/** Decides a dispute, for good. Throws `dispute.not_found`, `dispute.resolved`. */
export function resolveDispute(
  context: EngineContext,
  workspace: string,
  { id, favor, reason, by }: NewResolution,
): Promise<Resolution> {
  return runAct(context, workspace, async (act) => {
    const { store } = context;
    const opened = { kind: "dispute.opened", subject: id } as const;
    const dispute = await recordedAct<Dispute>(store, workspace, opened);
    if (dispute === undefined) {
      throw new TollgateError("dispute.not_found", `There is no dispute "${id}".`);
    }
    const ended = { kind: "dispute.resolved", subject: id } as const;
    const known = await recordedAct<Resolution>(store, workspace, ended);
    if (known?.favor === favor) return known;
    if (known !== undefined) {
      const detail = `Dispute "${id}" was decided for ${known.favor} by ${known.by}.`;
      throw new TollgateError("dispute.resolved", detail);
    }
    const books = favor === "us" ? await openBooks(act, dispute.customer) : null;
    const name = await nameOf(store, workspace, dispute.target);
    const description = books === null ? null : `${name}: disputed, billed again (${reason})`;
    const resolution = { id, favor, period: books?.period ?? null, reason, by, description };
    act.journal("dispute.resolved", id, resolution);
    if (books !== null) {
      const { originPeriod } = dispute;
      const released = { kind: "dispute", id, reason: "upheld", originPeriod } as const;
      bookByHand(act, books, { ...released, amount: recordedAmount(dispute.amount) });
    }
    return resolution;
  });
}
