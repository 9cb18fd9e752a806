/**
 * One transaction on one workspace. Reads take all their keys in one statement and lock what they
 * find, in key order. The workspace's own row is locked first, so units of one workspace run one
 * after the other and none of the locks behind it is ever waited for by a unit: this is the thin
 * version, in which other workspaces, not other customers, are what runs in parallel.
 */
import type { JournalEntry } from "../../domain/event/journal.ts";
import type { Step } from "../../domain/event/step.ts";
import type { Adjustment, PeriodState } from "../../domain/period/records.ts";
import type { OutcomeState, Run } from "../../domain/run/run.ts";
import type {
  Call,
  ChainHead,
  Conflict,
  CounterKey,
  CreditBookRow,
  Customer,
  StepKey,
  StoredCounter,
  Suspended,
  UnitOfWork,
  Witness,
  Writes,
} from "../../engine/ports.ts";
import { decodeCreditBook } from "../stored-credit.ts";
import {
  decodeAdjustment,
  decodeCall,
  decodeConflict,
  decodeCounter,
  decodeCustomer,
  decodeJournal,
  decodeOutcome,
  decodePeriod,
  decodeRun,
  decodeSuspended,
  decodeWitness,
  type Row,
} from "../stored-rows.ts";
import { type Parameter, rowsOf } from "./connection.ts";
import { PostgresSpending } from "./postgres-spending.ts";
import { decodeStep } from "./step-rows.ts";
import type { Target } from "./target.ts";
import { writeRows } from "./write-rows.ts";

/** Rows of a table by the identities of events. */
const byIdentity = (table: string, where = "true") => `SELECT t.* FROM ${table} t
  JOIN unnest($2::text[], $3::text[], $4::text[]) AS k (run, source, id)
    ON t.ws = $1 AND t.run = k.run AND t.source = k.source AND t.id = k.id AND ${where}
  ORDER BY t.run, t.source, t.id FOR UPDATE OF t`;

/** Rows of a table by customer and period. */
const byPeriod = (table: string) => `SELECT t.* FROM ${table} t
  JOIN unnest($2::text[], $3::text[]) AS k (customer, period)
    ON t.ws = $1 AND t.customer = k.customer AND t.period = k.period
  ORDER BY t.customer, t.period FOR UPDATE OF t`;

/** Reads and writes of one open transaction. */
export class PostgresUnit implements UnitOfWork {
  readonly #target: Target;
  readonly #head: ChainHead;
  readonly spending: PostgresSpending;

  constructor(target: Target, head: ChainHead) {
    this.#target = target;
    this.#head = head;
    this.spending = new PostgresSpending(target);
  }

