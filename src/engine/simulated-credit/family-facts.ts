/** What people decided about a family, with the seqs since which it held. */

import { isByHand } from "../../domain/period/booking.ts";
import type { DatedCommitment } from "../../domain/period/commitment.ts";
import { datedCommitment } from "../../domain/period/commitment.ts";
import type { Adjustment } from "../../domain/period/records.ts";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import { statedCustomer } from "../as-of/acts-as-of.ts";
import { readRates } from "../cards/conversion-rates.ts";
import type { Tariff } from "../cards/tariff.ts";
import { tariffOf } from "../cards/workspace-tariff.ts";
import type { PostedEntry } from "../credit/credit-desk.ts";
import { commitmentsIn, type SavedCommitments } from "../periods/commitments.ts";
import type { CounterKey, Customer, Store } from "../ports.ts";
import { actsOf, type CreditFamily } from "./credit-family.ts";

/** Something that holds since a seq. */
interface Since<T> {
  readonly seq: number;
  readonly what: T;
}

/** The newest of what holds at a seq. */
function newestAt<T>(list: readonly Since<T>[], seq: number): T | undefined {
  return list.findLast((one) => one.seq <= seq)?.what;
}

/** Reads facts of one family, each once. */
export class FamilyFacts {
  readonly #store: Store;
  readonly #workspace: string;
  readonly #customers = new Map<string, Since<Customer>[]>();
  readonly #commitments = new Map<string, Since<SavedCommitments>[]>();
  readonly #entries = new Map<string, Map<number, readonly PostedEntry[]>>();
  readonly #byHand = new Map<string, readonly Adjustment[]>();
  readonly #allByHand = new Map<string, readonly Adjustment[]>();
  readonly #used = new Map<string, readonly string[]>();
  /** Versions that were applied by an act, by their ids. */
  readonly #appliedAt = new Map<number, number>();
  readonly #tariffs = new Map<number, Tariff>();
  #cards: readonly RateCardVersion[] = [];
  readonly members: readonly string[];

  constructor({ store, workspace }: { store: Store; workspace: string }, family: CreditFamily) {
    this.#store = store;
    this.#workspace = workspace;
    this.members = family.members;
  }

  /** Reads what is asked at every moment. */
  async open(): Promise<void> {
    const of = { store: this.#store, workspace: this.#workspace };
    for (const id of this.members) {
      const [states, saved] = [[] as Since<Customer>[], [] as Since<SavedCommitments>[]];
      for (const kind of ["customer", "customer.saved"] as const) {
        for await (const { seq, document } of actsOf(of, kind, id)) {
          states.push({ seq, what: statedCustomer(document) });
        }
      }
      for await (const { seq, document } of actsOf(of, "commitments.saved", id)) {
        saved.push({ seq, what: JSON.parse(document) as SavedCommitments });
      }
      const now = await this.#store.customer(this.#workspace, id);
      if (states.length === 0 && now !== undefined) states.push({ seq: 0, what: now });
      this.#customers.set(
        id,
        states.sort((a, b) => a.seq - b.seq),
      );
      this.#commitments.set(id, saved);
    }
    this.#cards = await this.#store.cards(this.#workspace);
    for await (const { seq, document } of actsOf(of, "card.applied")) {
      this.#appliedAt.set((JSON.parse(document) as { readonly id: number }).id, seq);
    }
  }

  /** A customer as it was; before anything is on record of it, as it was at first. */
  customer(id: string, seq: number): Customer | undefined {
    const states = this.#customers.get(id) ?? [];
    return newestAt(states, seq) ?? states[0]?.what;
  }

  below(id: string, seq: number): Customer[] {
    return this.members.flatMap((member) => {
      const customer = this.customer(member, seq);
      return customer?.parent?.id === id ? [customer] : [];
    });
  }

  commitments(id: string, seq: number): readonly DatedCommitment[] {
    const saved = newestAt(this.#commitments.get(id) ?? [], seq);
    const customer = this.customer(id, seq);
    if (saved === undefined || customer === undefined) return [];
    return commitmentsIn(saved).map((one) => datedCommitment(one, customer));
  }

  /** The cards that had been applied by then. Rates never reach back, so all of them are there. */
  async tariff(seq: number): Promise<Tariff> {
    const cards = this.#cards.filter(({ id }) => (this.#appliedAt.get(id) ?? 0) <= seq);
    const known = this.#tariffs.get(cards.length);
    if (known !== undefined) return known;
    const tariff = tariffOf(cards, [], await readRates(this.#store, this.#workspace));
    this.#tariffs.set(cards.length, tariff);
    return tariff;
  }

  /** The entries of the act with a seq. */
  async entries(customer: string, seq: number): Promise<readonly PostedEntry[]> {
    const known = this.#entries.get(customer);
    if (known !== undefined) return known.get(seq) ?? [];
    const read = new Map<number, readonly PostedEntry[]>();
    this.#entries.set(customer, read);
    const of = { store: this.#store, workspace: this.#workspace };
    for await (const act of actsOf(of, "credit.posted", customer)) {
      const { entries } = JSON.parse(act.document) as { readonly entries: PostedEntry[] };
      read.set(act.seq, entries);
    }
    return read.get(seq) ?? [];
  }

  /** What people booked into a period by hand, up to a seq. */
  async byHand(key: CounterKey, seq: number): Promise<Adjustment[]> {
    const text = JSON.stringify([key.customer, key.period]);
    const known =
      this.#byHand.get(text) ??
      (await this.#store.adjustmentsOf(this.#workspace, key)).filter(isByHand);
    this.#byHand.set(text, known);
    return known.filter((row) => row.seq <= seq);
  }

  /** What people booked for a customer by hand, up to a seq. */
  async bookedByHand(customer: string, seq: number): Promise<Adjustment[]> {
    const known =
      this.#allByHand.get(customer) ?? (await this.#store.bookedByHand(this.#workspace, customer));
    this.#allByHand.set(customer, known);
    return known.filter((row) => row.seq <= seq);
  }

  /** Periods in which anything was ever metered. */
  async used(customer: string): Promise<readonly string[]> {
    const known = this.#used.get(customer);
    if (known !== undefined) return known;
    const rows = await this.#store.rollups(this.#workspace, { customer });
    const periods = [...new Set(rows.map(({ period }) => period))];
    this.#used.set(customer, periods);
    return periods;
  }
}
