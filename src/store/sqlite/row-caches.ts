/**
 * The rows that every unit of work reads again: runs, customers, closed periods, and the page of
 * counters and roll-ups of each customer's period. One process writes the file, so they are never
 * stale; a transaction that fails clears them.
 *
 * Totals follow from the steps, which are on disk before anything is acknowledged. So the rows
 * that hold totals may wait here (pending) and go to the file together: see write-totals.ts.
 */
import type { PeriodState } from "../../domain/period/records.ts";
import { addRollup, type RollupKey, type RollupRow } from "../../domain/run/rollup.ts";
import type { Run } from "../../domain/run/run.ts";
import type { ChainHead, CounterKey, Customer, StoredCounter } from "../../engine/ports.ts";
import {
  decodeCounter,
  decodeCustomer,
  decodePeriod,
  decodeRollup,
  decodeRun,
} from "../stored-rows.ts";
import { BudgetRows } from "./budget-rows.ts";
import { Recent } from "./recent.ts";
import { RunIdentities } from "./run-identities.ts";
import type { Statements } from "./statements.ts";

/** A run and the number of its row. */
export interface RunSlot {
  readonly runNo: number;
  run: Run;
}

/** A counter and the number of its row. */
export interface CounterSlot {
  /** Null: not in the file yet. */
  counterNo: number | null;
  stored: StoredCounter;
  isPending: boolean;
}

/** A roll-up and the number of its row. */
export interface RollupSlot {
  /** Null: not in the file yet. */
  rollupNo: number | null;
  row: RollupRow;
  isPending: boolean;
}

/** Totals of one workspace that are not in the file yet. */
class PendingTotals {
  readonly runs = new Map<string, RunSlot>();
  readonly counters: CounterSlot[] = [];
  readonly rollups: RollupSlot[] = [];
  /** Pages that hold pending slots: they must not be read from the file again. */
  readonly pages = new Map<string, Map<string, Page>>();
  /** Slots whose row the transaction under way has made. */
  readonly fresh: (CounterSlot | RollupSlot)[] = [];
  steps = 0;

  get isEmpty(): boolean {
    return this.runs.size === 0 && this.counters.length === 0 && this.rollups.length === 0;
  }
}

/** Counters by charge, roll-ups by model or tool: short keys that are at hand. */
interface Page {
  readonly counters: Map<string, CounterSlot[]>;
  readonly rollups: Map<string, RollupSlot[]>;
  /** Whether `PendingTotals.pages` holds it. */
  isPinned: boolean;
}

type NumberedTable = "runs" | "counters" | "rollups";
const MAXIMA: Readonly<Record<NumberedTable, string>> = {
  runs: "SELECT coalesce(max(run_no), 0) AS n FROM runs",
  counters: "SELECT coalesce(max(counter_no), 0) AS n FROM counters",
  rollups: "SELECT coalesce(max(rollup_no), 0) AS n FROM rollups",
};

const RUNS_MAX_ROWS = 10_000;
const CUSTOMERS_MAX_ROWS = 10_000;
const PAGES_MAX_ROWS = 4_000;

/** The caches of one workspace. */
class WorkspaceRows {
  readonly identities: RunIdentities;
  head: ChainHead | null = null;
  readonly runs = new Recent<string, RunSlot>(RUNS_MAX_ROWS);
  readonly customers = new Recent<string, Customer>(CUSTOMERS_MAX_ROWS);
  readonly periods = new Recent<string, PeriodState[]>(CUSTOMERS_MAX_ROWS);
  /** By customer, then period. A customer's pages go together. */
  readonly pages = new Recent<string, Map<string, Page>>(PAGES_MAX_ROWS);
  pending = new PendingTotals();
  readonly budgets: BudgetRows;

  constructor(statements: Statements, ws: number) {
    this.identities = new RunIdentities(statements);
    this.budgets = new BudgetRows(statements, ws);
  }
}

/** The rows of every workspace that are at hand. */
export class RowCaches {
  readonly #statements: Statements;
  readonly #workspaces = new Map<number, WorkspaceRows>();
  /** The numbers given last; the file knows those that are missing. */
  readonly #lastNumbers = new Map<NumberedTable, number>();

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  clear(ws: number): void {
    this.#workspaces.delete(ws);
    this.#lastNumbers.clear();
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
    return !pending.isEmpty || budgets.pending.size > 0;
  }

  /** Which steps the runs of a workspace hold. */
  identities(ws: number): RunIdentities {
    return this.#of(ws).identities;
  }

  #of(ws: number): WorkspaceRows {
    const known = this.#workspaces.get(ws);
    if (known !== undefined) return known;
    const rows = new WorkspaceRows(this.#statements, ws);
    this.#workspaces.set(ws, rows);
    return rows;
  }

