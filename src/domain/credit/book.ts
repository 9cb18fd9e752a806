/** All prepaid credit of a customer, as it is kept: wallets, rules and awaited payments. */

import { present } from "../assert.ts";
import type { Amount } from "../money/decimal.ts";
import { formatAmount, parseAmount, ZERO_AMOUNT } from "../money/decimal.ts";
import { parseJsonRevived } from "../parse-json.ts";
import { nextEndMs } from "./entry.ts";
import type { Posting } from "./posting.ts";
import { balanceOf, emptyWallet, type Grant, type Wallet } from "./wallet.ts";

/** A wallet, and what happened to it since the customer's last statement. */
export interface BookedWallet {
  readonly wallet: Wallet;
  /** Its balance then. */
  readonly opening: Amount;
  /** What each account other than grants gained since. */
  readonly moved: readonly Posting[];
}

/** What a credit that is paid for becomes. */
export interface TopupTerms {
  readonly currency: string;
  readonly amount: Amount;
  readonly priority: number;
  /** Days from the payment to its end; null: it does not end. */
  readonly expiresAfterDays: number | null;
  readonly charges: readonly string[] | null;
}

/** Asks for a payment when a balance falls below a threshold. */
export interface TopupRule extends TopupTerms {
  readonly threshold: Amount;
  /** Most that is asked for in a billing period; null: no bound. */
  readonly cap: Amount | null;
}

/** A payment that was asked for and is neither confirmed nor refused. */
export interface TopupRequest extends TopupTerms {
  readonly id: string;
  readonly requestedAtMs: number;
  readonly isAutomatic: boolean;
}

/** What rules asked for in a billing period. */
export interface AskedFor {
  readonly currency: string;
  readonly period: string;
  readonly amount: Amount;
}

/** A customer's credit. */
export interface CreditBook {
  readonly wallets: readonly BookedWallet[];
  readonly rules: readonly TopupRule[];
  readonly requests: readonly TopupRequest[];
  readonly asked: readonly AskedFor[];
}

/** No credit, no rules. */
export const EMPTY_BOOK: CreditBook = { wallets: [], rules: [], requests: [], asked: [] };

/** The wallet of a currency, empty where there is none. */
export function walletIn(book: CreditBook, currency: string): BookedWallet {
  const known = book.wallets.find(({ wallet }) => wallet.currency === currency);
  return known ?? { wallet: emptyWallet(currency), opening: ZERO_AMOUNT, moved: [] };
}

/** The book with a wallet in place of the one in its currency. */
export function withWallet(book: CreditBook, booked: BookedWallet): CreditBook {
  const others = book.wallets.filter(({ wallet }) => wallet.currency !== booked.wallet.currency);
  const wallets = [...others, booked].sort((a, b) =>
    a.wallet.currency < b.wallet.currency ? -1 : 1,
  );
  return { ...book, wallets };
}

/** What accounts gained, with more postings; those of grants are left out. */
export function withMoved(moved: readonly Posting[], postings: readonly Posting[]): Posting[] {
  const sums = new Map(moved.map(({ account, amount }) => [account, amount as bigint]));
  for (const { account, amount } of postings) {
    if (account.startsWith("grant:")) continue;
    sums.set(account, (sums.get(account) ?? 0n) + amount);
  }
  return [...sums]
    .filter(([, amount]) => amount !== 0n)
    .map(([account, amount]) => ({ account, amount: amount as Amount }));
}

/** A wallet that begins to tell its movements anew. */
export function reopened(wallet: Wallet): BookedWallet {
  return { wallet, opening: balanceOf(wallet), moved: [] };
}

/** When the next grant of a book ends for good; null: none does. */
export function dueAtMs(book: CreditBook): number | null {
  return nextEndMs(book.wallets.map(({ wallet }) => wallet));
}

/** Every grant that a book remembers, with the currency of its wallet. */
export function grantsOf(book: CreditBook): { readonly currency: string; readonly grant: Grant }[] {
  return book.wallets.flatMap(({ wallet }) =>
    wallet.grants.map((grant) => ({ currency: wallet.currency, grant })),
  );
}

const AMOUNTS: ReadonlySet<string> = new Set([
  ...(["amount", "taken", "settled", "level", "gone", "cost", "upTo"] as const),
  ...(["opening", "threshold", "cap"] as const),
]);

/** The text of a book: amounts are the shortest decimal text. */
export function encodeBook(book: CreditBook): string {
  return JSON.stringify(book, (_key, value: unknown) =>
    typeof value === "bigint" ? formatAmount(value as Amount) : value,
  );
}

/** A book as `encodeBook` wrote it. */
export function decodeBook(text: string): CreditBook {
  return parseJsonRevived(text, (key, value) =>
    AMOUNTS.has(key) && typeof value === "string"
      ? present(parseAmount(value), `the amount "${key}" of a book`)
      : value,
  ) as CreditBook;
}
