/**
 * The rows that every unit of work reads again: runs, customers, closed periods, and the page of
 * counters and roll-ups of each customer's period. One process writes the file, so they are never
 * stale; a transaction that fails clears them.
 *
 * Totals follow from the steps, which are on disk before anything is acknowledged. So the rows
 * that hold totals may wait here (pending) and go to the file together: see write-totals.ts.
 */
import type { PeriodState } from "../../domain/period/records.ts";
import { growRollup, type RollupRow, rollupPlace } from "../../domain/run/rollup.ts";
import type { Run } from "../../domain/run/run.ts";
import { counterPlace } from "../../engine/commit/ledger-page.ts";
import type {
  ChainHead,
  CountedPage,
  CounterKey,
  Customer,
  GainedRollup,
  MovedCounter,
  StoredCounter,
} from "../../engine/ports.ts";
import { unreadRun } from "../kept-identities.ts";
import { Recent } from "../recent.ts";
import {
  decodeCounter,
  decodeCustomer,
  decodePeriod,
  decodeRollup,
  decodeRun,
  type Row,
} from "../stored-rows.ts";
import { AtHand } from "./at-hand.ts";
import { BudgetRows } from "./budget-rows.ts";
import { CounterSlot, Page, pageOf, RollupSlot } from "./counted-page.ts";
import { PendingTotals, type RunSlot } from "./pending-totals.ts";
import { RunIdentities } from "./run-identities.ts";
import type { Statements } from "./statements.ts";

type NumberedTable = "runs" | "counters" | "rollups";
const MAXIMA: Readonly<Record<NumberedTable, string>> = {
  runs: "SELECT coalesce(max(run_no), 0) AS n FROM runs",
  counters: "SELECT coalesce(max(counter_no), 0) AS n FROM counters",
  rollups: "SELECT coalesce(max(rollup_no), 0) AS n FROM rollups",
};

const RUNS_MAX_ROWS = 10_000;
const CUSTOMERS_MAX_ROWS = 10_000;
const CUSTOMERS_WITH_PAGES_MAX_COUNT = 4_000;
/** Counters and roll-ups on them: a customer may have many periods, and a period many cells. */
const PAGES_MAX_ROWS = 100_000;
/** Rows at hand of all workspaces together: a row takes half a KiB. */
const AT_HAND_MAX_ROWS = 150_000;
/** What other things than counters and roll-ups take of memory, in rows. */
const [EMPTY_ROWS, RUN_ROWS, IDENTITIES_A_ROW] = [32, 2, 100];

/** The caches of one workspace. */
class WorkspaceRows {
  readonly identities: RunIdentities;
  head: ChainHead | null = null;
  readonly runs = new Recent<string, RunSlot>(RUNS_MAX_ROWS);
  readonly customers = new Recent<string, Customer>(CUSTOMERS_MAX_ROWS);
  readonly periods = new Recent<string, PeriodState[]>(CUSTOMERS_MAX_ROWS);
  /** By customer: the pages of one go together. */
  readonly pages = new Recent<string, Page[]>(CUSTOMERS_WITH_PAGES_MAX_COUNT, (pages) => {
    for (const page of pages) {
      page.isRecent = false;
      this.pageRows -= page.weight;
    }
  });
  /** What these pages weigh. */
  pageRows = 0;
  /** The page asked for last: a unit's rows come one customer's period after the other. */
  lastPage: Page | null = null;
  pending = new PendingTotals();
  readonly budgets: BudgetRows;

  constructor(statements: Statements, budgets: BudgetRows) {
    this.identities = new RunIdentities(statements);
    this.budgets = budgets;
  }

  /** What is at hand, in rows. */
  get weight(): number {
    const { runs, customers, pageRows, identities } = this;
    const kept = RUN_ROWS * runs.size + customers.size + pageRows;
    return EMPTY_ROWS + kept + Math.ceil(identities.count / IDENTITIES_A_ROW);
  }
}