  run(ws: number, id: string): RunSlot | undefined {
    const { runs, pending } = this.#of(ws);
    const cached = runs.get(id) ?? pending.runs.get(id);
    if (cached !== undefined) return cached;
    const row = this.#statements.of("SELECT * FROM runs WHERE ws = ? AND id = ?").get(ws, id);
    if (row === undefined) return undefined;
    const slot = { runNo: row.run_no as number, run: decodeRun(row) };
    runs.set(id, slot);
    return slot;
  }

  /** Totals that wait. */
  pending(ws: number): PendingTotals {
    return this.#of(ws).pending;
  }

  /** Called when what was pending is in the file. */
  settle(ws: number): void {
    const rows = this.#of(ws);
    for (const slot of rows.pending.counters) slot.isPending = false;
    for (const slot of rows.pending.rollups) slot.isPending = false;
    for (const periods of rows.pending.pages.values()) {
      for (const page of periods.values()) page.isPinned = false;
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

  /** A run that is new, or whose row must be written. */
  putRun(ws: number, slot: RunSlot): void {
    const { runs, pending } = this.#of(ws);
    runs.set(slot.run.id, slot);
    pending.runs.set(slot.run.id, slot);
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
    for (const key of keys) {
      for (const slots of this.#page(ws, key).counters.values()) {
        for (const slot of slots) found.push(slot.stored);
      }
    }
    return found;
  }

  putCounter(ws: number, stored: StoredCounter): void {
    const { chargeKey, cardKey, cell } = stored;
    const page = this.#page(ws, stored);
    const slots = listIn(page.counters, chargeKey);
    let slot = slots.find((one) => one.stored.cell === cell && one.stored.cardKey === cardKey);
    if (slot === undefined) {
      slot = { counterNo: null, stored, isPending: false };
      slots.push(slot);
    }
    slot.stored = stored;
    if (slot.isPending) return;
    slot.isPending = true;
    this.#pin(ws, stored, page).counters.push(slot);
  }

  addRollup(ws: number, delta: RollupRow): void {
    const page = this.#page(ws, delta);
    const slots = listIn(page.rollups, rollupPlace(delta));
    let slot = slots.find(({ row }) => isSame(row, delta));
    if (slot === undefined) {
      slot = { rollupNo: null, row: delta, isPending: false };
      slots.push(slot);
    } else {
      slot.row = addRollup(slot.row, delta);
    }
    if (slot.isPending) return;
    slot.isPending = true;
    this.#pin(ws, delta, page).rollups.push(slot);
  }

  /** Keeps a page from being forgotten while it holds what the file does not. */
  #pin(ws: number, key: CounterKey, page: Page): PendingTotals {
    const { pending } = this.#of(ws);
    if (page.isPinned) return pending;
    page.isPinned = true;
    const periods = pending.pages.get(key.customer) ?? new Map<string, Page>();
    periods.set(key.period, page);
    pending.pages.set(key.customer, periods);
    return pending;
  }

  #page(ws: number, { customer, period }: CounterKey): Page {
    const { pages, pending } = this.#of(ws);
    let periods = pages.get(customer) ?? pending.pages.get(customer);
    if (periods === undefined) {
      periods = new Map();
      pages.set(customer, periods);
    }
    const cached = periods.get(period) ?? pending.pages.get(customer)?.get(period);
    if (cached !== undefined) return cached;
    const page: Page = { counters: new Map(), rollups: new Map(), isPinned: false };
    const where = "WHERE ws = ? AND customer = ? AND period = ?";
    const counters = this.#statements.of(`SELECT * FROM counters ${where}`);
    for (const row of counters.all(ws, customer, period)) {
      const stored = decodeCounter(row);
      const counterNo = row.counter_no as number;
      listIn(page.counters, stored.chargeKey).push({ counterNo, stored, isPending: false });
    }
    const rollups = this.#statements.of(`SELECT * FROM rollups ${where}`);
    for (const stored of rollups.all(ws, customer, period)) {
      const row = decodeRollup(stored);
      const rollupNo = stored.rollup_no as number;
      listIn(page.rollups, rollupPlace(row)).push({ rollupNo, row, isPending: false });
    }
    periods.set(period, page);
    return page;
  }

  /** Periods of a customer whose totals wait. */
  pendingPeriods(ws: number, customer: string): string[] {
    return [...(this.#of(ws).pending.pages.get(customer)?.keys() ?? [])];
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

function rollupPlace({ model, tool }: RollupKey): string {
  return model === "" ? tool : model;
}

function isSame(a: RollupKey, b: RollupKey): boolean {
  return (
    a.model === b.model &&
    a.tool === b.tool &&
    a.kind === b.kind &&
    a.agent === b.agent &&
    a.provider === b.provider
  );
}

function listIn<T>(lists: Map<string, T[]>, key: string): T[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list: T[] = [];
  lists.set(key, list);
  return list;
}
