/**
 * What credit pays of a statement that is about to be closed. The wallets of its customer are
 * served first, or those of the customers above that pay for it, as the customer is set.
 */

import { present } from "../../domain/assert.ts";
import { reopened, walletIn, withWallet } from "../../domain/credit/book.ts";
import { type Charged, sumLanes } from "../../domain/credit/charged.ts";
import { type ClosedLanes, type Closing, closeLanes } from "../../domain/credit/close-lanes.ts";
import {
  billedLanes,
  type CarriedStatement,
  type StatementCredit,
  type WalletReport,
} from "../../domain/credit/statement-credit.ts";
import { balanceOf } from "../../domain/credit/wallet.ts";
import { isTrialCell } from "../../domain/event/trial-cell.ts";
import { smallestUnit } from "../../domain/money/allocate.ts";
import { currencyDecimals } from "../../domain/money/currency.ts";
import { type Amount, formatAmount, parseAmount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { StatementRecord } from "../../domain/period/records.ts";
import type { Statement } from "../../domain/period/statement.ts";
import type { StatementLine } from "../../domain/period/statement-line.ts";
import type { Credit } from "../../domain/rating/rate-card.ts";
import type { Act } from "../commit/carry-out.ts";
import type { EngineContext } from "../context.ts";
import { carriedStatements } from "../periods/carried-statements.ts";
import type { Customer } from "../ports.ts";
import { moneyOfCredits } from "./credit-charged.ts";
import { CreditDesk, type OpenBook } from "./credit-desk.ts";
import { isMoney } from "./credit-levels.ts";

/** A statement that is about to be closed. */
export interface ClosingStatement {
  readonly customer: Customer;
  readonly statement: Statement;
  /** The statement that it replaces; null: the first one of its period. */
  readonly replaces: StatementRecord | null;
}

/** Closes the period's lanes in all wallets that pay for it; null where there is no credit. */
export async function closeCredit(
  context: Pick<EngineContext, "store" | "dues">,
  act: Act,
  closing: ClosingStatement,
): Promise<StatementCredit | null> {
  const desk = new CreditDesk(context, act);
  const children = await carriedStatements(context.store, act.workspace, closing);
  const nowMs = act.state.receivedAtMs;
  const credit = await payStatement(desk, { ...closing, children, nowMs });
  if (credit !== null) desk.save();
  return credit;
}

/** A statement with what it carries, at the time of the close. */
interface StatementToPay extends ClosingStatement {
  readonly children: readonly CarriedStatement[];
  readonly nowMs: number;
}

/** Pays in the books of a desk, whoever saves them; null where there is no credit. */
export async function payStatement(
  desk: CreditDesk,
  { children, nowMs, ...closing }: StatementToPay,
): Promise<StatementCredit | null> {
  const { customer, statement } = closing;
  const payers = await payersOf(desk, customer);
  const hasCredit = payers.some(({ book }) => book.wallets.length > 0);
  const isBilledAbove = customer.parent?.pays === true;
  if (!hasCredit && !isBilledAbove && children.length === 0) return null;
  const own = await desk.open(customer.id);
  const closer = new Closer(desk, { ...closing, nowMs });
  desk.levels.closing.add(`${customer.id} ${statement.period.key}`);
  const inCredits = await closer.payInCredits(own);
  const paid = await closer.payInMoney(payers, inCredits);
  const wallets = reports(own);
  return {
    paid: (inCredits + paid.all) as Amount,
    paidByParent: paid.above,
    billedTo: isBilledAbove ? (customer.parent?.id ?? null) : null,
    wallets,
    children,
  };
}

/** The books that pay, in their order. */
export async function payersOf(desk: CreditDesk, customer: Customer): Promise<OpenBook[]> {
  const payers = [await desk.open(customer.id)];
  for (let { parent } = customer; parent?.pays === true && parent.credit !== "own"; ) {
    const above = await desk.open(parent.id);
    if (parent.credit === "parent_first") payers.unshift(above);
    else payers.push(above);
    parent = above.customer.parent;
  }
  return payers;
}

/** Tells what happened to each wallet, and begins to tell anew. */
function reports(own: OpenBook): WalletReport[] {
  return own.book.wallets.map(({ wallet, opening, moved }) => {
    own.book = withWallet(own.book, reopened(wallet));
    own.isChanged = true;
    return { currency: wallet.currency, opening, moved, balance: balanceOf(wallet) };
  });
}

interface Paid {
  readonly all: Amount;
  /** By customers above. */
  readonly above: Amount;
}

/** Closes the lanes of one statement, wallet after wallet. */
class Closer {
  readonly #desk: CreditDesk;
  readonly #closing: ClosingStatement & { readonly nowMs: number };

  constructor(desk: CreditDesk, closing: ClosingStatement & { readonly nowMs: number }) {
    this.#desk = desk;
    this.#closing = closing;
  }

  /** What wallets in credits pay of what is in these, in money, cut to whole units. */
  async payInCredits(own: OpenBook): Promise<Amount> {
    const { statement } = this.#closing;
    let worth = 0n;
    for (const credit of creditsOf(statement)) {
      if (!own.book.wallets.some(({ wallet }) => wallet.currency === credit.name)) continue;
      const billed = lanesInCredits(statement, credit);
      const of = { currency: credit.name, billed, unit: 1n, customer: "" };
      const closed = await this.#close(own, of);
      worth += worthOfCredits(statement, credit, closed.paid);
    }
    return worth as Amount;
  }

  /** What wallets in the statement's currency pay of the rest. */
  async payInMoney(payers: readonly OpenBook[], paidInCredits: Amount): Promise<Paid> {
    const { statement, customer } = this.#closing;
    const { currency } = statement;
    let [all, above] = [0n, 0n];
    let billed: readonly Charged[] = lanesInMoney(statement, paidInCredits);
    for (const payer of payers) {
      if (!payer.book.wallets.some(({ wallet }) => wallet.currency === currency)) continue;
      const isOwn = payer.customer.id === customer.id;
      const name = isOwn ? "" : customer.id;
      const lanes = billed.map((lane) => ({ ...lane, customer: name }));
      const unit = unitOf(currency);
      const closed = await this.#close(payer, { currency, billed: lanes, unit, customer: name });
      all += closed.paid;
      if (!isOwn) above += closed.paid;
      billed = closed.owed;
    }
    return { all: all as Amount, above: above as Amount };
  }

  #at() {
    const { key, startMs } = this.#closing.statement.period;
    return { period: key, startMs };
  }

  async #close(
    payer: OpenBook,
    of: {
      readonly currency: string;
      readonly billed: readonly Charged[];
      readonly unit: bigint;
      readonly customer: string;
    },
  ): Promise<ClosedLanes> {
    const { statement, replaces, nowMs } = this.#closing;
    const { currency, billed, unit, customer } = of;
    const { period } = statement;
    const others = await this.#desk.levels.charged(payer.customer, currency);
    const { wallet } = walletIn(payer.book, currency);
    const replaced = replaces === null ? null : await this.#replacedPart(payer, of);
    const closing = { customer, period: period.key, endMs: period.endMs, nowMs };
    const closed = closeLanes(wallet, { ...closing, billed, others, unit, replaced });
    const cause = {
      kind: replaces === null ? ("closed" as const) : ("reissued" as const),
      id: this.#id(),
      atMs: nowMs,
    };
    const terms = {
      customer,
      period: period.key,
      startMs: period.startMs,
      endMs: period.endMs,
      decimals: isMoney(currency) ? (currencyDecimals(currency) ?? null) : null,
      billed: billed.map(({ charge, amount }) => [charge, formatAmount(amount)]),
      paid: formatAmount(closed.paid),
    };
    this.#desk.record(payer, { currency, cause, charged: others, terms }, closed);
    return closed;
  }

  /** What the replaced statement billed to a wallet; its lines say, where the wallet is younger. */
  async #replacedPart(
    payer: OpenBook,
    { currency, customer }: { readonly currency: string; readonly customer: string },
  ): Promise<Closing["replaced"]> {
    const { statement, replaces } = this.#closing;
    const at = { customer, ...this.#at() };
    const entries = (await this.#desk.entries(payer.customer.id)).filter(
      (entry) => entry.currency === currency && entry.id === this.#id(),
    );
    const terms = entries.at(-1)?.terms as ClosedTerms | undefined;
    if (terms !== undefined) {
      const billed = terms.billed.map(([charge, text]) => {
        return { ...at, charge, amount: amountIn(text) };
      });
      return { billed, paid: amountIn(terms.paid) };
    }
    if (!isMoney(currency)) return { billed: [], paid: ZERO_AMOUNT };
    const document = JSON.parse(present(replaces, "a statement to replace").document) as {
      readonly lines: readonly (Pick<StatementLine, "kind" | "chargeKey"> & {
        readonly amountRounded: string;
      })[];
    };
    const lines = document.lines.map((line) => {
      return { ...line, amountRounded: amountIn(line.amountRounded) };
    });
    const billed = billedLanes(lines, { period: statement.period.key, startMs: at.startMs });
    return { billed: billed.map((lane) => ({ ...lane, customer })), paid: ZERO_AMOUNT };
  }

  /** What closings of the period are found by. */
  #id(): string {
    const { customer, statement } = this.#closing;
    return JSON.stringify([customer.id, statement.period.key]);
  }
}

