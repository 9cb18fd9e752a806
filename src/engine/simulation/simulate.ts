/**
 * Rates real history by other cards, side by side, and writes nothing. Steps, runs and outcomes are
 * counted by each contender as the ledger would have; counters are priced, and periods billed, by
 * the same code. So the cards in force come to what the ledger holds, to the last digit.
 */

import { TollgateError } from "../../domain/errors.ts";
import { type Amount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import type { ContenderData } from "../../domain/simulation/contender-data.ts";
import { readRates } from "../cards/conversion-rates.ts";
import { type NewCard, VersionWriter, wholeCard } from "../cards/override-versions.ts";
import { othersTurn } from "../commit/others-turn.ts";
import type { EngineContext } from "../context.ts";
import type { Customer } from "../ports.ts";
import { requireSteps } from "../retention/require-steps.ts";
import { type CreditFamily, creditFamilies, momentsOf } from "../simulated-credit/credit-family.ts";
import { addBills, NO_BILL } from "./bill-customer.ts";
import { untriedVersion } from "./contender.ts";
import { type Counting, countOutcomes, countRuns, countSteps } from "./count-history.ts";
import { CustomerBiller } from "./customer-biller.ts";
import type {
  SimulatedCustomer,
  SimulatedTotal,
  SimulationListener,
  SimulationRequest,
  SimulationTotal,
} from "./simulation.ts";

/**
 * Simulates. Throws `field.invalid` where the cards are in several currencies,
 * `customer.not_found`, `simulation.too_large`, `steps.removed`, and of an override
 * `ratecard.invalid` and `ratecard.not_found`.
 */
export async function simulate(
  context: EngineContext,
  workspace: string,
  { request, listener }: { request: SimulationRequest; listener: SimulationListener },
): Promise<SimulationTotal> {
  const { store, clocks, tariffs } = context;
  const cards = await store.cards(workspace);
  const contenders = contendersOf(request, cards);
  const currency = currencyOf(contenders, cards[0]?.card.currency);
  await requireHistory(context, workspace, request);
  const customers = await namedCustomers(context, workspace, request);
  const named = customers && [...customers.keys()];
  const nowMs = (await clocks.of(workspace)).nowMs();
  const recorded = await tariffs.of(workspace);
  const families = await creditFamilies({ store, workspace, tariff: recorded, nowMs, named });
  // Whoever shares credit with somebody who is asked for uses it up too.
  const counted = customers && (await withFamilies(context, workspace, { customers, families }));
  const customer = rememberedCustomers(context, workspace, counted);
  const isAsked = (id: string) => customers?.has(id) ?? true;
  const whose = { named: counted && [...counted.keys()], customer, isAsked };
  const of = { store, workspace, ...whose, recorded, nowMs };
  const rates = await readRates(store, workspace);
  const moments = momentsOf(families);
  const asked = { contenders, cards, rates, customers: whose.named, moments };
  const countings: Counting[] = await countSteps(of, asked, listener);
  const runs = await countRuns(of, countings);
  await countOutcomes(of, countings);
  const by = { countings, nowMs, currency, request, families };
  const biller = new CustomerBiller(context, workspace, by);
  await biller.open();
  const sum = new Sum(countings.length);
  for await (const one of listed(context, workspace, customers)) {
    listener.signal.throwIfAborted();
    const billed = await biller.bill(one);
    if (billed === "passed over") sum.passedOver += 1;
    if (billed === null || billed === "passed over") continue;
    sum.add(billed);
    await listener.onCustomer(billed);
    // On a store that answers at once nothing else would have its turn before the last bill.
    await othersTurn();
  }
  return sum.total(currency, runs);
}

/**
 * Throws `steps.removed` where what is asked for would need steps that may be gone. Commitments and
 * credit are carried from period to period, so with them all of history counts.
 */
async function requireHistory(
  { store }: EngineContext,
  workspace: string,
  { from }: Pick<SimulationRequest, "from">,
): Promise<void> {
  const first = { afterSeq: 0, limit: 1 };
  const carried = [
    ...(await store.acts(workspace, { kind: "commitments.saved", ...first })),
    ...(await store.acts(workspace, { kind: "credit.posted", ...first })),
  ];
  // A period begins within a day of its date in UTC; "2026" and "2026-11" are beginnings of dates.
  const atMs = carried.length > 0 || from === null ? Number.NaN : Date.parse(from) - DAY_MS;
  await requireSteps(store, workspace, Number.isNaN(atMs) ? null : atMs);
}

const DAY_MS = 86_400_000;

/** The contenders of a request. Throws `ratecard.invalid`, `ratecard.not_found` of an override. */
export function contendersOf(
  { cards }: Pick<SimulationRequest, "cards">,
  known: readonly RateCardVersion[],
): ContenderData[] {
  const writer = new VersionWriter(known, 0);
  return cards.map((sent): ContenderData => {
    if (sent === null) return { kind: "in_force" };
    const made: NewCard =
      "card" in sent
        ? wholeCard(sent.card, sent.document)
        : writer.resolve(sent.override, sent.document, Number.MAX_SAFE_INTEGER);
    return { kind: "card", version: untriedVersion(made) };
  });
}

/** The one currency of what is compared. Throws `field.invalid`. */
function currencyOf(contenders: readonly ContenderData[], ofDefault = "USD"): string {
  const stated = contenders.flatMap((one) => {
    return one.kind === "card" ? one.version.card.currency : [];
  });
  const [first = ofDefault, ...others] = [...new Set(stated)];
  if (others.length === 0) return first;
  const all = [first, ...others].join(", ");
  const detail = `The cards are in ${all}; compare those of one currency.`;
  throw new TollgateError("field.invalid", detail, "cards");
}

/** The customers that are named, by id; null: all. Throws `customer.not_found`. */
async function namedCustomers(
  { store }: EngineContext,
  workspace: string,
  { customers }: SimulationRequest,
): Promise<Map<string, Customer> | null> {
  if (customers === null) return null;
  const found = new Map<string, Customer>();
  for (const id of [...new Set(customers)].sort()) {
    const customer = await store.customer(workspace, id);
    if (customer === undefined) {
      throw new TollgateError("customer.not_found", `There is no customer "${id}".`, "customers");
    }
    found.set(id, customer);
  }
  return found;
}

async function withFamilies(
  { store }: EngineContext,
  workspace: string,
  of: {
    readonly customers: ReadonlyMap<string, Customer>;
    readonly families: readonly CreditFamily[];
  },
): Promise<Map<string, Customer>> {
  const all = new Map(of.customers);
  for (const id of of.families.flatMap(({ members }) => members)) {
    const customer = all.get(id) ?? (await store.customer(workspace, id));
    if (customer !== undefined) all.set(id, customer);
  }
  return all;
}

const CUSTOMERS_REMEMBERED_MAX_COUNT = 10_000;
const CUSTOMERS_A_READ = 1_000;

/** Looks customers up; null for those that are not asked for. */
function rememberedCustomers(
  { store }: EngineContext,
  workspace: string,
  named: ReadonlyMap<string, Customer> | null,
) {
  const remembered = new Map<string, Customer | null>();
  return async (id: string): Promise<Customer | null> => {
    if (named !== null) return named.get(id) ?? null;
    const known = remembered.get(id);
    if (known !== undefined) return known;
    if (remembered.size >= CUSTOMERS_REMEMBERED_MAX_COUNT) remembered.clear();
    const found = (await store.customer(workspace, id)) ?? null;
    remembered.set(id, found);
    return found;
  };
}

async function* listed(
  { store }: EngineContext,
  workspace: string,
  named: ReadonlyMap<string, Customer> | null,
): AsyncGenerator<Customer> {
  if (named !== null) {
    yield* named.values();
    return;
  }
  for (let after: string | undefined; ; ) {
    const page = await store.listCustomers(workspace, CUSTOMERS_A_READ, after);
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < CUSTOMERS_A_READ) return;
  }
}