/** The rows of every workspace that are at hand. */
export class RowCaches {
  readonly #statements: Statements;
  readonly #workspaces = new AtHand<WorkspaceRows>(AT_HAND_MAX_ROWS);
  /** The numbers given last; the file knows those that are missing. */
  readonly #lastNumbers = new Map<NumberedTable, number>();

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** A unit of a workspace failed: of all that is at hand only holds that it left alone stand. */
  doubt(ws: number): void {
    const budgets = this.#workspaces.get(ws)?.budgets;
    this.#lastNumbers.clear();
    if (budgets === undefined) return;
    budgets.doubt();
    this.#workspaces.set(ws, new WorkspaceRows(this.#statements, budgets));
  }

  /** A unit of a workspace begins. Returns whether one of another workspace was the last. */
  turnTo(ws: number): boolean {
    this.#of(ws);
    return this.#workspaces.turnTo(ws);
  }

  /** The other workspace worked on longest ago, where too much is at hand of all; else null. */
  get idle(): number | null {
    return this.#workspaces.idle;
  }

  /** Forgets a workspace of which the file has everything. Returns whether it has. */
  forget(ws: number): boolean {
    const isInFile = !this.hasPending(ws);
    if (isInFile) this.#workspaces.delete(ws);
    return isInFile;
  }

  /** A number for a row that this process adds: no other writes to the file. */
  nextNumber(table: NumberedTable): number {
    const last =
      this.#lastNumbers.get(table) ?? (this.#statements.of(MAXIMA[table]).get()?.n as number);
    this.#lastNumbers.set(table, last + 1);
    return last + 1;
  }

  /** Last seq given and last link of the chain. */
  head(ws: number): ChainHead {
    const rows = this.#of(ws);
    if (rows.head !== null) return rows.head;
    const sql = `SELECT last_seq, chain, (SELECT committed_at FROM chain c
      WHERE c.ws = w.ws ORDER BY first_seq DESC LIMIT 1) AS committed_at
      FROM workspaces w WHERE ws = ?`;
    const row = this.#statements.of(sql).get(ws);
    const committedAtMs = (row?.committed_at as number | null) ?? 0;
    const [lastSeq, digest] = [row?.last_seq as number, row?.chain as string];
    rows.head = { lastSeq, digest, committedAtMs };
    return rows.head;
  }

  moveHead(ws: number, head: ChainHead): void {
    this.#of(ws).head = head;
  }

  /** Balances, holds, limits and stops. */
  budgets(ws: number): BudgetRows {
    return this.#of(ws).budgets;
  }

  /** True where the file lacks totals that are here. */
  hasPending(ws: number): boolean {
    const { pending, budgets } = this.#of(ws);
    return !pending.isEmpty || budgets.pendingCount > 0;
  }

  /** Which steps the runs of a workspace hold. */
  identities(ws: number): RunIdentities {
    return this.#of(ws).identities;
  }

  #of(ws: number): WorkspaceRows {
    const known = this.#workspaces.get(ws);
    if (known !== undefined) return known;
    const budgets = new BudgetRows(this.#statements, ws);
    const rows = new WorkspaceRows(this.#statements, budgets);
    this.#workspaces.set(ws, rows);
    return rows;
  }

  /**
   * A unit begins. What it reads of runs is at hand until its end, however many they are: where
   * there are more than may be kept, it would else read each of them again when it writes it.
   */
  trimRuns(ws: number): void {
    this.#of(ws).runs.trim();
  }

  run(ws: number, id: string): RunSlot | undefined {
    const known = this.#runAtHand(ws, id);
    if (known !== undefined) return known;
    const row = this.#statements.of("SELECT * FROM runs WHERE ws = ? AND id = ?").get(ws, id);
    return row === undefined ? undefined : this.#holdRun(ws, row);
  }

  #runAtHand(ws: number, id: string): RunSlot | undefined {
    const { runs, pending } = this.#of(ws);
    return runs.get(id) ?? pending.runs.get(id);
  }

