/**
 * Prepaid credit: walks through every customer's entries. Each must add up to zero and leave no
 * grant below nothing; what it burned must be what the amounts charged then lead to; and the book
 * must hold what all entries leave.
 */

import type { Amount } from "../../domain/money/decimal.ts";
import { formatAmount } from "../../domain/money/decimal.ts";
import { amountOf } from "../stored-decimal.ts";
import type { Row } from "../stored-rows.ts";
import type { Acts, RecordedAct } from "./acts.ts";
import { BurnAgain } from "./burn-again.ts";
import { type DataFile, readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import type { EntryAgain } from "./lanes-again.ts";

/** Checks all credit of a file. */
export function checkCreditBooks(file: DataFile, acts: Acts): void {
  let customer: Entries | undefined;
  for (const act of acts.all("credit.posted")) {
    if (customer === undefined || !customer.isOf(act)) {
      customer?.end();
      customer = new Entries(file, act);
    }
    customer.add(act);
  }
  customer?.end();
  for (const row of file.all("SELECT * FROM credit_books")) checkStands(file, acts, row);
}

/** A book without an entry has no grants, only rules. */
function checkStands(file: DataFile, acts: Acts, row: Row): void {
  const [ws, customer] = [row.ws as number, row.customer as string];
  if (acts.of("credit.posted", ws, customer).length > 0) return;
  const key = keyText(file.workspace(ws), customer);
  readable(file, { table: "credit_books", key }, () => {
    const { wallets } = JSON.parse(row.document as string) as BookAgain;
    const isEmpty = wallets.every(({ wallet }) => wallet.grants.length === 0);
    file.findings.expect(isEmpty, ["credit_books", key, "holds credit that no entry gave"]);
  });
}

/** A book as its row keeps it. */
interface BookAgain {
  readonly wallets: readonly {
    readonly wallet: {
      readonly currency: string;
      readonly grants: readonly {
        readonly id: string;
        readonly amount: string;
        readonly taken: string;
        readonly settled: string;
        readonly isExpired: boolean;
        readonly finalAtMs: number | null;
      }[];
      readonly lanes: readonly {
        readonly stretches: readonly { readonly source: string | null; readonly amount: string }[];
      }[];
    };
  }[];
  readonly rules: readonly unknown[];
  readonly requests: readonly unknown[];
}

/** The entries of one customer, in their order. */
class Entries {
  readonly #file: DataFile;
  readonly #first: RecordedAct;
  /** What was posted to each grant, by currency. */
  readonly #posted = new Map<string, Map<string, bigint>>();
  readonly #again = new Map<string, BurnAgain>();
  readonly #key: string;

  constructor(file: DataFile, first: RecordedAct) {
    this.#file = file;
    this.#first = first;
    this.#key = keyText(file.workspace(first.ws), first.subject);
  }

  isOf({ ws, subject }: RecordedAct): boolean {
    return ws === this.#first.ws && subject === this.#first.subject;
  }

  add({ seq, document }: RecordedAct): void {
    const problems = readable(this.#file, { table: "credit_books", key: this.#key }, () => {
      const { entries } = document as unknown as { readonly entries: readonly EntryAgain[] };
      return entries.flatMap((entry) => [...this.#problems(entry)]);
    });
    for (const problem of problems ?? []) this.#tell(`entry ${seq} ${problem}`);
  }

  #tell(problem: string): void {
    this.#file.findings.add("credit_books", this.#key, problem);
  }

  *#problems(entry: EntryAgain): Generator<string> {
    const { currency, postings } = entry;
    const posted = this.#posted.get(currency) ?? new Map<string, bigint>();
    this.#posted.set(currency, posted);
    let sum = 0n;
    for (const [account, text] of postings) {
      sum += amountOf(text);
      if (!account.startsWith("grant:")) continue;
      const id = account.slice("grant:".length);
      posted.set(id, (posted.get(id) ?? 0n) + amountOf(text));
    }
    if (sum !== 0n) yield "has postings that do not add up to zero";
    for (const [id, left] of posted) if (left < 0n) yield `leaves the grant "${id}" below nothing`;
    const balance = [...posted.values()].reduce((all, left) => all + left, 0n);
    if (balance !== amountOf(entry.balance))
      yield "states a balance that its postings do not leave";
    const again = this.#again.get(currency) ?? new BurnAgain();
    this.#again.set(currency, again);
    if (again.isForgotten) return;
    yield* again.apply(entry);
    if (again.isForgotten) return;
    for (const [id, left] of again.balances()) {
      const was = posted.get(id) ?? 0n;
      if (left === was) continue;
      const [found, wanted] = [was, left].map((amount) => formatAmount(amount as Amount));
      yield `leaves ${found} of the grant "${id}", not ${wanted}`;
    }
  }

  /** What the entries leave is what the book holds. */
  end(): void {
    const { ws, subject } = this.#first;
    const sql = "SELECT * FROM credit_books WHERE ws = ? AND customer = ?";
    const row = this.#file.first(sql, ws, subject);
    if (row === undefined) {
      this.#tell("is missing: its entries are in the journal");
      return;
    }
    readable(this.#file, { table: "credit_books", key: this.#key }, () => {
      const book = JSON.parse(row.document as string) as BookAgain;
      this.#checkBalances(book);
      const ends = book.wallets
        .flatMap(({ wallet }) => wallet.grants)
        .flatMap(({ isExpired, finalAtMs }) => (isExpired ? [] : (finalAtMs ?? [])));
      const dueAtMs = ends.length === 0 ? null : Math.min(...ends);
      if (row.due_at !== dueAtMs) this.#tell("is not due when its next grant ends");
      const isWatched = book.rules.length + book.requests.length > 0 ? 1 : 0;
      if (row.watched !== isWatched)
        this.#tell("is watched though it has no rule and awaits no payment, or is not");
    });
  }

  #checkBalances({ wallets }: BookAgain): void {
    const held = new Map<string, bigint>();
    for (const { wallet } of wallets) {
      const { currency, grants, lanes } = wallet;
      const add = (id: string, amount: bigint) => {
        const key = JSON.stringify([currency, id]);
        held.set(key, (held.get(key) ?? 0n) + amount);
      };
      for (const { id, amount, taken, settled } of grants) {
        add(id, amountOf(amount) - amountOf(taken) - amountOf(settled));
      }
      for (const { source, amount } of lanes.flatMap(({ stretches }) => stretches)) {
        if (source !== null) add(source, -amountOf(amount));
      }
    }
    for (const [currency, grants] of this.#posted) {
      for (const [id, left] of grants) {
        const key = JSON.stringify([currency, id]);
        if ((held.get(key) ?? 0n) !== left) this.#tell(`holds other credit of "${id}" than posted`);
        held.delete(key);
      }
    }
    for (const key of held.keys()) this.#tell(`holds ${key}, which no entry gave`);
  }
}