  #rows(sql: string, ...values: Parameter[]): Promise<Row[]> {
    const { queries, ws } = this.#target;
    return rowsOf(queries, sql, [ws, ...values]);
  }

  async #byIds(sql: string, ids: readonly string[]): Promise<Row[]> {
    return ids.length === 0 ? [] : this.#rows(sql, ids);
  }

  async #byKeys(sql: string, keys: readonly StepKey[]): Promise<Row[]> {
    if (keys.length === 0) return [];
    const runs = keys.map((key) => key.run);
    const sources = keys.map((key) => key.source);
    return this.#rows(
      sql,
      runs,
      sources,
      keys.map((key) => key.id),
    );
  }

  async #byPeriods(sql: string, keys: readonly CounterKey[]): Promise<Row[]> {
    if (keys.length === 0) return [];
    return this.#rows(
      sql,
      keys.map((key) => key.customer),
      keys.map((key) => key.period),
    );
  }

  head(): ChainHead {
    return this.#head;
  }

  async runs(ids: readonly string[]): Promise<Run[]> {
    const sql = `SELECT * FROM runs WHERE ws = $1 AND id = ANY ($2::text[])
      ORDER BY id FOR UPDATE`;
    return (await this.#byIds(sql, ids)).map(decodeRun);
  }

  async descendants(id: string): Promise<Run[]> {
    const sql = `
      WITH RECURSIVE below (id) AS (
        SELECT id FROM runs WHERE ws = $1 AND parent = $2
        UNION ALL SELECT r.id FROM runs r JOIN below b ON r.ws = $1 AND r.parent = b.id
      ) SELECT * FROM runs WHERE ws = $1 AND id IN (SELECT id FROM below)
      ORDER BY id FOR UPDATE`;
    return (await this.#rows(sql, id)).map(decodeRun);
  }

  /** A step is found by its run's customer, with whom its key begins. */
  async steps(keys: readonly StepKey[]): Promise<Step[]> {
    const sql = `SELECT t.* FROM unnest($2::text[], $3::text[], $4::text[]) AS k (run, source, id)
      JOIN runs r ON r.ws = $1 AND r.id = k.run
      JOIN steps t ON t.ws = $1 AND t.customer = r.customer AND t.run = k.run
        AND t.source = k.source AND t.id = k.id
      ORDER BY t.customer, t.run, t.source, t.id FOR UPDATE OF t`;
    return (await this.#byKeys(sql, keys)).map(decodeStep);
  }

  async stepsOfRun(run: string): Promise<Step[]> {
    const sql = `SELECT t.* FROM runs r
      JOIN steps t ON t.ws = r.ws AND t.customer = r.customer AND t.run = r.id
      WHERE r.ws = $1 AND r.id = $2 ORDER BY t.source, t.id FOR UPDATE OF t`;
    return (await this.#rows(sql, run)).map(decodeStep);
  }

  async suspended(keys: readonly StepKey[]): Promise<Suspended[]> {
    return (await this.#byKeys(byIdentity("suspended"), keys)).map(decodeSuspended);
  }

  async suspendedOfRun(run: string): Promise<Suspended[]> {
    const sql = `SELECT * FROM suspended WHERE ws = $1 AND run = $2
      ORDER BY source, id FOR UPDATE`;
    return (await this.#rows(sql, run)).map(decodeSuspended);
  }

  async conflicts(keys: readonly StepKey[]): Promise<Conflict[]> {
    return (await this.#byKeys(byIdentity("conflicts"), keys)).map(decodeConflict);
  }

  async calls(callIds: readonly string[]): Promise<Call[]> {
    const sql = `SELECT * FROM calls WHERE ws = $1 AND call_id = ANY ($2::text[])
      ORDER BY customer, call_id FOR UPDATE`;
    return (await this.#byIds(sql, callIds)).map(decodeCall);
  }

  async witnesses(keys: readonly StepKey[]): Promise<Witness[]> {
    return (await this.#byKeys(byIdentity("witnesses"), keys)).map(decodeWitness);
  }

  async witnessesOfCalls(callIds: readonly string[]): Promise<Witness[]> {
    const sql = `SELECT * FROM witnesses WHERE ws = $1 AND call_id = ANY ($2::text[])
      ORDER BY run, source, id FOR UPDATE`;
    return (await this.#byIds(sql, callIds)).map(decodeWitness);
  }

  async customers(ids: readonly string[]): Promise<Customer[]> {
    const sql = `SELECT * FROM customers WHERE ws = $1 AND id = ANY ($2::text[])
      ORDER BY id FOR UPDATE`;
    return (await this.#byIds(sql, ids)).map(decodeCustomer);
  }

  async outcomes(keys: readonly { run: string; key: string }[]): Promise<OutcomeState[]> {
    if (keys.length === 0) return [];
    const sql = `SELECT t.* FROM unnest($2::text[], $3::text[]) AS k (run, key)
      JOIN runs r ON r.ws = $1 AND r.id = k.run
      JOIN outcomes t ON t.ws = $1 AND t.customer = r.customer AND t.run = k.run AND t.key = k.key
      ORDER BY t.customer, t.run, t.key FOR UPDATE OF t`;
    const runs = keys.map(({ run }) => run);
    return (
      await this.#rows(
        sql,
        runs,
        keys.map(({ key }) => key),
      )
    ).map(decodeOutcome);
  }

  async outcomesOfRun(run: string): Promise<OutcomeState[]> {
    const sql = `SELECT t.* FROM runs r
      JOIN outcomes t ON t.ws = r.ws AND t.customer = r.customer AND t.run = r.id
      WHERE r.ws = $1 AND r.id = $2 ORDER BY t.key FOR UPDATE OF t`;
    return (await this.#rows(sql, run)).map(decodeOutcome);
  }

  async journalled(keys: readonly StepKey[]): Promise<JournalEntry[]> {
    return (await this.#byKeys(byIdentity("journal", "t.run <> ''"), keys)).map(decodeJournal);
  }

  async counters(keys: readonly CounterKey[]): Promise<StoredCounter[]> {
    return (await this.#byPeriods(byPeriod("counters"), keys)).map(decodeCounter);
  }

  async periods(keys: readonly CounterKey[]): Promise<PeriodState[]> {
    return (await this.#byPeriods(byPeriod("periods"), keys)).map(decodePeriod);
  }

  async periodsOf(customer: string): Promise<PeriodState[]> {
    const sql = "SELECT * FROM periods WHERE ws = $1 AND customer = $2 ORDER BY period FOR UPDATE";
    return (await this.#rows(sql, customer)).map(decodePeriod);
  }

  async usedPeriods(customer: string): Promise<string[]> {
    const sql = "SELECT DISTINCT period FROM rollups WHERE ws = $1 AND customer = $2";
    return (await this.#rows(sql, customer)).map((row) => row.period as string);
  }

  async adjustments({ customer, period }: CounterKey): Promise<Adjustment[]> {
    const sql = `SELECT * FROM adjustments
      WHERE ws = $1 AND customer = $2 AND booked_period = $3 ORDER BY seq FOR UPDATE`;
    return (await this.#rows(sql, customer, period)).map(decodeAdjustment);
  }

  async creditBooks(customers: readonly string[]): Promise<CreditBookRow[]> {
    const sql = `SELECT * FROM credit_books WHERE ws = $1 AND customer = ANY ($2::text[])
      ORDER BY customer FOR UPDATE`;
    return (await this.#rows(sql, customers)).map(decodeCreditBook);
  }

  async silentRuns(beforeMs: number, limit: number): Promise<Run[]> {
    const sql = `SELECT * FROM runs
      WHERE ws = $1 AND status = 'open' AND NOT standing AND last_seen_at < $2
      ORDER BY last_seen_at, id LIMIT $3 FOR UPDATE`;
    return (await this.#rows(sql, beforeMs, limit)).map(decodeRun);
  }

  async dueOutcomes(
    atMs: number,
    { customer, limit }: { readonly customer?: string; readonly limit: number },
  ): Promise<OutcomeState[]> {
    const sql = `SELECT * FROM outcomes
      WHERE ws = $1 AND status = 'provisional' AND final_at <= $2
      AND ($3::text IS NULL OR customer = $3) ORDER BY final_at, run, key LIMIT $4 FOR UPDATE`;
    return (await this.#rows(sql, atMs, customer ?? null, limit)).map(decodeOutcome);
  }

  write(writes: Writes): Promise<void> {
    return writeRows(this.#target, writes);
  }
}