function placeOf({ period }: Pick<Statement, "period">) {
  return { period: period.key, startMs: period.startMs };
}

/** The credits that a statement's lines are in, each once; its own is among them. */
function creditsOf({ credit, lines }: Pick<Statement, "credit" | "lines">): Credit[] {
  const all = [credit, ...lines.map((line) => line.credit)].filter((one) => one !== null);
  return [...new Map(all.toReversed().map((one) => [one.name, one])).values()].toReversed();
}

function inCredits({ lines }: Pick<Statement, "lines">, name: string): StatementLine[] {
  return lines.filter((line) => {
    return line.credits !== null && line.credit?.name === name && !isTrialCell(line.cell);
  });
}

/** What a statement bills in a credit, in this. */
function lanesInCredits(
  statement: Pick<Statement, "lines" | "period">,
  { name }: Credit,
): Charged[] {
  const credits = inCredits(statement, name).map((line) => {
    return { ...line, amountRounded: line.credits ?? ZERO_AMOUNT };
  });
  return billedLanes(credits, placeOf(statement));
}

/** What so many credits pay of a statement in money, cut to whole units. */
function worthOfCredits(
  statement: Pick<Statement, "lines" | "period" | "currency">,
  credit: Credit,
  paid: Amount,
): Amount {
  const credits = sum(lanesInCredits(statement, credit).map(({ amount }) => amount));
  const money = sum(inCredits(statement, credit.name).map(({ amountRounded }) => amountRounded));
  const worth = moneyOfCredits(paid, { credits, money, price: credit.price });
  return (worth - (worth % unitOf(statement.currency))) as Amount;
}

