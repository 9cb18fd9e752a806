/**
 * Counters that a node remembers: all those of a customer's period together, as a page. Most pages
 * have a few. A price by a matrix makes thousands, of which each step moves one: so they are found
 * by an index, and what others moved of a large page is read again alone (docs/decisions/0210).
 */
import {
  KNOWN_COUNTERS_MAX_COUNT,
  KNOWN_ROWS_MAX_COUNT,
  LARGE_PAGE_COUNTERS_COUNT,
} from "../../domain/database-limits.ts";
import { Shelf } from "../../domain/shelf.ts";
import { counterKeyText } from "../../engine/commit/batch-state.ts";
import { type CellOfCard, counterPlace, isOfCell } from "../../engine/commit/ledger-page.ts";
import type { ChargeCell, CountedPage, CounterKey, StoredCounter } from "../../engine/ports.ts";

const cellText = ({ cardKey, chargeKey, cell }: CellOfCard): string =>
  `${cardKey}\u0000${chargeKey}\u0000${cell}`;

/** All counters of one customer's period. */
export class KnownPage implements CountedPage {
  readonly customer: string;
  readonly period: string;
  readonly #slots = new Shelf<{ counter: StoredCounter }, CellOfCard>(({ counter }, wanted) =>
    isOfCell(counter, wanted),
  );
  /** What others have moved since it was read. */
  readonly #moved = new Map<string, CellOfCard>();

  constructor({ customer, period }: CounterKey, counters: readonly StoredCounter[]) {
    this.customer = customer;
    this.period = period;
    for (const one of counters) this.set(one);
  }

  get count(): number {
    return this.#slots.count;
  }

  get isLarge(): boolean {
    return this.count >= LARGE_PAGE_COUNTERS_COUNT;
  }

  get all(): StoredCounter[] {
    return this.#slots.rows.map(({ counter }) => counter);
  }

  counter(cardKey: string, charge: ChargeCell): StoredCounter | undefined {
    const { chargeKey, cell } = charge;
    return this.#slots.find(counterPlace(charge), { cardKey, chargeKey, cell })?.counter;
  }

  /** A counter as it was read or written. */
  set(counter: StoredCounter): void {
    this.#moved.delete(cellText(counter));
    const place = counterPlace(counter);
    const known = this.#slots.find(place, counter);
    if (known === undefined) this.#slots.put(place, { counter });
    else known.counter = counter;
  }

  /** Others moved these. False: so many that all are better read again. */
  otherMoved(cells: readonly CellOfCard[]): boolean {
    for (const { cardKey, chargeKey, cell } of cells) {
      const one = { cardKey, chargeKey, cell };
      this.#moved.set(cellText(one), one);
    }
    return 2 * this.#moved.size <= this.count;
  }

  /** What is to be read again before anybody looks. */
  get moved(): (CellOfCard & CounterKey)[] {
    const { customer, period } = this;
    return [...this.#moved.values()].map((cell) => ({ customer, period, ...cell }));
  }
}

/** Pages of these periods, whose counters are all here. */
export function pagesOf(
  counters: readonly StoredCounter[],
  keys: readonly CounterKey[],
): KnownPage[] {
  const byKey = Map.groupBy(counters, counterKeyText);
  return keys.map((key) => new KnownPage(key, byKey.get(counterKeyText(key)) ?? []));
}

/** The pages of one workspace. What was read longest ago goes first. */
export class KnownPages {
  readonly #pages = new Map<string, KnownPage>();
  /** Counters on all pages. */
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get size(): number {
    return this.#pages.size;
  }

  get(text: string): KnownPage | undefined {
    return this.#pages.get(text);
  }

  add(page: KnownPage): void {
    const text = counterKeyText(page);
    this.delete(text);
    this.#pages.set(text, page);
    this.#count += page.count;
    this.#forgetOldest();
  }

  /** Counters of one page that have moved. It may have been forgotten since it was looked at. */
  move(page: KnownPage, counters: readonly StoredCounter[]): void {
    const before = page.count;
    for (const one of counters) page.set(one);
    if (this.#pages.get(counterKeyText(page)) === page) this.#count += page.count - before;
  }

  delete(text: string): void {
    this.#count -= this.#pages.get(text)?.count ?? 0;
    this.#pages.delete(text);
  }

  /** An eighth at once, as of other rows. */
  #forgetOldest(): void {
    const isFull =
      this.#pages.size > KNOWN_ROWS_MAX_COUNT || this.#count > KNOWN_COUNTERS_MAX_COUNT;
    if (!isFull) return;
    for (const text of this.#pages.keys()) {
      const hasRoom =
        this.#pages.size <= KNOWN_ROWS_MAX_COUNT * KEPT_SHARE &&
        this.#count <= KNOWN_COUNTERS_MAX_COUNT * KEPT_SHARE;
      if (hasRoom) return;
      this.delete(text);
    }
  }
}

const KEPT_SHARE = 7 / 8;
