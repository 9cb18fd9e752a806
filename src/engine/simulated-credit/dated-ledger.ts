/**
 * The ledger of a family as it would have been at each moment by a contender's card: counters of
 * what was committed before it, and differences to periods that had been closed by then.
 */

import { present } from "../../domain/assert.ts";
import { isTrialCell } from "../../domain/event/trial-cell.ts";
import { type Booking, bookingsOf, type Opened } from "../../domain/period/booking.ts";
import type { CommitmentInput } from "../../domain/period/commitment-draw.ts";
import type { Adjustment, PeriodState } from "../../domain/period/records.ts";
import type { Statement } from "../../domain/period/statement.ts";
import { adjustedParts } from "../booking/adjusted-parts.ts";
import type { Tariff } from "../cards/tariff.ts";
import { counterKeyText } from "../commit/batch-state.ts";
import { alreadyBilled, negated, netted } from "../periods/reissue-statement.ts";
import type { CounterKey, Customer, StoredCounter } from "../ports.ts";
import type { Counting } from "../simulation/count-history.ts";
import type { DatedRow } from "../simulation/dated-counts.ts";
import { SimulatedCounters } from "../simulation/simulated-counters.ts";
import type { CreditFamily, Moment } from "./credit-family.ts";
import { type CreditView, drawnBy, type Issued } from "./credit-view.ts";
import type { FamilyFacts } from "./family-facts.ts";

/** What a dated ledger is made of. */
export interface DatedOf {
  readonly counting: Counting;
  readonly family: CreditFamily;
  readonly facts: FamilyFacts;
  /** What counts that were taken over come to by this card. */
  readonly openings: ReadonlyMap<string, Opened>;
  /** What bounds of runs come to at a moment; null: the card has none. */
  readonly boundsAt: BoundsAt | null;
}

/** Counters of what the bounds of a customer's runs come to at a moment, by period. */
export type BoundsAt = (
  customer: string,
  moment: Moment,
  counters: SimulatedCounters,
) => Promise<ReadonlyMap<string, StoredCounter[]>>;

interface ClosedPeriod {
  readonly state: PeriodState;
  readonly statement: Statement;
  /** What its counters came to when late usage was looked for last. */
  amounts: ReadonlyMap<string, StoredCounter>;
}

/** Goes from one moment of a family to the next. */
export class DatedLedger implements CreditView {
  readonly #of: DatedOf;
  readonly #counters: SimulatedCounters;
  readonly #rows = new Map<string, readonly DatedRow[]>();
  readonly #read = new Map<string, number>();
  readonly #closed = new Map<string, Map<string, ClosedPeriod>>();
  readonly #late: Adjustment[] = [];
  readonly #bounds = new Map<string, ReadonlyMap<string, StoredCounter[]>>();
  #moment: Moment = BEGINNING;
  tariff: Tariff;

