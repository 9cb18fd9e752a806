/** What one customer's period counts in a unit of work: its counters, and what its usage gains. */
import type { Counter } from "../domain/rating/counter.ts";
import {
  emptyRollup,
  type GrowingRollup,
  isSameRollup,
  type RollupKey,
  rollupPlace,
} from "../domain/run/rollup.ts";
import { Shelf } from "../domain/shelf.ts";
import type { CounterKey, StoredCounter } from "./ports.ts";

/** A charge of a card, or one cell of it. */
export type ChargeCell = Pick<StoredCounter, "chargeKey" | "cell">;

/** Where a counter stands. */
type CounterPlace = Omit<StoredCounter, "counter">;

/** The place of a counter in a unit of work; `moveSlot` moves it. */
export interface CounterSlot {
  readonly at: CounterPlace;
  /** Undefined: it has counted nothing yet. */
  readonly counter: Counter | undefined;
}

/** Also holds how a counter has moved. */
interface MovingSlot extends CounterSlot {
  counter: Counter | undefined;
  isMoved: boolean;
}

type CellOfCard = Pick<CounterPlace, "cardKey" | "cell">;

function isOfCell({ at }: MovingSlot, { cardKey, cell }: CellOfCard): boolean {
  return at.cell === cell && at.cardKey === cardKey;
}

/** The page of one period; of whom is its keeper's concern. */
export class LedgerPage {
  readonly period: string;
  readonly #counters = new Shelf<MovingSlot, CellOfCard>(isOfCell);
  readonly #rollups = new Shelf<GrowingRollup, RollupKey>(isSameRollup);

  constructor(period: string) {
    this.period = period;
  }

  /** The counter of a charge, to be read and then moved. */
  counter({ customer, period }: CounterKey, cardKey: string, charge: ChargeCell): CounterSlot {
    const { chargeKey, cell } = charge;
    const known = this.#counters.find(chargeKey, { cardKey, cell });
    if (known !== undefined) return known;
    return this.#put({ customer, period, cardKey, chargeKey, cell }, undefined);
  }

  /** Puts a counter as it is stored. Of one that is loaded twice the first stands. */
  load(stored: StoredCounter): void {
    this.#put(stored, stored.counter);
  }

  #put(at: CounterPlace, counter: Counter | undefined): MovingSlot {
    const slot = { at, counter, isMoved: false };
    this.#counters.put(at.chargeKey, slot);
    return slot;
  }

  /** What a roll-up row gains, to be added to in place. */
  rollup(key: RollupKey): GrowingRollup {
    const place = rollupPlace(key);
    const known = this.#rollups.find(place, key);
    if (known !== undefined) return known;
    const none = emptyRollup(key);
    this.#rollups.put(place, none);
    return none;
  }

  /** Every row that gains something: a list of its own. */
  get gained(): readonly GrowingRollup[] {
    return this.#rollups.rows;
  }

  eachGained(visit: (row: GrowingRollup) => void): void {
    this.#rollups.each(visit);
  }

  /** Counters that were moved, as they are now. */
  get moved(): StoredCounter[] {
    return this.#counters.rows.filter(({ isMoved }) => isMoved).map(storedOf);
  }
}

/** Gives a counter its new value. True: it is its first one in this unit. */
export function moveSlot(given: CounterSlot, counter: Counter): boolean {
  const slot = given as MovingSlot;
  const { isMoved } = slot;
  slot.counter = counter;
  slot.isMoved = true;
  return !isMoved;
}

/** The row of a counter that has moved. Written out field by field: every step moves several. */
export function storedOf({ at, counter }: CounterSlot): StoredCounter {
  const { customer, period, cardKey, chargeKey, cell } = at;
  return { customer, period, cardKey, chargeKey, cell, counter: counter as Counter };
}