/** Adds customers up. */
class Sum {
  passedOver = 0;
  #customers = 0;
  #steps = 0;
  #unpriced = 0;
  #cost = 0n;
  #charged = NO_BILL;
  readonly #cards: SimulatedTotal[];

  constructor(cards: number) {
    const none = { ...NO_BILL, more: 0, less: 0, same: 0 };
    this.#cards = Array.from({ length: cards }, () => none);
  }

  add({ steps, unpriced, cost, charged, cards }: SimulatedCustomer): void {
    this.#customers += 1;
    this.#steps += steps;
    this.#unpriced += unpriced;
    this.#cost += cost;
    this.#charged = addBills(this.#charged, charged);
    cards.forEach((bill, at) => {
      const sum = this.#cards[at];
      if (sum === undefined) return;
      const change = bill.revenue - charged.revenue;
      const more = sum.more + (change > 0n ? 1 : 0);
      const less = sum.less + (change < 0n ? 1 : 0);
      const same = sum.same + (change === 0n ? 1 : 0);
      this.#cards[at] = { ...addBills(sum, bill), more, less, same };
    });
  }

  total(currency: string, runs: number): SimulationTotal {
    const counts = { customers: this.#customers, passedOver: this.passedOver };
    const cost = (this.#cost + ZERO_AMOUNT) as Amount;
    const sums = { charged: this.#charged, cards: this.#cards };
    const steps = { steps: this.#steps, unpriced: this.#unpriced };
    return { currency, ...counts, ...steps, runs, cost, ...sums };
  }
}
