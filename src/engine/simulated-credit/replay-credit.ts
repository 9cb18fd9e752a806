/**
 * Plays what happened to a family's credit again, by what a contender would have charged: grants,
 * payments, refunds and transfers at their moments, ends at their times, closings by statements of
 * the contender's. What people took is taken as far as it is there.
 */
import { walletIn } from "../../domain/credit/book.ts";
import { addGrant, endGrants, type NewGrant, takeFrom } from "../../domain/credit/entry.ts";
import { balancesOf } from "../../domain/credit/wallet.ts";
import { type Amount, parseAmount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { CreditDesk, EntryCause, OpenBook, PostedEntry } from "../credit/credit-desk.ts";
import type { CounterKey } from "../ports.ts";
import { type CreditFamily, type GrantTerms, isApplied, type Moment } from "./credit-family.ts";
import { CreditRoom } from "./credit-room.ts";
import type { CreditView } from "./credit-view.ts";
import type { DatedLedger } from "./dated-ledger.ts";
import type { FamilyFacts } from "./family-facts.ts";

/** What credit pays of each period, by customer. */
export type FamilyPaid = Map<string, Map<string, Amount>>;

/** Replays one family; `owing` are its members' periods that a close now would look at. */
export class CreditReplay {
  readonly #family: CreditFamily;
  readonly #facts: FamilyFacts;
  readonly #ledger: DatedLedger;
  readonly #room: CreditRoom;
  readonly #paid: FamilyPaid = new Map();
  /** Of transfers: what was taken under this card, of what was taken under the ledger's. */
  readonly #sent = new Map<string, { readonly taken: Amount; readonly recorded: Amount }>();

  constructor(of: { family: CreditFamily; facts: FamilyFacts; ledger: DatedLedger }) {
    this.#family = of.family;
    this.#facts = of.facts;
    this.#ledger = of.ledger;
    this.#room = new CreditRoom(of.ledger);
  }

  async replay(owing: readonly CounterKey[]): Promise<FamilyPaid> {
    for (const [at, moment] of this.#family.moments.entries()) {
      await this.#ledger.goTo(at);
      await this.#happen(moment);
    }
    const now = { keys: owing, nowMs: this.#family.moments.at(-1)?.atMs ?? 0 };
    await closeOpen({ view: this.#ledger, room: this.#room, paid: this.#paid }, now);
    return this.#paid;
  }

  async #happen(moment: Moment): Promise<void> {
    const { happened, atMs, seq } = moment;
    switch (happened.is) {
      case "ended":
        return endDue(this.#room, this.#family.members, atMs);
      case "closed":
        return this.#close(happened, atMs);
      case "posted": {
        const { customer } = happened;
        const entries = (await this.#facts.entries(customer, seq)).filter(isApplied);
        await this.#room.at(atMs, async (desk) => {
          for (const entry of entries) await this.#apply(desk, await desk.open(customer), entry);
        });
        return;
      }
      case "begun":
      case "now":
        return;
    }
  }

  async #close({ customer: id, period }: CounterKey, nowMs: number): Promise<void> {
    const key = { customer: id, period };
    const customer = this.#ledger.customer(id);
    if (customer === undefined) return;
    const replaces = this.#ledger.statement(key);
    const billed = replaces === null ? [] : this.#ledger.takeBack(key);
    const paid = await this.#room.close({ ...key, nowMs, replaces, billed }, customer);
    notePaid(this.#paid, key, paid);
  }

  async #apply(desk: CreditDesk, open: OpenBook, entry: PostedEntry): Promise<void> {
    switch (entry.kind) {
      case "granted":
      case "paid":
      case "received":
        return this.#give(desk, open, entry);
      case "expired":
        return end(desk, open, entry);
      default:
        return this.#take(desk, open, entry);
    }
  }

  /** What a transfer brings is as much less as could be taken less for it. */
  async #give(desk: CreditDesk, open: OpenBook, entry: PostedEntry): Promise<void> {
    const { id, currency, kind, terms } = entry;
    const gained = amountOn(entry, `grant:${id}`);
    const sent = kind === "received" ? this.#sent.get(id) : undefined;
    const amount = sent === undefined ? gained : (gained * sent.taken) / sent.recorded;
    if (amount <= 0n || terms === undefined) return;
    const { rollover, ...rest } = terms as GrantTerms;
    const upTo = rollover === null || rollover.upTo === null ? null : parseAmount(rollover.upTo);
    const grant: NewGrant = {
      ...{ ...NAMELESS, ...rest, id, amount: amount as Amount },
      grantedAtMs: Date.parse(entry.at),
      rollover: rollover && { upTo: upTo ?? null, expiresAtMs: rollover.expiresAtMs },
    };
    const cause = causeOf(entry);
    await desk.post(open, { currency, cause, terms }, (one) => addGrant(one, grant, "issued"));
  }

  /** Behind what was burned until then stands what was taken, from one grant. */
  async #take(desk: CreditDesk, open: OpenBook, entry: PostedEntry): Promise<void> {
    const [account = "", text = "0"] = entry.postings.at(-2) ?? [];
    const id = account.slice("grant:".length);
    const recorded = -(parseAmount(text) ?? ZERO_AMOUNT) as Amount;
    let taken = ZERO_AMOUNT;
    const what = { currency: entry.currency, cause: causeOf(entry) };
    await desk.post(open, what, (one) => {
      const left = balancesOf(one.wallet).get(id) ?? ZERO_AMOUNT;
      taken = recorded < left ? recorded : left;
      return taken > 0n ? takeFrom(one, { id, amount: taken }, "refunded") : one;
    });
    if (entry.kind === "sent") this.#sent.set(entry.id, { taken, recorded });
  }
}