/**
 * What a statement bills, less what credits in units have paid of it already, or more by what they
 * gave back: off the charges that are priced in them, as far as these go.
 */
function lanesInMoney(
  statement: Pick<Statement, "lines" | "period">,
  paidInCredits: Amount,
): Charged[] {
  const { lines } = statement;
  const at = placeOf(statement);
  const priced = new Set(lines.flatMap((line) => (line.credits === null ? [] : line.chargeKey)));
  let left: bigint = paidInCredits;
  const lanes = billedLanes(lines, at).map((lane) => {
    if (!priced.has(lane.charge)) return lane;
    const off = partOf(left, lane.amount);
    left -= off;
    return { ...lane, amount: (lane.amount - off) as Amount };
  });
  return sumLanes([...lanes, { customer: "", ...at, charge: "", amount: -left as Amount }]);
}

/** What of an amount may be taken off another one without changing its sign. */
function partOf(amount: bigint, of: bigint): bigint {
  if (amount > 0n !== of > 0n) return 0n;
  const isLess = amount > 0n ? amount < of : amount > of;
  return isLess ? amount : of;
}

/** What a closing entry rests on, as the journal keeps it. */
interface ClosedTerms {
  readonly customer: string;
  readonly period: string;
  readonly billed: readonly (readonly [charge: string, amount: string])[];
  readonly paid: string;
}

function amountIn(text: string): Amount {
  return present(parseAmount(text), "an amount of an entry");
}

function sum(amounts: readonly Amount[]): Amount {
  return amounts.reduce((total, amount) => total + amount, 0n) as Amount;
}

/** The smallest unit of a currency. */
function unitOf(currency: string): bigint {
  return smallestUnit(present(currencyDecimals(currency), `decimals of ${currency}`));
}
