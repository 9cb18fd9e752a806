/**
 * Top-ups: credit that is paid for. A request asks for the payment; credit is given when the
 * payment is confirmed, and not before. Rules ask by themselves when a balance is low.
 */
import type { CreditBook, TopupRequest, TopupRule, TopupTerms } from "../../domain/credit/book.ts";
import type { NewGrant } from "../../domain/credit/entry.ts";
import { TollgateError } from "../../domain/errors.ts";
import { type Amount, formatAmount } from "../../domain/money/decimal.ts";
import { type ByHand, identify, recordedAct, requireSame } from "../acts/recorded-acts.ts";
import type { Act } from "../commit/carry-out.ts";
import type { EngineContext } from "../context.ts";
import { readWorkspace } from "../workspaces/workspace-settings.ts";
import { runCreditAct } from "./credit-act.ts";
import { CreditDesk, type OpenBook } from "./credit-desk.ts";
import { isMoney } from "./credit-levels.ts";
import {
  addToBook,
  creditAmount,
  currencyOf,
  requireCurrency,
  TOPUP_PREFIX,
} from "./grant-credit.ts";
import { readCredit } from "./read-credit.ts";

/** Terms of what is paid for, as they are given. */
export interface NewTopupTerms {
  readonly customer: string;
  /** Null: the currency of the customer's card. */
  readonly currency: string | null;
  readonly amount: string;
  readonly priority: number;
  readonly expiresAfterDays: number | null;
  readonly charges: readonly string[] | null;
}

/** A payment to ask for. */
export interface NewTopup extends NewTopupTerms, ByHand {}

/** A payment that was asked for, as the journal keeps it. */
export interface Topup extends Omit<NewTopupTerms, "currency"> {
  readonly id: string;
  readonly key: string;
  readonly currency: string;
  readonly isAutomatic: boolean;
  readonly requestedAt: string;
  readonly reason: string;
  readonly by: string;
}

/** How a payment ended, as the journal keeps it. */
export interface TopupEnd {
  readonly id: string;
  readonly customer: string;
  /** Of the payment, where it was made; or why there is none. */
  readonly reference: string;
  readonly by: string;
}

/** A payment with its end; null: it is awaited. */
export interface TopupState extends Topup {
  readonly status: "requested" | "confirmed" | "refused";
  readonly end: TopupEnd | null;
}

/**
 * Asks for a payment. The same act again changes nothing. Throws `customer.not_found`,
 * `booking.conflict`, `field.invalid`, `field.out_of_range`.
 */
export function requestTopup(
  context: EngineContext,
  workspace: string,
  request: NewTopup,
): Promise<TopupState> {
  const { id, key } = identify(context.digest, "top", request);
  return runCreditAct(context, workspace, async (act) => {
    const same = { kind: "topup.requested", subject: id } as const;
    const known = await recordedAct<Topup>(context.store, workspace, same);
    if (known !== undefined) {
      requireSame(known, key);
      return stateOf(context, workspace, known);
    }
    const desk = new CreditDesk(context, act);
    const open = await desk.open(request.customer);
    const terms = await termsOf(context, act, { open, request });
    const { reason, by } = request;
    const topup = ask(act, open, { terms, id, key, reason, by, isAutomatic: false });
    desk.save();
    return { ...topup, status: "requested", end: null };
  });
}

async function termsOf(
  { store }: EngineContext,
  act: Act,
  { open, request }: { readonly open: OpenBook; readonly request: NewTopupTerms },
): Promise<TopupTerms> {
  const currency = request.currency ?? (await currencyOf(act, open.customer));
  await requireCurrency(store, act.workspace, currency);
  const { priority, expiresAfterDays, charges } = request;
  const amount = creditAmount(request.amount, currency, "amount");
  return { currency, amount, priority, expiresAfterDays, charges };
}

interface Asked {
  readonly terms: TopupTerms;
  readonly id: string;
  readonly key: string;
  readonly reason: string;
  readonly by: string;
  readonly isAutomatic: boolean;
}

