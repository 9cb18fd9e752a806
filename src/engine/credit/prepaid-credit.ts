/**
 * What prepaid credit has left for holds. What is charged and what holds set aside burn credit
 * alike, so a hold fits where nothing that nobody pays is added: whose grants pay, in which order,
 * for which charges and with which parents and children is decided where credit is burned, and
 * nowhere else.
 */
import { type BalanceKey, type BudgetRecord, isPrepaid } from "../../domain/budget/budget.ts";
import type { ChargePart, Room } from "../../domain/budget/decide.ts";
import { type CreditBook, decodeBook, EMPTY_BOOK, walletIn } from "../../domain/credit/book.ts";
import { burn, owedOf } from "../../domain/credit/burn.ts";
import { balancesOf, type Lane, mayPay } from "../../domain/credit/wallet.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import type { RateCard } from "../../domain/rating/rate-card.ts";
import type { CreditBookRow, Customer } from "../ports.ts";
import type { OpenCharge } from "./credit-charged.ts";
import { CreditLevels, isMoney, type LevelSources } from "./credit-levels.ts";

/** Where credit and what is held of it are read. */
export interface PrepaidSources extends Omit<LevelSources, "reserved" | "book"> {
  bookRow(customer: string): Promise<CreditBookRow | undefined>;
  /** What holds set aside of balances, in their order. */
  held(keys: readonly BalanceKey[]): Promise<readonly bigint[]>;
}

/** One of those who share credit, and those right below that it pays for. */
interface Member {
  readonly customer: Customer;
  readonly below: readonly Member[];
}

/** What credit leaves for a customer. */
interface Left {
  readonly free: Amount;
  /** What holds of all that share the credit set aside. */
  readonly held: Amount;
  /** What of that nobody pays any more, because credit went to what nobody held. */
  readonly uncovered: bigint;
}

const NO_CHARGE = "";
const FACTOR_ONE = 10n ** 6n;

/** Credit as one unit of work, or one reading, sees it. */
export class PrepaidCredit {
  readonly #sources: PrepaidSources;
  readonly #levels: CreditLevels;
  readonly #books = new Map<string, CreditBook>();
  readonly #families = new Map<string, Member>();
  readonly #below = new Map<string, readonly Customer[]>();
  /** What nobody pays, by what is taken as charged. Holds change nothing else of it. */
  readonly #unpaidBy = new Map<string, bigint>();
  /** What is taken as charged now, by customer. */
  #reserved = new Map<string, OpenCharge[]>();

