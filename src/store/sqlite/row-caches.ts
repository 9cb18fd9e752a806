/**
 * Write-through caches of the rows that every unit of work reads again: runs, customers, counters,
 * roll-ups and closed periods. One process writes the file, so they are never stale; a transaction
 * that fails clears them.
 */
import type { PeriodState } from "../../domain/period/records.ts";
import type { RollupKey, RollupRow } from "../../domain/run/rollup.ts";
import { rollupKeyText } from "../../domain/run/rollup.ts";
import type { Run } from "../../domain/run/run.ts";
import type { CounterKey, Customer, StoredCounter } from "../../engine/ports.ts";
import {
  decodeCounter,
  decodeCustomer,
  decodePeriod,
  decodeRollup,
  decodeRun,
} from "./other-rows.ts";
import { Recent } from "./recent.ts";
import type { Statements } from "./statements.ts";

export interface RunSlot {
  readonly runNo: number;
  readonly run: Run;
}

const RUNS_MAX_ROWS = 20_000;
const CUSTOMERS_MAX_ROWS = 20_000;
const COUNTER_SETS_MAX_ROWS = 10_000;
const ROLLUPS_MAX_ROWS = 50_000;

type CounterSet = Map<string, StoredCounter>;

function counterText({ cardKey, chargeKey, cell }: StoredCounter): string {
  return `${cardKey}\u0000${chargeKey}\u0000${cell}`;
}

export class RowCaches {
  readonly #statements: Statements;
  readonly #runs = new Recent<RunSlot>(RUNS_MAX_ROWS);
  readonly #customers = new Recent<Customer>(CUSTOMERS_MAX_ROWS);
  readonly #counters = new Recent<CounterSet>(COUNTER_SETS_MAX_ROWS);
  readonly #rollups = new Recent<RollupRow>(ROLLUPS_MAX_ROWS);
  readonly #periods = new Recent<PeriodState[]>(CUSTOMERS_MAX_ROWS);

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  clear(): void {
    this.#runs.clear();
    this.#customers.clear();
    this.#counters.clear();
    this.#rollups.clear();
    this.#periods.clear();
  }

  run(ws: number, id: string): RunSlot | undefined {
    const key = `${ws}\u0000${id}`;
    const cached = this.#runs.get(key);
    if (cached !== undefined) return cached;
    const row = this.#statements.of("SELECT * FROM runs WHERE ws = ? AND id = ?").get(ws, id);
    if (row === undefined) return undefined;
    const slot = { runNo: row.run_no as number, run: decodeRun(row) };
    this.#runs.set(key, slot);
    return slot;
  }

  saveRun(ws: number, slot: RunSlot): void {
    this.#runs.set(`${ws}\u0000${slot.run.id}`, slot);
  }

  customer(ws: number, id: string): Customer | undefined {
    const key = `${ws}\u0000${id}`;
    const cached = this.#customers.get(key);
    if (cached !== undefined) return cached;
    const row = this.#statements.of("SELECT * FROM customers WHERE ws = ? AND id = ?").get(ws, id);
    if (row === undefined) return undefined;
    const customer = decodeCustomer(row);
    this.#customers.set(key, customer);
    return customer;
  }

  saveCustomer(ws: number, customer: Customer): void {
    this.#customers.set(`${ws}\u0000${customer.id}`, customer);
  }

  counters(ws: number, key: CounterKey): StoredCounter[] {
    return [...this.#counterSet(ws, key).values()];
  }

  saveCounter(ws: number, counter: StoredCounter): void {
    this.#counterSet(ws, counter).set(counterText(counter), counter);
  }

  #counterSet(ws: number, { customer, period }: CounterKey): CounterSet {
    const key = `${ws}\u0000${customer}\u0000${period}`;
    const cached = this.#counters.get(key);
    if (cached !== undefined) return cached;
    const sql = "SELECT * FROM counters WHERE ws = ? AND customer = ? AND period = ?";
    const rows = this.#statements.of(sql).all(ws, customer, period).map(decodeCounter);
    const set: CounterSet = new Map(rows.map((row) => [counterText(row), row]));
    this.#counters.set(key, set);
    return set;
  }

  rollup(ws: number, key: RollupKey): RollupRow | undefined {
    const text = `${ws}\u0000${rollupKeyText(key)}`;
    const cached = this.#rollups.get(text);
    if (cached !== undefined) return cached;
    const { customer, period, agent, kind, provider, model, tool } = key;
    const sql = `SELECT * FROM rollups WHERE ws = ? AND customer = ? AND period = ?
      AND agent = ? AND kind = ? AND provider = ? AND model = ? AND tool = ?`;
    const row = this.#statements
      .of(sql)
      .get(ws, customer, period, agent, kind, provider, model, tool);
    return row === undefined ? undefined : decodeRollup(row);
  }

  saveRollup(ws: number, row: RollupRow): void {
    this.#rollups.set(`${ws}\u0000${rollupKeyText(row)}`, row);
  }

  periods(ws: number, customer: string): PeriodState[] {
    const key = `${ws}\u0000${customer}`;
    const cached = this.#periods.get(key);
    if (cached !== undefined) return cached;
    const sql = "SELECT * FROM periods WHERE ws = ? AND customer = ?";
    const states = this.#statements.of(sql).all(ws, customer).map(decodePeriod);
    this.#periods.set(key, states);
    return states;
  }

  forgetPeriods(ws: number, customer: string): void {
    this.#periods.delete(`${ws}\u0000${customer}`);
  }
}