function ask(act: Act, open: OpenBook, asked: Asked): Topup {
  const { terms, id, key, reason, by, isAutomatic } = asked;
  const requestedAtMs = act.state.receivedAtMs;
  // Parts of the terms may be a rule's, which says more than a request.
  const { currency, amount, priority, expiresAfterDays, charges } = terms;
  const plain = { currency, amount, priority, expiresAfterDays, charges };
  const request: TopupRequest = { ...plain, id, requestedAtMs, isAutomatic };
  open.book = { ...open.book, requests: [...open.book.requests, request] };
  open.isChanged = true;
  const requestedAt = new Date(requestedAtMs).toISOString();
  const told = { ...plain, amount: formatAmount(amount), requestedAt };
  const topup = { id, key, customer: open.customer.id, ...told, isAutomatic, reason, by };
  act.journal("topup.requested", id, topup);
  return topup;
}

/** A payment that was asked for, and how it ended. Throws `topup.not_found`. */
export async function readTopup(
  context: Pick<EngineContext, "store">,
  workspace: string,
  id: string,
): Promise<TopupState> {
  const same = { kind: "topup.requested", subject: id } as const;
  const known = await recordedAct<Topup>(context.store, workspace, same);
  if (known !== undefined) return stateOf(context, workspace, known);
  throw new TollgateError("topup.not_found", `There is no payment request "${id}".`, "id");
}

async function stateOf(
  { store }: Pick<EngineContext, "store">,
  workspace: string,
  topup: Topup,
): Promise<TopupState> {
  for (const status of ["confirmed", "refused"] as const) {
    const of = { kind: `topup.${status}`, subject: topup.id } as const;
    const end = await recordedAct<TopupEnd>(store, workspace, of);
    if (end !== undefined) return { ...topup, status, end };
  }
  return { ...topup, status: "requested", end: null };
}

/** How a payment ended. */
export interface NewTopupEnd {
  readonly id: string;
  readonly status: "confirmed" | "refused";
  readonly reference: string;
  readonly by: string;
}

/**
 * Ends a request: a confirmed payment becomes a grant, a refused one is recorded. The same end
 * again changes nothing. Throws `topup.not_found`, `topup.settled`.
 */
