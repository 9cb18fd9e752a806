/** What one customer's period counts in a unit of work: its counters, and what its usage gains. */
import type { Counter } from "../../domain/rating/counter.ts";
import {
  emptyRollup,
  type GrowingRollup,
  isSameRollup,
  type RollupKey,
  rollupPlace,
} from "../../domain/run/rollup.ts";
import { Shelf } from "../../domain/shelf.ts";
import type {
  ChargeCell,
  CountedPage,
  CounterKey,
  GainedRollup,
  MovedCounter,
  Placed,
  StoredCounter,
} from "../ports.ts";

/** Where a counter stands. */
type CounterPlace = Omit<MovedCounter, "counter">;

/** What a roll-up gains so far. */
type GainingRollup = GrowingRollup & { -readonly [K in keyof Placed]: Placed[K] };

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

/** The counters of these periods as pages, one for each key. */
export function countedPages(
  counters: readonly StoredCounter[],
  keys: readonly CounterKey[],
): CountedPage[] {
  const byCustomer = Map.groupBy(counters, ({ customer }) => customer);
  return keys.map(({ customer, period }) => {
    const own = (byCustomer.get(customer) ?? []).filter((one) => one.period === period);
    const counter: CountedPage["counter"] = (cardKey, { chargeKey, cell }) =>
      own.find((one) => isOfCell(one, { cardKey, chargeKey, cell }));
    return { customer, period, counter };
  });
}

/** What tells most counters of a period apart: the cell, or the charge of one that has none. */
export function counterPlace({ chargeKey, cell }: ChargeCell): string {
  return cell === "" ? chargeKey : cell;
}

/** Which counter of a period is wanted. */
export type CellOfCard = Pick<StoredCounter, "cardKey" | "chargeKey" | "cell">;

/** Whether a counter of a period is the one that is wanted. */
export function isOfCell(at: CellOfCard, { cardKey, chargeKey, cell }: CellOfCard): boolean {
  return at.chargeKey === chargeKey && at.cell === cell && at.cardKey === cardKey;
}

/** The page of one period; of whom is its keeper's concern. */
export class LedgerPage {
  readonly period: string;
  /** Null: nothing of it was loaded. */
  #stored: CountedPage | null = null;
  /** Those that were asked for. */
  readonly #counters = new Shelf<MovingSlot, CellOfCard>(({ at }, wanted) => isOfCell(at, wanted));
  readonly #rollups = new Shelf<GainingRollup, RollupKey>(isSameRollup);

  constructor(period: string) {
    this.period = period;
  }

  /** Puts what is stored. Of a page that is loaded twice the first stands. */
  load(stored: CountedPage): void {
    this.#stored ??= stored;
  }

  /** The counter of a charge, to be read and then moved. */
  counter({ customer, period }: CounterKey, cardKey: string, charge: ChargeCell): CounterSlot {
    const { chargeKey, cell } = charge;
    const place = counterPlace(charge);
    const known = this.#counters.find(place, { cardKey, chargeKey, cell });
    if (known !== undefined) return known;
    const stored = this.#stored?.counter(cardKey, charge);
    const at = stored ?? { customer, period, cardKey, chargeKey, cell };
    const slot = { at, counter: stored?.counter, isMoved: false };
    this.#counters.put(place, slot);
    return slot;
  }

  /** What a roll-up row gains, to be added to in place. */
  rollup(key: RollupKey): GrowingRollup {
    const place = rollupPlace(key);
    const known = this.#rollups.find(place, key);
    if (known !== undefined) return known;
    const none: GainingRollup = emptyRollup(key);
    const page = this.#stored?.place;
    if (page !== undefined) none.place = page;
    this.#rollups.put(place, none);
    return none;
  }

  /** Every row that gains something: a list of its own. */
  get gained(): readonly GainedRollup[] {
    return this.#rollups.rows;
  }

  eachGained(visit: (row: GainedRollup) => void): void {
    this.#rollups.each(visit);
  }

  /** Visits every counter that was moved, as it is now. */
  eachMoved(visit: (row: MovedCounter) => void): void {
    this.#counters.each((slot) => {
      if (slot.isMoved) visit(movedOf(slot));
    });
  }
}

/** Gives a counter its new value. */
export function moveSlot(given: CounterSlot, counter: Counter): void {
  const slot = given as MovingSlot;
  slot.counter = counter;
  slot.isMoved = true;
}

/** The row of a counter that has moved. Written out field by field: every step moves several. */
function movedOf({ at, counter }: CounterSlot): MovedCounter {
  const { customer, period, cardKey, chargeKey, cell, place } = at;
  const now = counter as Counter;
  if (place === undefined) return { customer, period, cardKey, chargeKey, cell, counter: now };
  return { customer, period, cardKey, chargeKey, cell, counter: now, place };
}
