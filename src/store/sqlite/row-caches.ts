/**
 * Write-through caches of the rows that every unit of work reads again: runs, customers, closed
 * periods, and the page of counters and roll-ups of each customer's period. One process writes the
 * file, so they are never stale; a transaction that fails clears them.
 */
import type { PeriodState } from "../../domain/period/records.ts";
import type { RollupKey, RollupRow } from "../../domain/run/rollup.ts";
import type { Run } from "../../domain/run/run.ts";
import type { CounterKey, Customer, StoredCounter } from "../../engine/ports.ts";
import {
  decodeCounter,
  decodeCustomer,
  decodePeriod,
  decodeRollup,
  decodeRun,
} from "../stored-rows.ts";
import { Recent } from "./recent.ts";
import type { Statements } from "./statements.ts";

export interface RunSlot {
  readonly runNo: number;
  readonly run: Run;
}

export interface CounterSlot {
  readonly counterNo: number;
  stored: StoredCounter;
}

export interface RollupSlot {
  readonly rollupNo: number;
  row: RollupRow;
}

/** Counters by charge, roll-ups by model or tool: short keys that are at hand. */
interface Page {
  readonly counters: Map<string, CounterSlot[]>;
  readonly rollups: Map<string, RollupSlot[]>;
}

const RUNS_MAX_ROWS = 20_000;
const CUSTOMERS_MAX_ROWS = 20_000;
const PAGES_MAX_ROWS = 5_000;

/** The caches of one workspace. */
class WorkspaceRows {
  readonly runs = new Recent<string, RunSlot>(RUNS_MAX_ROWS);
  readonly customers = new Recent<string, Customer>(CUSTOMERS_MAX_ROWS);
  readonly periods = new Recent<string, PeriodState[]>(CUSTOMERS_MAX_ROWS);
  /** By customer, then period. A customer's pages go together. */
  readonly pages = new Recent<string, Map<string, Page>>(PAGES_MAX_ROWS);
}

export class RowCaches {
  readonly #statements: Statements;
  readonly #workspaces = new Map<number, WorkspaceRows>();

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  clear(): void {
    this.#workspaces.clear();
  }

  #of(ws: number): WorkspaceRows {
    const known = this.#workspaces.get(ws);
    if (known !== undefined) return known;
    const rows = new WorkspaceRows();
    this.#workspaces.set(ws, rows);
    return rows;
  }

  run(ws: number, id: string): RunSlot | undefined {
    const { runs } = this.#of(ws);
    const cached = runs.get(id);
    if (cached !== undefined) return cached;
    const row = this.#statements.of("SELECT * FROM runs WHERE ws = ? AND id = ?").get(ws, id);
    if (row === undefined) return undefined;
    const slot = { runNo: row.run_no as number, run: decodeRun(row) };
    runs.set(id, slot);
    return slot;
  }

  saveRun(ws: number, slot: RunSlot): void {
    this.#of(ws).runs.set(slot.run.id, slot);
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

  counters(ws: number, key: CounterKey): StoredCounter[] {
    const { counters } = this.#page(ws, key);
    return [...counters.values()].flatMap((slots) => slots.map((slot) => slot.stored));
  }

  counter(
    ws: number,
    { cardKey, chargeKey, cell, ...key }: StoredCounter,
  ): CounterSlot | undefined {
    const slots = this.#page(ws, key).counters.get(chargeKey);
    return slots?.find(({ stored }) => stored.cell === cell && stored.cardKey === cardKey);
  }

  addCounter(ws: number, slot: CounterSlot): void {
    addTo(this.#page(ws, slot.stored).counters, slot.stored.chargeKey, slot);
  }

  rollup(ws: number, key: RollupKey): RollupSlot | undefined {
    const slots = this.#page(ws, key).rollups.get(rollupPlace(key));
    return slots?.find(({ row }) => isSame(row, key));
  }

  addRollup(ws: number, slot: RollupSlot): void {
    addTo(this.#page(ws, slot.row).rollups, rollupPlace(slot.row), slot);
  }

  #page(ws: number, { customer, period }: CounterKey): Page {
    const { pages } = this.#of(ws);
    let periods = pages.get(customer);
    if (periods === undefined) {
      periods = new Map();
      pages.set(customer, periods);
    }
    const cached = periods.get(period);
    if (cached !== undefined) return cached;
    const page: Page = { counters: new Map(), rollups: new Map() };
    const where = "WHERE ws = ? AND customer = ? AND period = ?";
    const counters = this.#statements.of(`SELECT * FROM counters ${where}`);
    for (const row of counters.all(ws, customer, period)) {
      const stored = decodeCounter(row);
      addTo(page.counters, stored.chargeKey, { counterNo: row.counter_no as number, stored });
    }
    const rollups = this.#statements.of(`SELECT * FROM rollups ${where}`);
    for (const stored of rollups.all(ws, customer, period)) {
      const row = decodeRollup(stored);
      addTo(page.rollups, rollupPlace(row), { rollupNo: stored.rollup_no as number, row });
    }
    periods.set(period, page);
    return page;
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

function addTo<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [item]);
  else known.push(item);
}
