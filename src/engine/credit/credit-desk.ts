/**
 * The customers' credit in one unit of work: opens books, posts entries to them, and at the end
 * puts book and entries into the unit. An entry first burns what is charged up to now.
 */
import {
  type CreditBook,
  decodeBook,
  dueAtMs,
  EMPTY_BOOK,
  encodeBook,
  walletIn,
  withMoved,
  withWallet,
} from "../../domain/credit/book.ts";
import { type Charged, sumLanes } from "../../domain/credit/charged.ts";
import { bringUp, endGrants } from "../../domain/credit/entry.ts";
import type { Entry } from "../../domain/credit/posting.ts";
import { balanceOf, type Grant } from "../../domain/credit/wallet.ts";
import { TollgateError } from "../../domain/errors.ts";
import { formatAmount } from "../../domain/money/decimal.ts";
import { recordedActs } from "../acts/recorded-acts.ts";
import type { Act } from "../commit/carry-out.ts";
import type { EngineContext } from "../context.ts";
import type { Customer, Store, UnitOfWork } from "../ports.ts";
import { type ChargedPeriods, readsOfUnit, type UnitReads } from "./credit-charged.ts";
import { CreditLevels } from "./credit-levels.ts";

/** What an entry is for. */
export interface EntryCause {
  readonly kind:
    | ("granted" | "paid" | "refunded" | "sent" | "received")
    | ("expired" | "closed" | "reissued");
  /** The grant, request, transfer or statement that it is about. */
  readonly id: string;
  /** When it holds: now, or when a grant ended for good. */
  readonly atMs: number;
}

/** How closed lanes rise again where an open period lowers them less: as they were paid. */
const BURN_FORM = 2;

/** An entry as the journal keeps it. */
export interface PostedEntry {
  readonly currency: string;
  readonly kind: EntryCause["kind"];
  readonly id: string;
  readonly at: string;
  /** What each account gained. */
  readonly postings: readonly (readonly [account: string, amount: string])[];
  /** What the wallet holds after it. */
  readonly balance: string;
  /** What was charged then: child (or ""), period and its start, charge, amount. */
  readonly charged: readonly (readonly string[])[];
  /** `BURN_FORM`; left out: of a version that let credit pay for what was billed in money. */
  readonly burnForm?: number;
  /** What else the entry rests on: a grant's terms, a statement's charges. */
  readonly terms?: object;
}

/** A customer's book while a unit of work posts to it. */
export interface OpenBook {
  readonly customer: Customer;
  book: CreditBook;
  readonly entries: PostedEntry[];
  isChanged: boolean;
}

/** What a desk needs of an act: the rows of its unit, and what it changes itself. */
export interface DeskAct extends Pick<Act, "workspace" | "tariff" | "journal" | "state"> {
  readonly unit: UnitReads & Pick<UnitOfWork, "creditBooks">;
}

/** What a desk reads beside its unit, and whom it tells that a book changes. */
export interface DeskContext {
  readonly store: ChargedPeriods & Pick<Store, "acts"> & { readonly credit: Below };
  readonly dues: Pick<EngineContext["dues"], "forget">;
}

type Below = Pick<Store["credit"], "customersBelow">;

/** The credit of customers in one unit of work. */
export class CreditDesk {
  readonly #context: DeskContext;
  readonly #act: DeskAct;
  readonly #books = new Map<string, OpenBook>();
  readonly levels: CreditLevels;

  constructor(context: DeskContext, act: DeskAct) {
    this.#context = context;
    this.#act = act;
    const { unit, state, tariff, workspace } = act;
    const { store } = context;
    this.levels = new CreditLevels({
      tariff,
      nowMs: state.receivedAtMs,
      reads: readsOfUnit(store, workspace, { unit, booked: () => state.adjustments }),
      customer: async (id) => {
        const [stored] = await unit.customers([id]);
        return state.customers.get(id) ?? stored;
      },
      below: async (id) => store.credit.customersBelow(workspace, id),
      book: async (id) => (await this.open(id)).book,
    });
  }

