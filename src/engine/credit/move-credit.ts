/** Takes credit out of a grant: paid back, moved to another wallet, or ended before its time. */

import { grantsOf } from "../../domain/credit/book.ts";
import { endGrants, type NewGrant, partOfCost, takeFrom } from "../../domain/credit/entry.ts";
import { balancesOf, type Grant } from "../../domain/credit/wallet.ts";
import { TollgateError } from "../../domain/errors.ts";
import { type Amount, formatAmount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import { type ByHand, identify, recordedAct, requireSame } from "../acts/recorded-acts.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import { runCreditAct } from "./credit-act.ts";
import { CreditDesk, type OpenBook } from "./credit-desk.ts";
import { addToBook, creditAmount, requireCurrency, requireOwnId } from "./grant-credit.ts";

/** What to pay back. */
export interface NewRefund extends ByHand {
  readonly customer: string;
  readonly grant: string;
  /** Null: all that is left of the grant. */
  readonly amount: string | null;
}

/** What was paid back, as the journal keeps it. */
export interface CreditRefund extends Omit<NewRefund, "id"> {
  readonly id: string;
  readonly key: string;
  readonly currency: string;
  readonly amount: string;
}

/**
 * Takes what is paid back off a grant. The same act again changes nothing. Throws
 * `grant.not_found`, `grant.insufficient`, `booking.conflict`.
 */
export function refundCredit(
  context: EngineContext,
  workspace: string,
  request: NewRefund,
): Promise<CreditRefund> {
  const { id, key } = identify(context.digest, "rf", request);
  return runCreditAct(context, workspace, async (act) => {
    const same = { kind: "credit.refunded", subject: id } as const;
    const known = await recordedAct<CreditRefund>(context.store, workspace, same);
    if (known !== undefined) {
      requireSame(known, key);
      return known;
    }
    const desk = new CreditDesk(context, act);
    const open = await desk.open(request.customer);
    const { currency } = findGrant(open, request.grant);
    const cause = { kind: "refunded", id: request.grant, atMs: act.state.receivedAtMs } as const;
    let amount = ZERO_AMOUNT;
    await desk.post(open, { currency, cause }, (entry) => {
      const left = balancesOf(entry.wallet).get(request.grant) ?? ZERO_AMOUNT;
      amount = amountToTake(request.amount, { left, currency });
      return takeFrom(entry, { id: request.grant, amount }, "refunded");
    });
    const refund = { ...request, id, key, currency, amount: formatAmount(amount) };
    act.journal("credit.refunded", id, refund);
    desk.save();
    return refund;
  });
}

/** The grant of an id. Throws `grant.not_found`. */
function findGrant(
  { book, customer }: OpenBook,
  id: string,
): { readonly currency: string; readonly grant: Grant } {
  const found = grantsOf(book).find(({ grant }) => grant.id === id);
  if (found !== undefined) return found;
  const detail = `"${customer.id}" has no grant "${id}" that holds credit.`;
  throw new TollgateError("grant.not_found", detail, "grant");
}

function amountToTake(
  text: string | null,
  { left, currency }: { readonly left: Amount; readonly currency: string },
): Amount {
  const amount = text === null ? left : creditAmount(text, currency, "amount");
  if (amount <= left && amount > 0n) return amount;
  const detail = `${formatAmount(left)} ${currency} is left of the grant.`;
  throw new TollgateError("grant.insufficient", detail, "amount");
}

/** Credit to move to another wallet: of the customer, or of one right above or below it. */
export interface NewTransfer extends ByHand {
  readonly from: string;
  readonly grant: string;
  /** Null: all that is left of the grant. */
  readonly amount: string | null;
  readonly to: string;
  /** Null: the currency of the grant. */
  readonly toCurrency: string | null;
  /** What it is worth in another currency; null in the same one. */
  readonly toAmount: string | null;
}

/** A transfer, as the journal keeps it. */
export interface CreditTransfer extends Omit<NewTransfer, "id"> {
  readonly id: string;
  readonly key: string;
  readonly currency: string;
  readonly amount: string;
  readonly toCurrency: string;
  readonly toAmount: string;
}

/**
 * Moves it: a grant of its own in the other wallet, which keeps priority, end and charges. The same
 * act again changes nothing. Throws `grant.not_found`, `grant.insufficient`, `booking.conflict`,
 * `customer.not_found`, `customer.parent_refused`.
 */
export async function transferCredit(
  context: EngineContext,
  workspace: string,
  request: NewTransfer,
): Promise<CreditTransfer> {
  const { id, key } = identify(context.digest, "tr", request);
  requireOwnId(id);
  return runCreditAct(context, workspace, async (act) => {
    const same = { kind: "credit.transferred", subject: id } as const;
    const known = await recordedAct<CreditTransfer>(context.store, workspace, same);
    if (known !== undefined) {
      requireSame(known, key);
      return known;
    }
    const desk = new CreditDesk(context, act);
    const [from, to] = [await desk.open(request.from), await desk.open(request.to)];
    requireRelated(from, to);
    const { currency, grant } = findGrant(from, request.grant);
    const toCurrency = request.toCurrency ?? currency;
    requireOther({ from, to }, { request, currency, toCurrency });
    await requireCurrency(context.store, workspace, toCurrency);
    const atMs = act.state.receivedAtMs;
    const account = toCurrency === currency ? "transferred" : "exchanged";
    let amount = ZERO_AMOUNT;
    await desk.post(from, { currency, cause: { kind: "sent", id, atMs } }, (entry) => {
      const left = balancesOf(entry.wallet).get(grant.id) ?? ZERO_AMOUNT;
      amount = amountToTake(request.amount, { left, currency });
      return takeFrom(entry, { id: grant.id, amount }, account);
    });
    const toAmount =
      request.toAmount === null ? amount : creditAmount(request.toAmount, toCurrency, "toAmount");
    const received = receivedGrant(grant, { id, amount, toAmount, atMs });
    await addToBook(desk, to, { currency: toCurrency, grant: received, from: account });
    const amounts = { amount: formatAmount(amount), toAmount: formatAmount(toAmount) };
    const transfer = { ...request, id, key, currency, toCurrency, ...amounts };
    act.journal("credit.transferred", id, transfer);
    desk.save();
    return transfer;
  });
}

function requireRelated(from: OpenBook, to: OpenBook): void {
  const [a, b] = [from.customer, to.customer];
  if (a.id === b.id || a.parent?.id === b.id || b.parent?.id === a.id) return;
  const detail = `"${b.id}" stands neither right above nor right below "${a.id}".`;
  throw new TollgateError("customer.parent_refused", detail, "to");
}

function requireOther(
  { from, to }: { readonly from: OpenBook; readonly to: OpenBook },
  of: { readonly request: NewTransfer; readonly currency: string; readonly toCurrency: string },
): void {
  const isSame = of.currency === of.toCurrency;
  if (isSame && from === to) {
    const detail = "Credit is moved to another wallet: name another customer or currency.";
    throw new TollgateError("field.invalid", detail, "to");
  }
  if (isSame === (of.request.toAmount === null)) return;
  const detail = isSame
    ? "In the same currency it is worth the same."
    : `Say what it is worth in ${of.toCurrency}.`;
  throw new TollgateError(isSame ? "field.invalid" : "field.missing", detail, "toAmount");
}

interface Received {
  readonly id: string;
  readonly amount: Amount;
  readonly toAmount: Amount;
  readonly atMs: number;
}

function receivedGrant(grant: Grant, { id, amount, toAmount, atMs }: Received): NewGrant {
  const { name, priority, expiresAtMs, finalAtMs, charges, costCurrency, rollover } = grant;
  const terms = { name, priority, expiresAtMs, finalAtMs, charges, costCurrency, rollover };
  const cost = partOfCost(grant, amount);
  return { ...terms, id, kind: "transfer", amount: toAmount, grantedAtMs: atMs, cost };
}

/** A grant to end before its time. */
export interface CreditEnd {
  readonly customer: string;
  readonly grant: string;
}

/** Ends a grant now: what is left of it expires, or rolls over. Throws `grant.not_found`. */
export function expireCredit(
  context: EngineContext,
  workspace: string,
  { customer, grant: id }: CreditEnd,
): Promise<void> {
  return runCreditAct(context, workspace, async (act) => {
    const desk = new CreditDesk(context, act);
    const open = await desk.open(customer);
    const { currency, grant } = findGrant(open, id);
    if (grant.isExpired) return;
    const atMs = act.state.receivedAtMs;
    const cause = { kind: "expired", id, atMs } as const;
    await desk.post(open, { currency, cause }, (entry) =>
      endGrants(entry, (one) => one.id === id, atMs),
    );
    desk.save();
  });
}

/** Ends every grant whose time is over; any unit of work does that first. */
export function expireDueCredit(context: EngineContext, workspace: string): Promise<void> {
  return runAct(context, workspace, async () => undefined);
}
