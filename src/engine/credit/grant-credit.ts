/** Gives credit: a grant that pays for what its customer is charged from then on. */

import { grantsOf, walletIn } from "../../domain/credit/book.ts";
import type { NewGrant } from "../../domain/credit/entry.ts";
import { addGrant, ROLLED_SUFFIX } from "../../domain/credit/entry.ts";
import type { Rollover } from "../../domain/credit/wallet.ts";
import { TollgateError } from "../../domain/errors.ts";
import {
  CREDIT_UNITS_SCALE,
  GRANT_MAX_UNITS,
  GRANTS_PER_WALLET_MAX_COUNT,
} from "../../domain/limits.ts";
import { type Amount, formatAmount, parseAmount } from "../../domain/money/decimal.ts";
import { roundAmount } from "../../domain/money/rounding.ts";
import { parseMoney } from "../../domain/period/booking.ts";
import { patternsAmong } from "../../domain/rating/whole-names.ts";
import { type ByHand, identify, recordedAct, requireSame } from "../acts/recorded-acts.ts";
import { unknownCharge } from "../cards/known-keys.ts";
import type { Act } from "../commit/carry-out.ts";
import type { EngineContext } from "../context.ts";
import type { Customer, Store } from "../ports.ts";
import { readWorkspace } from "../workspaces/workspace-settings.ts";
import { runCreditAct } from "./credit-act.ts";
import { CreditDesk, type OpenBook } from "./credit-desk.ts";
import { isMoney } from "./credit-levels.ts";

/** Credit to give. Amounts are decimal text. */
export interface NewCredit extends ByHand {
  readonly customer: string;
  /** Null: the currency of the customer's card. */
  readonly currency: string | null;
  readonly amount: string;
  readonly name: string | null;
  readonly priority: number;
  readonly expiresAtMs: number | null;
  /** Keys of charges that it may pay; null: everything. */
  readonly charges: readonly string[] | null;
  /** What was paid for it; null: not told. */
  readonly cost: string | null;
  readonly costCurrency: string | null;
  readonly rollover: { readonly upTo: string | null; readonly expiresAtMs: number | null } | null;
}

/** Credit that was given, as the journal keeps it. */
export interface GivenCredit extends Omit<NewCredit, "id" | "currency"> {
  readonly id: string;
  readonly key: string;
  readonly currency: string;
}

/**
 * Gives it. The same act again changes nothing. Throws `customer.not_found`, `booking.conflict`,
 * `field.invalid`, `field.out_of_range`.
 */
export async function grantCredit(
  context: EngineContext,
  workspace: string,
  request: NewCredit,
): Promise<GivenCredit> {
  const { id, key } = identify(context.digest, "gr", request);
  requireOwnId(id);
  return runCreditAct(context, workspace, async (act) => {
    const same = { kind: "credit.granted", subject: id } as const;
    const known = await recordedAct<GivenCredit>(context.store, workspace, same);
    if (known !== undefined) {
      requireSame(known, key);
      return known;
    }
    const desk = new CreditDesk(context, act);
    const open = await desk.open(request.customer);
    const currency = request.currency ?? (await currencyOf(act, open.customer));
    await requireCurrency(context.store, workspace, currency);
    await requireCharges(context.store, workspace, request.charges ?? []);
    const { graceHours } = await readWorkspace(context.store, workspace);
    const terms = { request, currency, graceHours, nowMs: act.state.receivedAtMs };
    const grant: NewGrant = { ...grantOf(terms), id, kind: "grant" };
    await addToBook(desk, open, { currency, grant, from: "issued" });
    const given = { ...request, id, key, currency };
    act.journal("credit.granted", id, given);
    desk.save();
    return given;
  });
}

const RECEIVED = { transferred: "received", exchanged: "received" } as const;

/**
 * Refuses ids that grants get which nobody names: those of top-ups, and of what rolled over. Throws
 * `field.invalid`.
 */
export function requireOwnId(id: string): void {
  if (!id.startsWith(TOPUP_PREFIX) && !id.endsWith(ROLLED_SUFFIX)) return;
  const detail =
    `"${id}" is no id for credit: those that begin with "${TOPUP_PREFIX}" ` +
    `or end with "${ROLLED_SUFFIX}" are given by Tollgate itself.`;
  throw new TollgateError("field.invalid", detail, "id");
}

/** Beginning of the ids of grants that a payment became. */
export const TOPUP_PREFIX = "topup:";

/**
 * Adds a grant to a customer's wallet. Throws `field.out_of_range` where it holds too many, and
 * `booking.conflict` where another grant has its id.
 */
export async function addToBook(
  desk: CreditDesk,
  open: OpenBook,
  added: {
    readonly currency: string;
    readonly grant: NewGrant;
    readonly from: "issued" | "paid" | "transferred" | "exchanged";
  },
): Promise<void> {
  const { currency, grant, from } = added;
  if (walletIn(open.book, currency).wallet.grants.length >= GRANTS_PER_WALLET_MAX_COUNT) {
    const { id } = open.customer;
    const detail = `"${id}" has ${GRANTS_PER_WALLET_MAX_COUNT} grants in ${currency}.`;
    throw new TollgateError("field.out_of_range", detail, "customer");
  }
  if (grantsOf(open.book).some((other) => other.grant.id === grant.id)) {
    const detail = `"${open.customer.id}" has another grant "${grant.id}" already.`;
    throw new TollgateError("booking.conflict", detail, "id");
  }
  const kinds = { issued: "granted", paid: "paid", ...RECEIVED } as const;
  const cause = { kind: kinds[from], id: grant.id, atMs: grant.grantedAtMs };
  const what = { currency, cause, terms: grantTerms(grant) };
  await desk.post(open, what, (entry) => addGrant(entry, grant, from));
}