export function settleTopup(
  context: EngineContext,
  workspace: string,
  { id, status, reference, by }: NewTopupEnd,
): Promise<TopupState> {
  return runCreditAct(context, workspace, async (act) => {
    const topup = await readTopup(context, workspace, id);
    if (topup.status === status) return topup;
    if (topup.status !== "requested") {
      throw new TollgateError("topup.settled", `"${id}" was ${topup.status} before.`, "id");
    }
    const desk = new CreditDesk(context, act);
    const open = await desk.open(topup.customer);
    const request = open.book.requests.find((one) => one.id === id);
    const requests = open.book.requests.filter((one) => one.id !== id);
    open.book = { ...open.book, requests };
    open.isChanged = true;
    if (status === "confirmed" && request !== undefined) {
      const { graceHours } = await readWorkspace(context.store, workspace);
      const grant = grantOf(request, { nowMs: act.state.receivedAtMs, graceHours });
      await addToBook(desk, open, { currency: request.currency, grant, from: "paid" });
    }
    const end: TopupEnd = { id, customer: topup.customer, reference, by };
    act.journal(`topup.${status}`, id, end);
    desk.save();
    return { ...topup, status, end };
  });
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

function grantOf(
  request: TopupRequest,
  { nowMs, graceHours }: { readonly nowMs: number; readonly graceHours: number },
): NewGrant {
  const { id, amount, priority, charges, expiresAfterDays, currency } = request;
  const expiresAtMs = expiresAfterDays === null ? null : nowMs + expiresAfterDays * DAY_MS;
  const finalAtMs = expiresAtMs === null ? null : expiresAtMs + graceHours * HOUR_MS;
  const cost = isMoney(currency) ? amount : null;
  const dates = { grantedAtMs: nowMs, expiresAtMs, finalAtMs };
  const about = { id: `${TOPUP_PREFIX}${id}`, kind: "topup", name: null, rollover: null } as const;
  const paid = { cost, costCurrency: cost === null ? null : currency };
  return { ...about, amount, priority, charges, ...dates, ...paid };
}

/** A rule to set. */
export interface NewTopupRule extends NewTopupTerms {
  readonly threshold: string;
  /** Most that is asked for in a billing period; null: no bound. */
  readonly cap: string | null;
}

/**
 * Sets the rule of a currency in place of the one before. Throws `customer.not_found`,
 * `field.invalid`, `field.out_of_range`.
 */
export function saveTopupRule(
  context: EngineContext,
  workspace: string,
  wanted: NewTopupRule,
): Promise<CreditBook> {
  return changeRules({ context, workspace }, wanted.customer, async (act, open) => {
    const terms = await termsOf(context, act, { open, request: wanted });
    const { currency } = terms;
    const threshold = creditAmount(wanted.threshold, currency, "threshold");
    const cap = wanted.cap === null ? null : creditAmount(wanted.cap, currency, "cap");
    const others = open.book.rules.filter((rule) => rule.currency !== currency);
    return [...others, { ...terms, threshold, cap }];
  });
}

/** Removes the rule of a currency; what was asked for stays. Throws `customer.not_found`. */
export function removeTopupRule(
  context: EngineContext,
  workspace: string,
  { customer, currency }: { readonly customer: string; readonly currency: string },
): Promise<CreditBook> {
  return changeRules({ context, workspace }, customer, async (_act, { book }) =>
    book.rules.filter((rule) => rule.currency !== currency),
  );
}

function changeRules(
  { context, workspace }: { readonly context: EngineContext; readonly workspace: string },
  customer: string,
  change: (act: Act, open: OpenBook) => Promise<readonly TopupRule[]>,
): Promise<CreditBook> {
  return runCreditAct(context, workspace, async (act) => {
    const desk = new CreditDesk(context, act);
    const open = await desk.open(customer);
    open.book = { ...open.book, rules: await change(act, open) };
    open.isChanged = true;
    const rules = open.book.rules.map((rule) => ({
      ...rule,
      amount: formatAmount(rule.amount),
      threshold: formatAmount(rule.threshold),
      cap: rule.cap === null ? null : formatAmount(rule.cap),
    }));
    act.journal("credit.ruled", customer, { customer, rules });
    desk.save();
    return open.book;
  });
}

const BOOKS_A_PAGE = 200;

/** Looks at every balance that a rule watches; returns the payments that it asked for. */
export async function runTopupRules(context: EngineContext, workspace: string): Promise<Topup[]> {
  const asked: Topup[] = [];
  for (let after = ""; ; ) {
    const books = await context.store.credit.booksWatched(workspace, BOOKS_A_PAGE, after);
    for (const { customer } of books) {
      const { wallets, book } = await readCredit(context, workspace, customer);
      const low = book.rules.filter(({ currency, threshold }) => {
        const balance = wallets.find((one) => one.currency === currency)?.balance ?? 0n;
        const isAwaited = book.requests.some((one) => one.isAutomatic && one.currency === currency);
        return balance < threshold && !isAwaited;
      });
      if (low.length > 0) asked.push(...(await askFor(context, workspace, { customer, low })));
    }
    after = books.at(-1)?.customer ?? "";
    if (books.length < BOOKS_A_PAGE) return asked;
  }
}

function askFor(
  context: EngineContext,
  workspace: string,
  { customer, low }: { readonly customer: string; readonly low: readonly TopupRule[] },
): Promise<Topup[]> {
  return runCreditAct(context, workspace, async (act) => {
    const desk = new CreditDesk(context, act);
    const open = await desk.open(customer);
    const { key: period } = act.tariff.periodOf(open.customer, act.state.receivedAtMs);
    const topups: Topup[] = [];
    for (const rule of low) {
      const { currency, amount, cap } = rule;
      const isOf = (one: { readonly currency: string; readonly period: string }) =>
        one.currency === currency && one.period === period;
      const before = open.book.asked.find(isOf)?.amount ?? 0n;
      const isAwaited = open.book.requests.some(
        (one) => one.isAutomatic && one.currency === currency,
      );
      if (isAwaited || (cap !== null && before + amount > cap)) continue;
      const id = `top_${context.ids.random()}`;
      const why = { reason: "the balance is below the threshold of its rule", by: "rule" };
      topups.push(ask(act, open, { terms: rule, id, key: id, ...why, isAutomatic: true }));
      const others = open.book.asked.filter((one) => one.currency !== currency);
      const now = { currency, period, amount: (before + amount) as Amount };
      open.book = { ...open.book, asked: [...others, now] };
    }
    desk.save();
    return topups;
  });
}