  constructor(of: DatedOf) {
    this.#of = of;
    this.tariff = of.counting.tariff;
    this.#counters = new SimulatedCounters(this.tariff);
    for (const id of of.family.members) {
      const rows = of.counting.dated.get(id) ?? [];
      this.#rows.set(
        id,
        rows.toSorted((a, b) => a.epoch - b.epoch),
      );
    }
  }

  /** Goes on to a moment; what came late until then is booked in what was open meanwhile. */
  async goTo(at: number): Promise<void> {
    const { counting, facts, family, boundsAt } = this.#of;
    const before = this.#moment;
    const moment = present(family.moments[at], "a moment");
    this.#moment = moment;
    this.#bounds.clear();
    const moved = family.members.flatMap((id) => this.#readRows(id, at));
    if (counting.isInForce) this.tariff = await facts.tariff(moment.seq);
    if (boundsAt !== null) {
      for (const id of family.members) {
        this.#bounds.set(id, await boundsAt(id, moment, this.#counters));
      }
    }
    const closed = boundsAt === null ? moved : [...this.#closed.values()].flatMap(keysOf);
    for (const key of closed) this.#bookLate(key, before.atMs);
  }

  #readRows(customer: string, at: number): CounterKey[] {
    const rows = this.#rows.get(customer) ?? [];
    const periods = new Set<string>();
    let next = this.#read.get(customer) ?? 0;
    for (let row = rows[next]; row !== undefined && row.epoch <= at; row = rows[next]) {
      this.#counters.add({ customer, ...row });
      periods.add(row.period);
      next += 1;
    }
    this.#read.set(customer, next);
    return [...periods].map((period) => ({ customer, period }));
  }

  #bookLate(key: CounterKey, atMs: number): void {
    const closed = this.#closed.get(key.customer)?.get(key.period);
    if (closed === undefined) return;
    const now = this.#amountsOf(key);
    const bookedPeriod = this.openPeriod(key.customer, atMs);
    for (const text of new Set([...closed.amounts.keys(), ...now.keys()])) {
      const [was, is] = [closed.amounts.get(text), now.get(text)];
      const { cardKey, chargeKey, cell } = present(is ?? was, "a counter that moved");
      if (isTrialCell(cell)) continue;
      const place = { customer: key.customer, cardKey, chargeKey, cell };
      const moved = { before: was?.counter, after: is?.counter };
      for (const part of adjustedParts(this.tariff, place, moved)) {
        this.#book(place, { bookedPeriod, originPeriod: key.period, ...part });
      }
    }
    closed.amounts = now;
  }

  #book(
    place: Pick<Adjustment, "customer" | "cardKey" | "chargeKey" | "cell">,
    row: Pick<Adjustment, "bookedPeriod" | "originPeriod" | "amount" | "credits">,
  ): void {
    const cause = { reason: "late_event", run: "", source: "", id: "" } as const;
    this.#late.push({ seq: this.#late.length + 1, ...place, ...row, ...cause });
  }

  #amountsOf(key: CounterKey): Map<string, StoredCounter> {
    return new Map(
      this.counters(key).map((counter) => {
        const { cardKey, chargeKey, cell } = counter;
        return [JSON.stringify([cardKey, chargeKey, cell]), counter];
      }),
    );
  }

  /** The period in which late usage was booked at an instant. */
  openPeriod(id: string, atMs: number): string {
    const customer = present(this.customer(id), `customer "${id}"`);
    let period = this.tariff.periodOf(customer, atMs);
    while (this.#closed.get(id)?.has(period.key) === true) {
      period = this.tariff.periodOf(customer, period.endMs);
    }
    return period.key;
  }

  customer(id: string): Customer | undefined {
    const customer = this.#of.facts.customer(id, this.#moment.seq);
    return customer && this.#of.counting.customerAs(customer);
  }

  below(id: string): Customer[] {
    const { facts, counting } = this.#of;
    return facts.below(id, this.#moment.seq).map((one) => counting.customerAs(one));
  }

  book(): undefined {}

  closed(id: string): PeriodState[] {
    return [...(this.#closed.get(id)?.values() ?? [])].map(({ state }) => state);
  }

  async used(id: string): Promise<string[]> {
    const used = await this.#of.facts.used(id);
    const charged = [...this.#counters.periodsOf(id), ...(this.#bounds.get(id)?.keys() ?? [])];
    return [...new Set([...used, ...charged])];
  }

  async booked(id: string): Promise<string[]> {
    const byHand = await this.#of.facts.bookedByHand(id, this.#moment.seq);
    return [...byHand, ...this.#lateOf(id, () => true)].map((row) => row.bookedPeriod);
  }

  counters(key: CounterKey): StoredCounter[] {
    const bounds = this.#bounds.get(key.customer)?.get(key.period) ?? [];
    return [...this.#counters.countersOf(key), ...bounds];
  }

  async adjustments(key: CounterKey): Promise<Adjustment[]> {
    const { facts, openings } = this.#of;
    const byHand = (await facts.byHand(key, this.#moment.seq)).map((row) => {
      if (row.reason !== "opening") return row;
      const { amount, credits = null } = openings.get(row.cell) ?? row;
      return { ...row, amount, credits };
    });
    return [...byHand, ...this.#lateOf(key.customer, (row) => row.bookedPeriod === key.period)];
  }

  bookings(rows: readonly Adjustment[]): Booking[] {
    const correctionOf = (id: string) => this.#of.openings.get(id)?.correction;
    return bookingsOf(rows, { describe: (_, id) => id, correctionOf });
  }

  #lateOf(customer: string, isAsked: (row: Adjustment) => boolean): Adjustment[] {
    return this.#late.filter((row) => row.customer === customer && isAsked(row));
  }

  commitments({ customer, period }: CounterKey): CommitmentInput {
    const closed = [...(this.#closed.get(customer)?.values() ?? [])];
    const before = closed
      .filter(({ state }) => state.period !== period)
      .flatMap(({ statement }) => drawnBy(statement));
    return {
      commitments: this.#of.facts.commitments(customer, this.#moment.seq),
      before,
      closed: new Set(closed.map(({ state }) => state.period)),
    };
  }

  /** The statement in force of a closed period. */
  statement({ customer, period }: CounterKey): Statement | null {
    return this.#closed.get(customer)?.get(period)?.statement ?? null;
  }

  /**
   * Takes back what open periods have of a period that is issued again; returns what closed ones
   * have billed of it.
   */
  takeBack(key: CounterKey): Booking[] {
    const later = this.#lateOf(key.customer, (row) => row.originPeriod === key.period);
    const isBilled = ({ bookedPeriod }: Adjustment) =>
      this.#closed.get(key.customer)?.has(bookedPeriod) === true;
    for (const row of netted(later.filter((one) => !isBilled(one)))) {
      const { customer, cardKey, chargeKey, cell, bookedPeriod, originPeriod } = row;
      const { amount, credits } = negated(row);
      const place = { customer, cardKey, chargeKey, cell };
      this.#book(place, { bookedPeriod, originPeriod, amount, credits });
    }
    return netted(later.filter(isBilled)).map((one) => alreadyBilled(one, one.chargeKey));
  }

  issue({ statement }: Issued, closedAtMs: number): void {
    const { customer, period } = statement;
    const key = { customer, period: period.key };
    const state = { ...key, closedAtMs, statementId: counterKeyText(key) };
    const own = this.#closed.get(customer) ?? new Map<string, ClosedPeriod>();
    this.#closed.set(customer, own);
    own.set(period.key, { state, statement, amounts: this.#amountsOf(key) });
  }
}

const BEGINNING: Moment = { seq: 0, atMs: 0, happened: { is: "begun" } };

function keysOf(periods: ReadonlyMap<string, ClosedPeriod>): CounterKey[] {
  return [...periods.values()].map(({ state: { customer, period } }) => ({ customer, period }));
}