/** A grant's terms as an entry keeps them: whoever recounts needs no more. */
function grantTerms({ priority, expiresAtMs, finalAtMs, charges, rollover }: NewGrant): object {
  const upTo = rollover?.upTo ?? null;
  return {
    ...{ priority, expiresAtMs, finalAtMs, charges },
    rollover: rollover && { ...rollover, upTo: upTo === null ? null : formatAmount(upTo) },
  };
}

/** The currency of the card that a customer has now; dollars without one. */
export async function currencyOf({ tariff, state }: Act, customer: Customer): Promise<string> {
  const card = tariff.cardFor(customer, state.receivedAtMs);
  return card?.currency ?? "USD";
}

/** Throws `field.invalid` for what is neither money nor the name of a card's credit. */
export async function requireCurrency(
  store: Store,
  workspace: string,
  currency: string,
): Promise<void> {
  if (isMoney(currency)) return;
  const cards = await store.cards(workspace);
  if (cards.some(({ card }) => card.credit?.name === currency)) return;
  const detail = `"${currency}" is neither a currency nor the credit of a rate card.`;
  throw new TollgateError("field.invalid", detail, "currency");
}

/** Throws `field.invalid` for charges that credit could never pay. */
async function requireCharges(
  store: Store,
  workspace: string,
  charges: readonly string[],
): Promise<void> {
  const [pattern] = patternsAmong(charges, "charges", "field.invalid");
  const named = { charges, withFees: true };
  const detail = pattern?.detail ?? (await unknownCharge(store, workspace, named))?.detail;
  if (detail !== undefined) throw new TollgateError("field.invalid", detail, "charges");
}

interface Terms {
  readonly request: Omit<NewCredit, "id" | "reason" | "by" | "customer" | "currency">;
  readonly currency: string;
  readonly graceHours: number;
  readonly nowMs: number;
}

const HOUR_MS = 3_600_000;

function grantOf({ request, currency, graceHours, nowMs }: Terms): Omit<NewGrant, "id" | "kind"> {
  const { name, priority, expiresAtMs, charges, cost, costCurrency, rollover } = request;
  if (expiresAtMs !== null && expiresAtMs <= nowMs) {
    throw new TollgateError("field.out_of_range", "The credit would have ended.", "expiresAt");
  }
  if (rollover !== null && expiresAtMs === null) {
    const detail = "What rolls over is the rest of credit that ends: say when.";
    throw new TollgateError("field.missing", detail, "expiresAt");
  }
  const paidIn = costCurrency ?? (isMoney(currency) ? currency : "USD");
  return {
    ...{ name, priority, grantedAtMs: nowMs, expiresAtMs, charges },
    amount: creditAmount(request.amount, currency, "amount"),
    finalAtMs: expiresAtMs === null ? null : expiresAtMs + graceHours * HOUR_MS,
    cost: cost === null ? null : costAmount(cost, paidIn),
    costCurrency: cost === null ? null : paidIn,
    rollover: rollover === null ? null : rolloverOf(rollover, { currency, expiresAtMs }),
  };
}

function rolloverOf(
  { upTo, expiresAtMs }: NonNullable<NewCredit["rollover"]>,
  of: { readonly currency: string; readonly expiresAtMs: number | null },
): Rollover {
  if (expiresAtMs !== null && expiresAtMs <= (of.expiresAtMs ?? 0)) {
    const detail = "What rolls over ends after the credit that it comes from.";
    throw new TollgateError("field.out_of_range", detail, "rollover.expiresAt");
  }
  const most = upTo === null ? null : creditAmount(upTo, of.currency, "rollover.upTo");
  return { upTo: most, expiresAtMs };
}

/** An amount of credit as a person gives it. Throws `field.out_of_range`. */
export function creditAmount(text: string, currency: string, field: string): Amount {
  const amount = isMoney(currency) ? parseMoney(text, currency) : parseUnits(text);
  if (amount !== undefined && amount <= MOST) return amount;
  const detail = `${JSON.stringify(text)} is no positive amount of ${currency}.`;
  throw new TollgateError("field.out_of_range", detail, field);
}

const MOST = GRANT_MAX_UNITS * 10n ** 33n;

function parseUnits(text: string): Amount | undefined {
  const amount = parseAmount(text);
  if (amount === undefined || amount <= 0n) return undefined;
  return roundAmount(amount, CREDIT_UNITS_SCALE, "down").residual === 0n ? amount : undefined;
}

/** What was paid: may be nothing. */
function costAmount(text: string, currency: string): Amount {
  return /^0(\.0+)?$/.test(text) ? (0n as Amount) : creditAmount(text, currency, "cost");
}