  /** Opens a customer's book. Throws `customer.not_found`. */
  async open(id: string): Promise<OpenBook> {
    const known = this.#books.get(id);
    if (known !== undefined) return known;
    const { unit, state } = this.#act;
    const [stored] = await unit.customers([id]);
    const customer = state.customers.get(id) ?? stored;
    if (customer === undefined) {
      throw new TollgateError("customer.not_found", `There is no customer "${id}".`, "customer");
    }
    const [row] = await unit.creditBooks([id]);
    const book = row === undefined ? EMPTY_BOOK : decodeBook(row.document);
    const open: OpenBook = { customer, book, entries: [], isChanged: false };
    this.#books.set(id, open);
    return open;
  }

  /** The entries that were posted to a customer's wallets before this unit, oldest first. */
  async entries(customer: string): Promise<PostedEntry[]> {
    const of = { kind: "credit.posted", subject: customer } as const;
    const acts = await recordedActs<{ readonly entries: readonly PostedEntry[] }>(
      this.#context.store,
      this.#act.workspace,
      of,
    );
    return acts.flatMap(({ entries }) => entries);
  }

  /** Posts an entry to a wallet: burns what is charged, then does what it is for. */
  async post(
    open: OpenBook,
    what: { readonly currency: string; readonly cause: EntryCause; readonly terms?: object },
    work: (entry: Entry) => Entry,
  ): Promise<Entry> {
    const charged = await this.levels.charged(open.customer, what.currency);
    const { wallet } = walletIn(open.book, what.currency);
    const entry = work(bringUp(wallet, charged));
    this.record(open, { ...what, charged }, entry);
    return entry;
  }

  /** Keeps an entry that was worked out elsewhere. */
  record(
    open: OpenBook,
    what: {
      readonly currency: string;
      readonly cause: EntryCause;
      readonly charged: readonly Charged[];
      readonly terms?: object;
    },
    { wallet, postings }: Entry,
  ): void {
    const { currency, cause, charged, terms } = what;
    const before = walletIn(open.book, currency);
    const moved = withMoved(before.moved, postings);
    open.book = withWallet(open.book, { ...before, wallet, moved });
    open.isChanged = true;
    open.entries.push({
      currency,
      kind: cause.kind,
      id: cause.id,
      at: new Date(cause.atMs).toISOString(),
      postings: postings.map(({ account, amount }) => [account, formatAmount(amount)]),
      balance: formatAmount(balanceOf(wallet)),
      charged: sumLanes(charged).map(({ customer, period, startMs, charge, amount }) => {
        return [customer, period, String(startMs), charge, formatAmount(amount)];
      }),
      burnForm: BURN_FORM,
      ...(terms && { terms }),
    });
    this.levels.forget();
  }

  /** Ends grants that are over, each at its own time. */
  async endDue(open: OpenBook, nowMs: number): Promise<void> {
    for (const { wallet } of open.book.wallets) {
      const ends = wallet.grants.flatMap(({ isExpired, finalAtMs }) =>
        !isExpired && finalAtMs !== null && finalAtMs <= nowMs ? [finalAtMs] : [],
      );
      for (const atMs of [...new Set(ends)].sort((a, b) => a - b)) {
        const isOver = (grant: Grant) => grant.finalAtMs !== null && grant.finalAtMs <= atMs;
        const cause = { kind: "expired", id: new Date(atMs).toISOString(), atMs } as const;
        const what = { currency: wallet.currency, cause };
        await this.post(open, what, (entry) => endGrants(entry, isOver, atMs));
      }
    }
  }

  /** Puts every book that was posted to into the unit. */
  save(): void {
    const { state, journal, workspace } = this.#act;
    for (const { customer, book, entries, isChanged } of this.#books.values()) {
      if (!isChanged) continue;
      this.#context.dues.forget(workspace);
      const isWatched = book.rules.length + book.requests.length > 0;
      const row = { customer: customer.id, dueAtMs: dueAtMs(book), isWatched };
      state.creditBooks.set(customer.id, { ...row, document: encodeBook(book) });
      if (entries.length > 0)
        journal("credit.posted", customer.id, { customer: customer.id, entries });
    }
  }
}
