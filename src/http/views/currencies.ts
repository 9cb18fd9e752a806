/** In which currency an amount stands. Costs are in one; charges are in that of their card. */
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import type { Run } from "../../domain/run/run.ts";
import { currencyOfCard } from "../../engine/periods/commitment-currency.ts";
import type { Store } from "../../engine/ports.ts";

type CurrencyReads = Pick<Store, "cards" | "customers">;
type Charged = Pick<Run, "rating" | "customer">;

/** Looks up currencies of one workspace. */
export class Currencies {
  readonly #store: CurrencyReads;
  readonly #workspace: string;
  readonly #cards: readonly RateCardVersion[];
  readonly #byId: ReadonlyMap<number, string>;
  /** Cards by customer: all that a customer has one after another are in one currency. */
  readonly #cardKeys = new Map<string, string | null>();
  /** The one currency of all cards; null where they differ or there are none. */
  readonly ofAll: string | null;

  constructor(store: CurrencyReads, workspace: string, cards: readonly RateCardVersion[]) {
    this.#store = store;
    this.#workspace = workspace;
    this.#cards = cards;
    this.#byId = new Map(cards.map((version) => [version.id, version.card.currency]));
    const all = new Set(this.#byId.values());
    this.ofAll = all.size === 1 ? ([...all][0] ?? null) : null;
  }

  /** Makes the currencies of these runs known: those that no card has rated ask their customer. */
  async learn(runs: readonly Charged[]): Promise<void> {
    const asked = new Set<string>();
    for (const { rating, customer } of runs) {
      if (rating !== null || customer === null || this.#cardKeys.has(customer)) continue;
      asked.add(customer);
    }
    if (asked.size === 0) return;
    const found = await this.#store.customers(this.#workspace, [...asked]);
    const cardKeys = new Map(found.map(({ id, cardKey }) => [id, cardKey]));
    for (const id of asked) this.#cardKeys.set(id, cardKeys.get(id) ?? null);
  }

  /** Of a run that was learnt. Null while there is no card. */
  ofRun({ rating, customer }: Charged): string | null {
    const own = this.#byId.get(rating?.cardVersionId ?? -1);
    return own ?? currencyOfCard(this.#cards, this.#cardKeys.get(customer ?? "") ?? null);
  }

  /** Of sums over all of these customers; null where cards differ and no one customer is named. */
  async ofSums(customers: readonly (string | null)[]): Promise<(string | null)[]> {
    if (this.ofAll !== null) return customers.map(() => this.ofAll);
    const charged = customers.map((customer): Charged => ({ rating: null, customer }));
    await this.learn(charged);
    return charged.map((one) => (one.customer === null ? null : this.ofRun(one)));
  }
}

/** Reads the cards of a workspace, and what these runs are charged in. */
export async function readCurrencies(
  store: CurrencyReads,
  workspace: string,
  runs: readonly Charged[] = [],
): Promise<Currencies> {
  const currencies = new Currencies(store, workspace, await store.cards(workspace));
  await currencies.learn(runs);
  return currencies;
}
