/**
 * What each customer's wallets are charged. A wallet in credits pays before one in money. Where a
 * parent pays, what a child's own credit leaves is charged to the parent's, or the other way round.
 * All of it follows from totals, so nobody has to be told when one of them moves.
 */
import { type CreditBook, walletIn } from "../../domain/credit/book.ts";
import { burn } from "../../domain/credit/burn.ts";
import { type Charged, laneText, netCharges, sumLanes } from "../../domain/credit/charged.ts";
import { paidIn } from "../../domain/credit/stretches.ts";
import { unpaid } from "../../domain/credit/unpaid.ts";
import type { Wallet } from "../../domain/credit/wallet.ts";
import { currencyDecimals } from "../../domain/money/currency.ts";
import { type Amount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { Customer } from "../ports.ts";
import {
  type CreditReads,
  chargedIn,
  type OpenCharge,
  openCharges,
  sumOpenCharges,
  withoutCredits,
} from "./credit-charged.ts";

/** Where levels are read. */
export interface LevelSources {
  readonly tariff: Tariff;
  readonly nowMs: number;
  readonly reads: CreditReads;
  customer(id: string): Promise<Customer | undefined>;
  below(id: string): Promise<readonly Customer[]>;
  book(id: string): Promise<CreditBook>;
  /** What is to be taken as charged beside it: what holds set aside. (Default: nothing.) */
  reserved?(customer: Customer): readonly OpenCharge[];
}

/** Whether a wallet's currency is money, and not the name of a card's credit. */
export function isMoney(currency: string): boolean {
  return currencyDecimals(currency) !== undefined;
}

/** What wallets are charged; remembers what it read until it is told to forget. */
export class CreditLevels {
  readonly #sources: LevelSources;
  readonly #open = new Map<string, OpenCharge[]>();
  /** Periods that are being closed: their statements say what is charged. */
  readonly closing = new Set<string>();

  constructor(sources: LevelSources) {
    this.#sources = sources;
  }

  /** Wallets have changed, and with them what others are charged. Totals have not. */
  forget(): void {
    this.#charged.clear();
    this.#left.clear();
  }
  readonly #charged = new Map<string, Charged[]>();
  /** What wallets of parents leave, by whose it is. */
  readonly #left = new Map<string, ReadonlyMap<string, readonly Charged[]>>();

  /** What a customer's wallet is charged, its children's part included. */
  async charged(customer: Customer, currency: string): Promise<Charged[]> {
    const key = JSON.stringify([customer.id, currency]);
    const known = this.#charged.get(key);
    if (known !== undefined) return known;
    const { parent } = customer;
    const isLast = parent?.pays === true && parent.credit === "parent_first";
    const found = isLast
      ? await this.#leftByParent(customer, parent.id, currency)
      : await this.#all(customer, currency);
    this.#charged.set(key, found);
    return found;
  }

  /** What a customer and those that it pays for are charged, before its own credit. */
  async #all(customer: Customer, currency: string): Promise<Charged[]> {
    const own = await this.#own(customer, currency);
    const { below } = this.#sources;
    const children = (await below(customer.id)).filter(
      ({ parent }) => parent?.pays === true && parent.credit !== "own",
    );
    for (const child of children) own.push(...(await this.#ofChild(child, currency)));
    return sumLanes(own);
  }

  async #ofChild(child: Customer, currency: string): Promise<Charged[]> {
    const named = (lanes: readonly Charged[]) =>
      lanes.map((lane) => (lane.customer === "" ? { ...lane, customer: child.id } : lane));
    if (child.parent?.credit === "parent_first") return named(await this.#all(child, currency));
    const charged = await this.charged(child, currency);
    return named(await this.owed(child, currency, charged));
  }

  /** What of lanes a customer's own wallet does not pay, or has back. */
  async owed(
    customer: Customer,
    currency: string,
    charged: readonly Charged[],
  ): Promise<Charged[]> {
    const book = await this.#sources.book(customer.id);
    return unpaid(burn(walletIn(book, currency).wallet, charged).lanes, charged);
  }

  async #leftByParent(child: Customer, parentId: string, currency: string): Promise<Charged[]> {
    const parent = await this.#sources.customer(parentId);
    if (parent === undefined) return this.#all(child, currency);
    const left = (await this.#leftBy(parent, currency)).get(child.id) ?? [];
    return left.map((lane) => ({ ...lane, customer: "" }));
  }

  /** For all children at once: a wallet that hundreds share is burned once, not for each. */
  async #leftBy(parent: Customer, currency: string) {
    const key = JSON.stringify([parent.id, currency]);
    const known = this.#left.get(key);
    if (known !== undefined) return known;
    const charged = await this.charged(parent, currency);
    const owed = await this.owed(parent, currency, charged);
    const left = Map.groupBy(owed, ({ customer }) => customer);
    this.#left.set(key, left);
    return left;
  }

  async #own(customer: Customer, currency: string): Promise<Charged[]> {
    const reserved = this.#sources.reserved?.(customer) ?? [];
    const booked = await this.#openOf(customer);
    const open = reserved.length === 0 ? booked : sumOpenCharges([...booked, ...reserved]);
    const charges = isMoney(currency) ? await this.#lessCredits(customer, open) : open;
    const isLeft = ({ period }: Charged) => !this.closing.has(`${customer.id} ${period}`);
    return chargedIn(charges, currency).filter(isLeft);
  }

  async #openOf(customer: Customer): Promise<OpenCharge[]> {
    const known = this.#open.get(customer.id);
    if (known !== undefined) return known;
    const { reads, tariff, nowMs, book } = this.#sources;
    const lanes = (await book(customer.id)).wallets.flatMap(({ wallet }) => wallet.lanes);
    const own = lanes.filter((lane) => lane.customer === "" && lane.period !== "");
    const periods = own.map(({ period }) => period);
    const found = await openCharges(reads, tariff, { customer, nowMs, periods });
    this.#open.set(customer.id, found);
    return found;
  }

  /** Charges in money, less what the customer's wallets in credits pay of them. */
  async #lessCredits(customer: Customer, open: readonly OpenCharge[]): Promise<OpenCharge[]> {
    const { wallets } = await this.#sources.book(customer.id);
    let left = [...open];
    for (const { wallet } of wallets) {
      if (isMoney(wallet.currency)) continue;
      const now = burn(wallet, chargedIn(open, wallet.currency));
      const paid = new Map(now.lanes.map((lane) => [laneText(lane), paidIn(lane.stretches)]));
      const back = givenBack(open, { wallet, now });
      left = withoutCredits(left, (charge) => {
        if (charge.credits?.name !== wallet.currency) return ZERO_AMOUNT;
        const key = laneText(charge);
        return ((paid.get(key) ?? 0n) - (back.get(key) ?? 0n)) as Amount;
      });
    }
    return left;
  }
}

/**
 * What open periods, in which more was taken back than charged, give back to a wallet's grants of
 * what these paid of closed ones: by the charges that were taken back.
 */
function givenBack(
  open: readonly OpenCharge[],
  { wallet, now }: { readonly wallet: Wallet; readonly now: Wallet },
): ReadonlyMap<string, bigint> {
  const back = new Map<string, bigint>();
  let left = paidOfClosed(wallet) - paidOfClosed(now);
  const charged = sumLanes(chargedIn(open, wallet.currency));
  for (const group of Map.groupBy(charged, ({ period }) => period).values()) {
    let excess: bigint = netCharges(group).excess;
    for (const lane of group) {
      const least = [left, excess, -lane.amount].reduce((a, b) => (a < b ? a : b));
      if (least <= 0n) continue;
      back.set(laneText(lane), least);
      left -= least;
      excess -= least;
    }
  }
  return back;
}

function paidOfClosed({ lanes }: Wallet): bigint {
  const own = lanes.filter(({ period, customer }) => period === "" && customer === "");
  return own.reduce((sum, { stretches }) => sum + paidIn(stretches), 0n);
}
