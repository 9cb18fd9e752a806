/** A customer's credit as it is now, and how it came to be so. */
import type { CreditBook } from "../../domain/credit/book.ts";
import { decodeBook, EMPTY_BOOK, walletIn } from "../../domain/credit/book.ts";
import { burn, owedIn } from "../../domain/credit/burn.ts";
import {
  balanceOf,
  balancesOf,
  type Grant,
  inBurnOrder,
  usedOf,
} from "../../domain/credit/wallet.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import { ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { EngineContext } from "../context.ts";
import type { Customer } from "../ports.ts";
import { readsOfStore } from "./credit-charged.ts";
import type { PostedEntry } from "./credit-desk.ts";
import { CreditLevels } from "./credit-levels.ts";

/** A grant as it is now. */
export interface GrantNow {
  readonly grant: Grant;
  readonly used: Amount;
  readonly left: Amount;
}

/** A wallet as it is now. */
export interface WalletNow {
  readonly currency: string;
  readonly balance: Amount;
  /** What of open periods it does not pay; the credit of a parent or a child may. */
  readonly owed: Amount;
  /** In the order in which they are burned. */
  readonly grants: readonly GrantNow[];
}

/** A customer's credit as it is now. */
export interface CreditNow {
  readonly customer: string;
  readonly nowMs: number;
  readonly wallets: readonly WalletNow[];
  readonly book: CreditBook;
}

/** Reads it; what was charged a moment ago is burned. Throws `customer.not_found`. */
export async function readCredit(
  context: EngineContext,
  workspace: string,
  id: string,
): Promise<CreditNow> {
  const { store, tariffs, clocks } = context;
  const customer = await store.customer(workspace, id);
  if (customer === undefined) {
    throw new TollgateError("customer.not_found", `There is no customer "${id}".`);
  }
  const nowMs = (await clocks.of(workspace)).nowMs();
  const bookOf = async (of: string): Promise<CreditBook> => {
    const row = await store.credit.book(workspace, of);
    return row === undefined ? EMPTY_BOOK : decodeBook(row.document);
  };
  const levels = new CreditLevels({
    tariff: await tariffs.of(workspace),
    nowMs,
    reads: readsOfStore(store, workspace),
    customer: async (of) => store.customer(workspace, of),
    below: async (of) => store.credit.customersBelow(workspace, of),
    book: bookOf,
  });
  const book = await bookOf(id);
  return { customer: id, nowMs, wallets: await walletsNow(book, customer, levels), book };
}

/** The wallets of a customer; what was charged a moment ago is burned. */
export async function walletsNow(
  book: CreditBook,
  customer: Customer,
  levels: CreditLevels,
): Promise<WalletNow[]> {
  const wallets: WalletNow[] = [];
  for (const { wallet } of book.wallets) {
    const { currency } = wallet;
    const now = burn(walletIn(book, currency).wallet, await levels.charged(customer, currency));
    const [left, used] = [balancesOf(now), usedOf(now)];
    const open = now.lanes.filter(({ period }) => period !== "");
    wallets.push({
      currency,
      // What came back to an ended grant is nobody's to spend: it expires with the next entry.
      balance: balanceOf({ ...now, grants: now.grants.filter(({ isExpired }) => !isExpired) }),
      owed: owedIn({ lanes: open }) as Amount,
      grants: inBurnOrder(now.grants).map((grant) => ({
        grant,
        used: (used.get(grant.id) ?? 0n) as Amount,
        left: grant.isExpired ? ZERO_AMOUNT : (left.get(grant.id) ?? ZERO_AMOUNT),
      })),
    });
  }
  return wallets;
}

/** An entry of a customer's wallets. */
export interface HistoryEntry extends PostedEntry {
  readonly seq: number;
  /** When it was written; `at` says from when it holds. */
  readonly postedAtMs: number;
}

/** Which entries to read. */
export interface HistoryQuery {
  readonly customer: string;
  /** Only entries behind this one (Default: from the first on). */
  readonly afterSeq?: number;
  /** Most units of work to read; each may have posted several entries. */
  readonly limit: number;
}

/** A page of entries, oldest first. */
export interface HistoryPage {
  readonly entries: readonly HistoryEntry[];
  /** Where to go on; null: that was all. */
  readonly next: number | null;
}

/** Reads the entries of a customer's wallets. Throws `customer.not_found`. */
export async function readCreditHistory(
  { store }: EngineContext,
  workspace: string,
  { customer, afterSeq = 0, limit }: HistoryQuery,
): Promise<HistoryPage> {
  if ((await store.customer(workspace, customer)) === undefined) {
    throw new TollgateError("customer.not_found", `There is no customer "${customer}".`);
  }
  const filter = { kind: "credit.posted", subject: customer, afterSeq, limit } as const;
  const acts = await store.acts(workspace, filter);
  const entries = acts.flatMap(({ seq, receivedAtMs, document }) => {
    const posted = JSON.parse(document) as { readonly entries: readonly PostedEntry[] };
    return posted.entries.map((entry) => ({ ...entry, seq, postedAtMs: receivedAtMs }));
  });
  return { entries, next: acts.length < limit ? null : (acts.at(-1)?.seq ?? null) };
}