/** Nothing that is paid depends on it. */
const NAMELESS = { kind: "grant", name: null, cost: null, costCurrency: null } as const;

function causeOf({ kind, id, at }: PostedEntry): EntryCause {
  return { kind, id, atMs: Date.parse(at) };
}

function amountOn({ postings }: PostedEntry, account: string): Amount {
  const text = postings.findLast(([name]) => name === account)?.[1];
  return parseAmount(text ?? "0") ?? ZERO_AMOUNT;
}

async function end(desk: CreditDesk, open: OpenBook, entry: PostedEntry): Promise<void> {
  const { currency, id, at } = entry;
  const { wallet } = walletIn(open.book, currency);
  if (!wallet.grants.some((grant) => grant.id === id && !grant.isExpired)) return;
  await desk.post(open, { currency, cause: causeOf(entry) }, (one) => {
    return endGrants(one, (grant) => grant.id === id, Date.parse(at));
  });
}

/** Ends what is over at an instant in the books of some customers, in the order of their ids. */
export async function endDue(
  room: CreditRoom,
  members: readonly string[],
  atMs: number,
): Promise<void> {
  const due: string[] = [];
  for (const id of members) {
    const row = await room.book(id);
    if (row !== undefined && row.dueAtMs !== null && row.dueAtMs <= atMs) due.push(id);
  }
  if (due.length === 0) return;
  await room.at(atMs, async (desk) => {
    for (const id of due) await desk.endDue(await desk.open(id), atMs);
  });
}

/** A room that periods are closed in, and what credit paid there. */
export interface ClosingIn {
  readonly view: CreditView;
  readonly room: CreditRoom;
  readonly paid: FamilyPaid;
}

/** Closes what is open now, as closing one month after the other would. */
export async function closeOpen(
  { view, room, paid }: ClosingIn,
  { keys, nowMs }: { readonly keys: readonly CounterKey[]; readonly nowMs: number },
): Promise<void> {
  for (const key of keys.toSorted(byPeriod)) {
    const customer = await view.customer(key.customer);
    if (customer === undefined) continue;
    const closed = await view.closed(key.customer);
    if (closed.some(({ period }) => period === key.period)) continue;
    const credit = await room.closeOwed({ ...key, nowMs, replaces: null, billed: [] }, customer);
    notePaid(paid, key, credit);
  }
}

function byPeriod(a: CounterKey, b: CounterKey): number {
  if (a.period !== b.period) return a.period < b.period ? -1 : 1;
  return a.customer < b.customer ? -1 : 1;
}

/** Of a statement that is issued again, what it comes to after all. */
function notePaid(paid: FamilyPaid, { customer, period }: CounterKey, amount: Amount): void {
  const own = paid.get(customer) ?? new Map<string, Amount>();
  paid.set(customer, own.set(period, amount));
}
