/** What one customer's period counts, as the embedded store has it at hand. */
import type { Amount, Quantity } from "../../domain/money/decimal.ts";
import type { Counter } from "../../domain/rating/counter.ts";
import {
  emptyRollup,
  type GrowingRollup,
  growRollup,
  isSameRollup,
  type RollupKey,
  type RollupRow,
} from "../../domain/run/rollup.ts";
import { Shelf } from "../../domain/shelf.ts";
import { type CellOfCard, counterPlace, isOfCell } from "../../engine/commit/ledger-page.ts";
import type {
  ChargeCell,
  CountedPage,
  CounterKey,
  MovedCounter,
  StoredCounter,
} from "../../engine/ports.ts";

/** A counter and the number of its row. */
export class CounterSlot implements MovedCounter {
  readonly customer: string;
  readonly period: string;
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly cell: string;
  counter: Counter;
  readonly page: Page;
  /** Null: not in the file yet. */
  counterNo: number | null;
  isPending = false;

  constructor(page: Page, stored: StoredCounter, counterNo: number | null) {
    this.customer = page.customer;
    this.period = page.period;
    this.cardKey = stored.cardKey;
    this.chargeKey = stored.chargeKey;
    this.cell = stored.cell;
    this.counter = stored.counter;
    this.page = page;
    this.counterNo = counterNo;
  }

  get place(): this {
    return this;
  }
}

/** A roll-up and the number of its row: one object, since a second is one more to look for. */
export class RollupSlot implements GrowingRollup {
  readonly customer: string;
  readonly period: string;
  readonly agent: string;
  readonly kind: string;
  readonly provider: string;
  readonly model: string;
  readonly tool: string;
  steps: number;
  unpriced: number;
  cost: Amount;
  charge: Amount;
  inputTokens: Quantity;
  outputTokens: Quantity;
  /** Null: not in the file yet. */
  rollupNo: number | null;
  isPending = false;

  constructor(row: RollupRow, rollupNo: number | null) {
    this.customer = row.customer;
    this.period = row.period;
    this.agent = row.agent;
    this.kind = row.kind;
    this.provider = row.provider;
    this.model = row.model;
    this.tool = row.tool;
    this.steps = row.steps;
    this.unpriced = row.unpriced;
    this.cost = row.cost;
    this.charge = row.charge;
    this.inputTokens = row.inputTokens;
    this.outputTokens = row.outputTokens;
    this.rollupNo = rollupNo;
  }

  /** The row as it is now. */
  toRow(): RollupRow {
    const row = emptyRollup(this);
    growRollup(row, this);
    return row;
  }
}

/** A page without rows takes as much memory as so many. */
const EMPTY_PAGE_ROWS = 2;

/** What one customer's period counts. */
export class Page implements CountedPage {
  readonly customer: string;
  readonly period: string;
  readonly counters = new Shelf<CounterSlot, CellOfCard>(isOfCell);
  readonly rollups = new Shelf<RollupSlot, RollupKey>(isSameRollup);
  /** Whose it is. */
  readonly #keeper: object;
  /** Whether `WorkspaceRows.pages` holds it. */
  isRecent = true;
  /** Whether `PendingTotals.pages` holds it. */
  isPinned = false;

  constructor(keeper: object, { customer, period }: CounterKey) {
    this.#keeper = keeper;
    this.customer = customer;
    this.period = period;
  }

  get place(): this {
    return this;
  }

  /** What it takes of memory, in rows. */
  get weight(): number {
    return EMPTY_PAGE_ROWS + this.counters.count + this.rollups.count;
  }

  /** False: it was forgotten, and another may stand for the same period. */
  isKeptBy(keeper: object): boolean {
    return (this.isRecent || this.isPinned) && this.#keeper === keeper;
  }

  /** Of its keeper's unit of work alone: the next one moves it. */
  counter(cardKey: string, { chargeKey, cell }: ChargeCell): CounterSlot | undefined {
    const wanted = { cardKey, chargeKey, cell };
    return this.counters.find(counterPlace(wanted), wanted);
  }
}

/** The page of a period among those of a customer. */
export function pageOf(pages: readonly Page[] | undefined, period: string): Page | undefined {
  if (pages === undefined) return undefined;
  for (const page of pages) if (page.period === period) return page;
  return undefined;
}