  constructor(sources: PrepaidSources) {
    this.#sources = sources;
    this.#levels = new CreditLevels({
      ...sources,
      below: (id) => this.#customersBelow(id),
      book: (id) => this.#book(id),
      reserved: ({ id }) => this.#reserved.get(id) ?? [],
    });
  }

  /**
   * The balance of a customer's credit, as holds on these charges find it: what they may take at
   * the most. What they take together is asked for with `covers`.
   */
  async room(
    { record, scope, window }: Pick<Room, "record" | "scope" | "window">,
    customer: Customer,
    charges: readonly string[],
  ): Promise<Room> {
    const { free, held, uncovered } = await this.#left(record, customer, charges);
    const limit = free + held - uncovered;
    return { record, scope, window, limit, settled: 0n, held, grantedAtMs: 0 };
  }

  /** Whether credit pays all parts of a charge at once. */
  async covers(
    record: BudgetRecord,
    customer: Customer,
    parts: readonly ChargePart[],
  ): Promise<boolean> {
    const family = await this.#family(customer);
    await this.#reserve(record, family);
    const before = await this.#unpaid(record, family);
    return this.#isFree({ record, customer, family, before }, parts);
  }

  async #left(record: BudgetRecord, customer: Customer, charges: readonly string[]): Promise<Left> {
    const family = await this.#family(customer);
    const held = await this.#reserve(record, family);
    const before = await this.#unpaid(record, family);
    const asked = { record, customer, family, before };
    const all = await this.#mostOf(asked, null);
    let sum = charges.length === 0 ? all : 0n;
    for (const charge of charges) sum += await this.#mostFor(asked, charge, all);
    const uncovered = before === 0n ? 0n : before - (await this.#unpaidUnheld(record, family));
    return { free: (sum < all ? sum : all) as Amount, held, uncovered };
  }

  async #unpaidUnheld(record: BudgetRecord, family: Member): Promise<bigint> {
    const reserved = this.#reserved;
    this.#reserved = new Map();
    try {
      return await this.#unpaid(record, family);
    } finally {
      this.#reserved = reserved;
    }
  }

  /** What a charge alone may still take. */
  async #mostFor(asked: Asked, charge: string, all: Amount): Promise<Amount> {
    if (all === 0n || (await this.#isFree(asked, [{ charge, amount: all }]))) return all;
    return this.#greatest(asked, charge, all);
  }

  async #isFree(
    { record, customer, family, before }: Asked,
    parts: readonly ChargePart[],
  ): Promise<boolean> {
    const own = this.#reserved.get(customer.id) ?? [];
    const asked = parts.map((part) => this.#asCharged(record, customer, part));
    this.#reserved.set(customer.id, [...own, ...asked]);
    try {
      return (await this.#unpaid(record, family)) === before;
    } finally {
      this.#reserved.set(customer.id, own);
    }
  }

  /**
   * The greatest amount below one that does not fit. Only credit that some charges alone may use
   * leads here, or such as its owner's other customers would miss. What the grants for a charge
   * hold is mostly the answer; where others make room for it, it is searched for.
   */
  async #greatest(asked: Asked, charge: string, bound: Amount): Promise<Amount> {
    let [low, high] = [0n, bound as bigint];
    const likely = await this.#mostOf(asked, charge);
    for (const amount of [likely, likely + 1n] as Amount[]) {
      if (amount <= low || amount >= high) continue;
      if (await this.#isFree(asked, [{ charge, amount }])) low = amount;
      else high = amount;
    }
    while (high - low > 1n) {
      const amount = ((low + high) / 2n) as Amount;
      if (await this.#isFree(asked, [{ charge, amount }])) low = amount;
      else high = amount;
    }
    return low as Amount;
  }

  /** What nobody pays of all that those who share credit are charged. */
  async #unpaid(record: BudgetRecord, family: Member): Promise<bigint> {
    // What a hold would lead to is what the next one finds, once it is granted.
    const key = JSON.stringify([record.id, family.customer.id, reservedText(this.#reserved)]);
    const known = this.#unpaidBy.get(key);
    if (known !== undefined) return known;
    this.#levels.forget();
    const unpaid = await this.#unpaidOf(record, { member: family, isLast: true });
    this.#unpaidBy.set(key, unpaid);
    return unpaid;
  }

  async #unpaidOf(
    record: BudgetRecord,
    { member, isLast }: { readonly member: Member; readonly isLast: boolean },
  ): Promise<bigint> {
    const { customer, below } = member;
    const currency = currencyOf(record);
    const charged = await this.#levels.charged(customer, currency);
    const { lanes } = burn(walletIn(await this.#book(customer.id), currency).wallet, charged);
    const goesDown = new Set(below.filter(paysLast).map((one) => one.customer.id));
    // What the next one in order is asked for is not unpaid yet.
    const stays = (lane: Lane) => lane.period === "" || (isLast && !goesDown.has(lane.customer));
    let sum = 0n;
    for (const lane of lanes.filter(stays)) sum += owedOf(lane);
    for (const one of below) {
      sum += await this.#unpaidOf(record, { member: one, isLast: paysLast(one) });
    }
    return sum;
  }

  /** The balance of all credit that may pay for a customer; null: for whatever charge. */
  async #mostOf({ record, customer }: Asked, charge: string | null): Promise<Amount> {
    this.#levels.forget();
    let most = 0n;
    for (let one: Customer | undefined = customer; one !== undefined; ) {
      most += await this.#balance(record, { owner: one, of: customer, charge });
      one = isPaidAbove(one) ? await this.#sources.customer(one.parent?.id ?? "") : undefined;
    }
    return most as Amount;
  }

  async #balance(
    record: BudgetRecord,
    {
      owner,
      of,
      charge,
    }: { readonly owner: Customer; readonly of: Customer; readonly charge: string | null },
  ): Promise<bigint> {
    const { tariff, nowMs } = this.#sources;
    const { startMs } = tariff.periodOf(of, nowMs);
    const { credit } = this.#cardOf(of) ?? { credit: null };
    const currency = currencyOf(record);
    let sum = 0n;
    for (const { wallet } of (await this.#book(owner.id)).wallets) {
      const isOwn = wallet.currency === currency;
      if (!isOwn && (isMoney(wallet.currency) || wallet.currency !== credit?.name)) continue;
      const now = burn(wallet, await this.#levels.charged(owner, wallet.currency));
      const left = balancesOf(now);
      for (const grant of now.grants) {
        const pays = charge === null ? !grant.isExpired : mayPay(grant, { charge, startMs });
        const balance = pays ? (left.get(grant.id) ?? 0n) : 0n;
        sum += isOwn ? balance : (balance * (credit?.price ?? 0n)) / FACTOR_ONE;
      }
    }
    return sum;
  }

  /** Takes what holds set aside as charged; returns the sum. */
  async #reserve(record: BudgetRecord, family: Member): Promise<Amount> {
    this.#reserved = new Map();
    let sum = 0n;
    for (const customer of membersOf(family)) {
      const card = this.#cardOf(customer);
      const charges = (card?.charges ?? []).map(({ key }) => key);
      const keys = [NO_CHARGE, ...charges].map((window) => {
        return { budgetId: record.id, scope: customer.id, window };
      });
      const [whole = 0n, ...parts] = await this.#sources.held(keys);
      if (whole === 0n) continue;
      sum += whole;
      // Of charges that the card no longer has: what may pay for anything pays for them.
      const rest = whole - parts.reduce((all, part) => all + part, 0n);
      const held = charges.map((charge, at) => ({ charge, amount: parts[at] ?? 0n }));
      const all = [...held, { charge: NO_CHARGE, amount: rest }];
      const counting = all.filter(({ amount }) => amount > 0n) as ChargePart[];
      const asCharged = counting.map((part) => this.#asCharged(record, customer, part));
      this.#reserved.set(customer.id, asCharged);
    }
    return sum as Amount;
  }

  /** A part of a hold as it is charged once its step is recorded. */
  #asCharged(record: BudgetRecord, customer: Customer, { charge, amount }: ChargePart): OpenCharge {
    const { tariff, nowMs } = this.#sources;
    const { key: period, startMs } = tariff.periodOf(customer, nowMs);
    const card = this.#cardOf(customer);
    const isInCredits = card?.charges.some((one) => one.key === charge && one.inCredits) === true;
    const credit = isInCredits ? (card?.credit ?? null) : null;
    const lane = { customer: "", period, charge, startMs, currency: currencyOf(record) };
    if (credit === null) return { ...lane, amount, credits: null };
    const { name, price } = credit;
    const units = ((amount * FACTOR_ONE + price - 1n) / price) as Amount;
    return { ...lane, amount, credits: { name, amount: units, price } };
  }

  #cardOf(customer: Customer): RateCard | null {
    const { tariff, nowMs } = this.#sources;
    const card = tariff.cardFor(customer, nowMs);
    return card === null ? null : tariff.versionById(card.id).card;
  }

  /** All who share credit with a customer, from the one at the top down. */
  async #family(customer: Customer): Promise<Member> {
    const known = this.#families.get(customer.id);
    if (known !== undefined) return known;
    let top = customer;
    while (isPaidAbove(top)) {
      const above = await this.#sources.customer(top.parent?.id ?? "");
      if (above === undefined) break;
      top = above;
    }
    const family = await this.#memberOf(top);
    for (const { id } of membersOf(family)) this.#families.set(id, family);
    return family;
  }

  async #memberOf(customer: Customer): Promise<Member> {
    const sharing = (await this.#customersBelow(customer.id)).filter(isPaidAbove);
    const below: Member[] = [];
    for (const one of sharing) below.push(await this.#memberOf(one));
    return { customer, below };
  }

  async #customersBelow(id: string): Promise<Customer[]> {
    const known = this.#below.get(id) ?? (await this.#sources.below(id));
    this.#below.set(id, known);
    return [...known];
  }

  async #book(id: string): Promise<CreditBook> {
    const known = this.#books.get(id);
    if (known !== undefined) return known;
    const row = await this.#sources.bookRow(id);
    const book = row === undefined ? EMPTY_BOOK : decodeBook(row.document);
    this.#books.set(id, book);
    return book;
  }
}

/** An amount that is asked for, and what nobody pays without it. */
interface Asked {
  readonly record: BudgetRecord;
  readonly customer: Customer;
  readonly family: Member;
  readonly before: bigint;
}

/** What is taken as charged, by customer and charge: in which parts makes no difference. */
function reservedText(reserved: ReadonlyMap<string, readonly OpenCharge[]>): [string, string][] {
  const sums = new Map<string, bigint>();
  for (const [customer, charges] of reserved) {
    for (const { charge, amount } of charges) {
      const key = JSON.stringify([customer, charge]);
      sums.set(key, (sums.get(key) ?? 0n) + amount);
    }
  }
  const inOrder = [...sums].filter(([, sum]) => sum !== 0n).sort(([a], [b]) => (a < b ? -1 : 1));
  return inOrder.map(([key, sum]) => [key, String(sum)]);
}

/** Whether any of these budgets is of prepaid credit. */
export function hasPrepaid(records: readonly BudgetRecord[]): boolean {
  return records.some(({ budget }) => isPrepaid(budget.measure));
}

function currencyOf({ budget }: BudgetRecord): string {
  return budget.currency ?? "USD";
}

/** Whether credit of the customer above pays for it too. */
function isPaidAbove({ parent }: Customer): boolean {
  return parent?.pays === true && parent.credit !== "own";
}

/** Whether its own credit pays what its parent's leaves. */
function paysLast({ customer }: Member): boolean {
  return customer.parent?.credit === "parent_first";
}

function* membersOf({ customer, below }: Member): Generator<Customer> {
  yield customer;
  for (const one of below) yield* membersOf(one);
}
