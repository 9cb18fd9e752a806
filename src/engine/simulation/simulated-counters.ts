/** The counters that a contender's card would have moved, by customer and period. */
import type { Counter, Segment } from "../../domain/rating/counter.ts";
import { counterOf, runningTotal } from "../../domain/rating/counter.ts";
import type { MeteredQuantity } from "../../domain/rating/meter.ts";
import type { Counted } from "../../domain/simulation/step-sums.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { CounterKey, StoredCounter } from "../ports.ts";

/** What a counter counts for, and the quantity that each card version metered. */
interface Slot {
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  readonly quantities: Map<number, bigint>;
}

type Periods = Map<string, Map<string, Slot>>;

/** Counters of one contender, added up in any order. */
export class SimulatedCounters {
  readonly #tariff: Tariff;
  readonly #customers = new Map<string, Periods>();

  constructor(tariff: Tariff) {
    this.#tariff = tariff;
  }

  add(row: Omit<Counted, "contender" | "epoch">): void {
    const { customer, period, cardVersionId, chargeKey, cell, quantity } = row;
    const periods: Periods = this.#customers.get(customer) ?? new Map();
    this.#customers.set(customer, periods);
    const slots = periods.get(period) ?? new Map<string, Slot>();
    periods.set(period, slots);
    const { cardKey } = this.#tariff.cardById(cardVersionId);
    const key = `${cardKey}\u0000${chargeKey}\u0000${cell}`;
    const slot = slots.get(key) ?? { cardKey, chargeKey, cell, quantities: new Map() };
    slots.set(key, slot);
    slot.quantities.set(cardVersionId, (slot.quantities.get(cardVersionId) ?? 0n) + quantity);
  }

  /** Adds what a card took of a run or an outcome. */
  addMetered(at: CounterKey, cardVersionId: number, metered: readonly MeteredQuantity[]): void {
    for (const item of metered) this.add({ ...at, cardVersionId, ...item });
  }

  periodsOf(customer: string): string[] {
    return [...(this.#customers.get(customer)?.keys() ?? [])];
  }

  /** The counters of a period, as the ledger would have them. */
  countersOf({ customer, period }: CounterKey): StoredCounter[] {
    const slots = this.#customers.get(customer)?.get(period)?.values() ?? [];
    return [...slots].flatMap((slot) => {
      const { cardKey, chargeKey, cell } = slot;
      const counter = this.#counterOf(slot);
      if (counter.cardVersionId === null) return [];
      return [{ customer, period, cardKey, chargeKey, cell, counter }];
    });
  }

  #counterOf({ chargeKey, cell, quantities }: Slot): Counter {
    const startOf = ({ cardVersionId: id }: Segment) =>
      this.#tariff.versionById(id).effectiveFromMs;
    const segments = [...quantities]
      .map(([cardVersionId, quantity]): Segment => ({ cardVersionId, quantity }))
      .filter(({ quantity }) => quantity !== 0n)
      .sort((a, b) => startOf(a) - startOf(b) || a.cardVersionId - b.cardVersionId);
    const priceOf = (id: number) => this.#tariff.cardById(id).segmentPrice(chargeKey, cell);
    return counterOf(segments, runningTotal(segments, priceOf));
  }

  /** Forgets a customer that is done with. */
  forget(customer: string): void {
    this.#customers.delete(customer);
  }

  /** Customers and periods that something was counted in. */
  get size(): number {
    let count = 0;
    for (const periods of this.#customers.values()) count += periods.size;
    return count;
  }
}