  #holdRun(ws: number, row: Row): RunSlot {
    const slot = { ...unreadRun(row.run_no as number), run: decodeRun(row), isPending: false };
    this.#of(ws).runs.hold(slot.run.id, slot);
    return slot;
  }

  /** Those of these runs that there are, in this order. What is not at hand is read together. */
  runs(ws: number, ids: readonly string[]): Run[] {
    const missing = ids.filter((id) => this.#runAtHand(ws, id) === undefined);
    if (missing.length > 0) {
      const sql = `SELECT r.* FROM json_each(?2) wanted
        CROSS JOIN runs r ON r.ws = ?1 AND r.id = wanted.value`;
      const rows = this.#statements.of(sql).all(ws, JSON.stringify(missing));
      for (const row of rows) this.#holdRun(ws, row);
    }
    return ids.flatMap((id) => this.#runAtHand(ws, id)?.run ?? []);
  }

  /** Totals that wait. */
  pending(ws: number): PendingTotals {
    return this.#of(ws).pending;
  }

  /** Called when what was pending is in the file. */
  settle(ws: number): void {
    const rows = this.#of(ws);
    for (const slot of rows.pending.runs.values()) slot.isPending = false;
    for (const slot of rows.pending.counters) slot.isPending = false;
    for (const slot of rows.pending.rollups) slot.isPending = false;
    for (const pages of rows.pending.pages.values()) {
      for (const page of pages) page.isPinned = false;
    }
    rows.pending = new PendingTotals();
    rows.budgets.settle();
  }

  /** Called when pending totals were not brought into the file after all: they go on waiting. */
  takeBack(ws: number): void {
    this.#lastNumbers.clear();
    for (const slot of this.#of(ws).pending.fresh.splice(0)) {
      if ("counterNo" in slot) slot.counterNo = null;
      else slot.rollupNo = null;
    }
  }

  /** A run that the file has no row of yet. */
  addRun(ws: number, slot: RunSlot): void {
    this.#of(ws).runs.hold(slot.run.id, slot);
    this.putRun(ws, slot);
  }

  /** A run whose row must be written. */
  putRun(ws: number, slot: RunSlot): void {
    if (slot.isPending) return;
    slot.isPending = true;
    this.#of(ws).pending.runs.set(slot.run.id, slot);
  }

  customer(ws: number, id: string): Customer | undefined {
    const { customers } = this.#of(ws);
    const cached = customers.get(id);
    if (cached !== undefined) return cached;
    const row = this.#statements.of("SELECT * FROM customers WHERE ws = ? AND id = ?").get(ws, id);
    if (row === undefined) return undefined;
    const customer = decodeCustomer(row);
    customers.set(id, customer);
    return customer;
  }

  saveCustomer(ws: number, customer: Customer): void {
    this.#of(ws).customers.set(customer.id, customer);
  }

  counters(ws: number, keys: readonly CounterKey[]): StoredCounter[] {
    const found: StoredCounter[] = [];
    const add = ({ customer, period, cardKey, chargeKey, cell, counter }: CounterSlot): void => {
      found.push({ customer, period, cardKey, chargeKey, cell, counter });
    };
    for (const key of keys) this.#page(ws, key).counters.each(add);
    return found;
  }

  /** What a customer's period has counted. */
  counted(ws: number, key: CounterKey): CountedPage {
    return this.#page(ws, key);
  }

  putCounter(ws: number, moved: MovedCounter): void {
    const slot = this.#slotOf(ws, moved);
    slot.counter = moved.counter;
    if (slot.isPending) return;
    slot.isPending = true;
    this.#pin(ws, slot.page).counters.push(slot);
  }

  /** The place of a counter on its page, made now where it has none. */
  #slotOf(ws: number, moved: MovedCounter): CounterSlot {
    const { place } = moved;
    if (place instanceof CounterSlot && place.page.isKeptBy(this.#of(ws))) return place;
    const page = this.#page(ws, moved);
    const { counters } = page;
    const key = counterPlace(moved);
    const known = counters.find(key, moved);
    if (known !== undefined) return known;
    const slot = new CounterSlot(page, moved, null);
    counters.put(key, slot);
    if (page.isRecent) this.#of(ws).pageRows += 1;
    return slot;
  }

  addRollup(ws: number, delta: GainedRollup): void {
    const given = delta.place;
    const isKept = given instanceof Page && given.isKeptBy(this.#of(ws));
    const page = isKept ? given : this.#page(ws, delta);
    const place = rollupPlace(delta);
    let slot = page.rollups.find(place, delta);
    if (slot === undefined) {
      slot = new RollupSlot(delta, null);
      page.rollups.put(place, slot);
      if (page.isRecent) this.#of(ws).pageRows += 1;
    } else {
      growRollup(slot, delta);
    }
    if (slot.isPending) return;
    slot.isPending = true;
    this.#pin(ws, page).rollups.push(slot);
  }

  /** Keeps a page from being forgotten while it holds what the file does not. */
  #pin(ws: number, page: Page): PendingTotals {
    const { pending } = this.#of(ws);
    if (page.isPinned) return pending;
    page.isPinned = true;
    const { customer } = page;
    const pages = pending.pages.get(customer);
    if (pages === undefined) pending.pages.set(customer, [page]);
    else pages.push(page);
    return pending;
  }

  #page(ws: number, key: CounterKey): Page {
    const rows = this.#of(ws);
    const last = rows.lastPage;
    if (last !== null && last.customer === key.customer && last.period === key.period) return last;
    const page = this.#pageOf(rows, key) ?? this.#readPage(ws, key);
    rows.lastPage = page;
    return page;
  }

  #pageOf({ pages, pending }: WorkspaceRows, { customer, period }: CounterKey): Page | undefined {
    return pageOf(pages.get(customer), period) ?? pageOf(pending.pages.get(customer), period);
  }

  #readPage(ws: number, { customer, period }: CounterKey): Page {
    const rows = this.#of(ws);
    rows.pages.forgetWhile(() => rows.pageRows > PAGES_MAX_ROWS);
    const page = new Page(rows, { customer, period });
    const where = "WHERE ws = ? AND customer = ? AND period = ?";
    const counters = this.#statements.of(`SELECT * FROM counters ${where}`);
    for (const row of counters.all(ws, customer, period)) {
      const slot = new CounterSlot(page, decodeCounter(row), row.counter_no as number);
      page.counters.put(counterPlace(slot), slot);
    }
    const rollups = this.#statements.of(`SELECT * FROM rollups ${where}`);
    for (const row of rollups.all(ws, customer, period)) {
      const slot = new RollupSlot(decodeRollup(row), row.rollup_no as number);
      page.rollups.put(rollupPlace(slot), slot);
    }
    const own = rows.pages.get(customer);
    rows.pageRows += page.weight;
    if (own === undefined) rows.pages.set(customer, [page]);
    else own.push(page);
    return page;
  }

  rollups(ws: number, key: CounterKey): RollupRow[] {
    return this.#page(ws, key).rollups.rows.map((slot) => slot.toRow());
  }

  /** Periods of a customer whose totals wait. */
  pendingPeriods(ws: number, customer: string): string[] {
    return (this.#of(ws).pending.pages.get(customer) ?? []).map(({ period }) => period);
  }

  periods(ws: number, customer: string): PeriodState[] {
    const { periods } = this.#of(ws);
    const cached = periods.get(customer);
    if (cached !== undefined) return cached;
    const sql = "SELECT * FROM periods WHERE ws = ? AND customer = ?";
    const states = this.#statements.of(sql).all(ws, customer).map(decodePeriod);
    periods.set(customer, states);
    return states;
  }

  forgetPeriods(ws: number, customer: string): void {
    this.#of(ws).periods.delete(customer);
  }
}
