/** The ledger's own rows of now, with statements that would be issued by closing what is open. */
import type { Booking } from "../../domain/period/booking.ts";
import type { CommitmentInput } from "../../domain/period/commitment-draw.ts";
import type { Adjustment, PeriodState } from "../../domain/period/records.ts";
import type { Statement } from "../../domain/period/statement.ts";
import type { Answer } from "../answer.ts";
import { comesToSomething } from "../as-of/recount.ts";
import type { Tariff } from "../cards/tariff.ts";
import { describedBookings } from "../periods/book-by-hand.ts";
import { commitmentInput } from "../periods/commitments.ts";
import type { CounterKey, CreditBookRow, Customer, Store, StoredCounter } from "../ports.ts";
import { type CreditView, drawnBy, type Issued } from "./credit-view.ts";

/** Reads of one workspace. */
export class LedgerRows implements CreditView {
  readonly #store: Store;
  readonly #workspace: string;
  readonly tariff: Tariff;
  readonly #issued: (Statement & { readonly closedAtMs: number })[] = [];

  constructor(of: { readonly store: Store; readonly workspace: string }, tariff: Tariff) {
    this.#store = of.store;
    this.#workspace = of.workspace;
    this.tariff = tariff;
  }

  customer(id: string): Answer<Customer | undefined> {
    return this.#store.customer(this.#workspace, id);
  }

  below(id: string): Answer<Customer[]> {
    return this.#store.credit.customersBelow(this.#workspace, id);
  }

  book(id: string): Answer<CreditBookRow | undefined> {
    return this.#store.credit.book(this.#workspace, id);
  }

  async closed(id: string): Promise<PeriodState[]> {
    const issued = this.#issuedTo(id).map(({ customer, period, closedAtMs }) => {
      return { customer, period: period.key, closedAtMs, statementId: "" };
    });
    return [...(await this.#store.periodsOf(this.#workspace, id)), ...issued];
  }

  #issuedTo(id: string) {
    return this.#issued.filter(({ customer }) => customer === id);
  }

  async used(customer: string): Promise<string[]> {
    const rows = await this.#store.rollups(this.#workspace, { customer });
    return [...new Set(rows.filter(comesToSomething).map(({ period }) => period))];
  }

  async booked(customer: string): Promise<string[]> {
    // Where something was metered alone, nothing is booked: that does no harm.
    const charged = await this.#store.periodsToBill(this.#workspace, "", customer);
    return charged.map(({ period }) => period);
  }

  counters(key: CounterKey): Answer<StoredCounter[]> {
    return this.#store.countersOf(this.#workspace, key);
  }

  adjustments(key: CounterKey): Answer<Adjustment[]> {
    return this.#store.adjustmentsOf(this.#workspace, key);
  }

  bookings(rows: readonly Adjustment[]): Promise<Booking[]> {
    return describedBookings(this.#store, this.#workspace, { rows, tells: false });
  }

  async commitments({ customer: id }: CounterKey): Promise<CommitmentInput> {
    const customer = await this.customer(id);
    if (customer === undefined) return { commitments: [], before: [], closed: new Set() };
    const input = await commitmentInput(this.#store, this.#workspace, { customer, replaces: null });
    const issued = this.#issuedTo(id);
    return {
      ...input,
      before: [...input.before, ...issued.flatMap(drawnBy)],
      closed: new Set([...input.closed, ...issued.map(({ period }) => period.key)]),
    };
  }

  issue({ statement }: Issued, closedAtMs: number): void {
    this.#issued.push({ ...statement, closedAtMs });
  }
}
