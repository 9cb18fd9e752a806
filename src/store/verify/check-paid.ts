/**
 * What statements tell of credit, against the entries of the journal: what credit paid of each,
 * what is due after that, the movements of the customer's wallets since its statement before, and
 * the statements of children that it carries. Whether entries are right is checked elsewhere.
 */
import { currencyDecimals } from "../../domain/money/currency.ts";
import { type Amount, formatAmount } from "../../domain/money/decimal.ts";
import { amountOf } from "../stored-decimal.ts";
import { decodeStatement } from "../stored-rows.ts";
import type { Acts } from "./acts.ts";
import type { CreditDocument } from "./card-versions.ts";
import { type DataFile, readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import type { EntryAgain } from "./lanes-again.ts";
import { givenAgain } from "./payable-again.ts";
import { isFreeCell } from "./trial-again.ts";

interface Line {
  readonly cell: string;
  readonly credits?: string;
  readonly credit?: CreditDocument;
  readonly amountRounded: string;
}

interface Child {
  readonly customer: string;
  readonly period: string;
  readonly statement: string;
  readonly total: string;
  readonly due: string;
  readonly credited?: string;
  readonly carriedBefore: string;
}

interface Document {
  readonly customer: string;
  readonly period: string;
  readonly currency: string;
  readonly credit?: CreditDocument;
  readonly lines: readonly Line[];
  readonly total: string;
  readonly replaces?: string;
  readonly paidByCredit?: string;
  readonly paidByParentsCredit?: string;
  readonly amountDue?: string;
  readonly billedTo?: string;
  readonly wallets?: readonly {
    readonly currency: string;
    readonly opening: string;
    readonly moved: Readonly<Record<string, string>>;
    readonly balance: string;
  }[];
  readonly children?: readonly Child[];
}

/** A statement, and where in the journal it was closed. */
interface Told {
  readonly id: string;
  readonly seq: number;
  readonly document: Document;
}

/** An entry, whose wallet it is of and where it stands. */
interface Entry {
  readonly payer: string;
  readonly seq: number;
  readonly entry: EntryAgain;
}

/** Checks what every statement tells of credit. */
export function checkPaid(file: DataFile, acts: Acts): void {
  const closings = closingsOf(file, acts);
  for (const { ws } of file.all("SELECT DISTINCT ws FROM statements ORDER BY ws")) {
    const sql = "SELECT DISTINCT customer FROM statements WHERE ws = ? ORDER BY customer";
    for (const { customer } of file.all(sql, ws as number)) {
      checkCustomer(file, acts, { ws: ws as number, customer: customer as string, closings });
    }
  }
  for (const [key, left] of closings) {
    for (const { payer, seq } of left) {
      const at = keyText(file.workspace(Number(key.slice(0, key.indexOf("/")))), payer);
      const problem = `entry ${seq} closes a period by no statement`;
      file.findings.add("credit_books", at, problem);
    }
  }
}

/** Entries by which credit paid a statement, by workspace and what they say that they close. */
function closingsOf(file: DataFile, acts: Acts): Map<string, Entry[]> {
  const closings = new Map<string, Entry[]>();
  for (const { ws, subject: payer, seq, document } of acts.all("credit.posted")) {
    const key = keyText(file.workspace(ws), payer);
    readable(file, { table: "credit_books", key }, () => {
      for (const entry of document.entries as readonly EntryAgain[]) {
        if (entry.kind !== "closed" && entry.kind !== "reissued") continue;
        const of = `${ws}/${entry.id}`;
        closings.set(of, [...(closings.get(of) ?? []), { payer, seq, entry }]);
      }
    });
  }
  return closings;
}

interface CustomerAt {
  readonly ws: number;
  readonly customer: string;
  /** Those of the customer's statements are taken out. */
  readonly closings: Map<string, Entry[]>;
}

function checkCustomer(file: DataFile, acts: Acts, { ws, customer, closings }: CustomerAt): void {
  const entries = entriesOf(file, acts, { ws, payer: customer });
  const told: Told[] = [];
  for (const statement of statementsOf(file, acts, { ws, customer })) {
    const { id, seq, document } = statement;
    const key = keyText(file.workspace(ws), id);
    const problems = readable(file, { table: "statements", key }, () => {
      const of = `${ws}/${JSON.stringify([customer, document.period])}`;
      const all = closings.get(of) ?? [];
      const paying = all.filter((one) => one.seq < seq);
      const later = all.filter((one) => one.seq >= seq);
      if (later.length > 0) closings.set(of, later);
      else closings.delete(of);
      const own = entries.filter((one) => one.seq < seq);
      if (document.paidByCredit === undefined) {
        return own.length + paying.length > 0 ? ["tells nothing of its customer's credit"] : [];
      }
      return [
        ...paidProblems(document, paying),
        ...walletProblems(document, { own, before: told.findLast(hasWallets) }),
        ...childProblems(file, acts, { ws, statement, before: told }),
      ];
    });
    for (const problem of problems ?? []) file.findings.add("statements", key, problem);
    told.push(statement);
  }
}

function hasWallets({ document }: Told): boolean {
  return document.wallets !== undefined;
}

function entriesOf(
  file: DataFile,
  acts: Acts,
  { ws, payer }: { readonly ws: number; readonly payer: string },
): Entry[] {
  const key = keyText(file.workspace(ws), payer);
  const read = readable(file, { table: "credit_books", key }, () =>
    acts.of("credit.posted", ws, payer).flatMap(({ seq, document }) => {
      return (document.entries as readonly EntryAgain[]).map((entry) => ({ payer, seq, entry }));
    }),
  );
  return read ?? [];
}

/** The statements of a customer in the order in which they were closed. */
function statementsOf(
  file: DataFile,
  acts: Acts,
  { ws, customer }: { readonly ws: number; readonly customer: string },
): Told[] {
  const found: Told[] = [];
  for (const row of file.all(
    "SELECT * FROM statements WHERE ws = ? AND customer = ?",
    ws,
    customer,
  )) {
    const { id } = decodeStatement(row);
    const statement = toldOf(file, acts, { ws, id });
    if (statement !== undefined) found.push(statement);
  }
  return found.sort((a, b) => a.seq - b.seq);
}

/** A statement with its place; what cannot be read, or was never closed, is told elsewhere. */
function toldOf(
  file: DataFile,
  acts: Acts,
  { ws, id }: { readonly ws: number; readonly id: string },
): Told | undefined {
  const row = file.first("SELECT * FROM statements WHERE ws = ? AND id = ?", ws, id);
  if (row === undefined) return undefined;
  const key = keyText(file.workspace(ws), id);
  const document = readable(file, { table: "statements", key }, () => {
    return JSON.parse(decodeStatement(row).document) as Document;
  });
  if (document === undefined) return undefined;
  const kind = document.replaces === undefined ? "period.closed" : "statement.reissued";
  const seq = acts.of(kind, ws, id).at(-1)?.seq;
  return seq === undefined ? undefined : { id, seq, document };
}

function* paidProblems(document: Document, paying: readonly Entry[]): Generator<string> {
  const { customer, currency } = document;
  const kind = document.replaces === undefined ? "closed" : "reissued";
  if (paying.some(({ entry }) => entry.kind !== kind)) yield `is not paid as one that is ${kind}`;
  let [paid, byParents] = [0n, 0n];
  for (const { payer, entry } of paying) {
    const terms = entry.terms as { readonly customer: string; readonly paid: string };
    const isOwn = payer === customer;
    if (terms.customer !== (isOwn ? "" : customer)) yield "is paid as another customer's";
    const isMoney = entry.currency === currency;
    const stated = amountOf(terms.paid);
    const amount = isMoney ? stated : worthOf(document, entry.currency, stated);
    paid += amount;
    if (!isOwn) byParents += amount;
  }
  yield* differs("paidByCredit", document.paidByCredit, paid);
  yield* differs("paidByParentsCredit", document.paidByParentsCredit, byParents);
  const carried = (document.children ?? []).reduce((sum, one) => sum + newlyDue(one), 0n);
  yield* differs("amountDue", document.amountDue, amountOf(document.total) - paid + carried);
}

/**
 * What is paid of lines in a credit, in money: whole units of the currency. What is given back is
 * worth as much the other way.
 */
function worthOf({ credit, lines, currency }: Document, name: string, paid: bigint): bigint {
  const priced = lines.filter((line) => {
    const own = line.credit ?? credit;
    return line.credits !== undefined && own?.name === name && !isFreeCell(line.cell);
  });
  const sumOf = (of: (line: Line) => string) =>
    priced.reduce((sum, line) => sum + amountOf(of(line)), 0n);
  const [all, money] = [sumOf((line) => line.credits ?? "0"), sumOf((line) => line.amountRounded)];
  const own = credit?.name === name ? credit : priced.find((line) => line.credit)?.credit;
  const atPrice = (paid * amountOf(own?.price ?? "0")) / amountOf("1");
  const isBeyond = paid > 0n ? atPrice > money : paid < 0n && atPrice < money;
  const worth = paid === all || isBeyond ? money : atPrice;
  const unit = amountOf("1") / 10n ** BigInt(currencyDecimals(currency) ?? 0);
  return worth - (worth % unit);
}

/** A wallet goes on from where the statement before left it, by what was posted since. */
function* walletProblems(
  { wallets = [] }: Document,
  { own, before }: { readonly own: readonly Entry[]; readonly before: Told | undefined },
): Generator<string> {
  const held = new Set(own.map(({ entry }) => entry.currency));
  const told = new Set(wallets.map(({ currency }) => currency));
  if (held.symmetricDifference(told).size > 0) yield "tells of other wallets than there are";
  for (const { currency, opening, moved, balance } of wallets) {
    const ofWallet = own.filter(({ entry }) => entry.currency === currency);
    const former = before?.document.wallets?.find((one) => one.currency === currency);
    const name = `of the wallet in ${currency}`;
    yield* differs(`opening ${name}`, opening, amountOf(former?.balance ?? "0"));
    yield* differs(`balance ${name}`, balance, amountOf(ofWallet.at(-1)?.entry.balance ?? "0"));
    const since = ofWallet.filter(({ seq }) => seq > (before?.seq ?? 0));
    const posted = new Map<string, bigint>();
    for (const [account, amount] of since.flatMap(({ entry }) => entry.postings)) {
      if (account.startsWith("grant:")) continue;
      posted.set(account, (posted.get(account) ?? 0n) - amountOf(amount));
    }
    for (const account of new Set([...posted.keys(), ...Object.keys(moved)])) {
      yield* differs(`${account} ${name}`, moved[account], posted.get(account) ?? 0n);
    }
  }
}

function newlyDue({ due, carriedBefore }: Child): bigint {
  return amountOf(due) - amountOf(carriedBefore);
}

interface Carrying {
  readonly ws: number;
  readonly statement: Told;
  /** Those of the same customer that were closed before. */
  readonly before: readonly Told[];
}

/** What is due of children is what their statements say, each carried once. */
function* childProblems(file: DataFile, acts: Acts, at: Carrying): Generator<string> {
  const { ws, statement, before } = at;
  const { document, seq } = statement;
  const replaced = new Set([...before, statement].flatMap((one) => one.document.replaces ?? []));
  const inForce = before.filter(({ id }) => !replaced.has(id));
  for (const child of document.children ?? []) {
    const { customer, period, statement: id } = child;
    const name = `what it carries of ${id}`;
    const own = toldOf(file, acts, { ws, id });
    const isOurs = own?.document.billedTo === document.customer;
    // What was issued again to somebody else is given back.
    const isGivenBack = !isOurs && amountOf(child.carriedBefore) !== 0n;
    if (own === undefined || own.seq >= seq || !(isOurs || isGivenBack)) {
      yield `carries ${id}, which was not billed to its customer`;
      continue;
    }
    const { document: theirs } = own;
    if (theirs.customer !== customer || theirs.period !== period) yield `${name} is of another`;
    yield* differs(`total of ${id}`, child.total, amountOf(theirs.total));
    const notes = acts.of("credit_note.issued", ws, id).filter((note) => note.seq < seq);
    const given = isOurs
      ? givenAgain(
          theirs,
          notes.map(({ document }) => document),
        )
      : 0n;
    yield* differs(`credited of ${id}`, child.credited, given);
    const due = isOurs ? amountOf(theirs.amountDue ?? theirs.total) - given : 0n;
    yield* differs(`due of ${id}`, child.due, due);
    const carried = inForce
      .flatMap((one) => one.document.children ?? [])
      .filter((one) => one.customer === customer && one.period === period)
      .reduce((sum, one) => sum + newlyDue(one), 0n);
    yield* differs(`carried before of ${id}`, child.carriedBefore, carried);
  }
}

/** An amount that is left out is 0. */
function* differs(what: string, told: string | undefined, again: bigint): Generator<string> {
  if (amountOf(told ?? "0") === again) return;
  yield `${what} is ${told ?? 0}, by the entries ${formatAmount(again as Amount)}`;
}
