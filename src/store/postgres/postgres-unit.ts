/**
 * One transaction on one workspace. Reads take all their keys in one statement. The workspace's own
 * row is locked first, on whichever node, so units of one workspace run one after the other, what
 * they read does not change under them, and no other row needs a lock: to lock rows that nobody
 * else can have would write each of them twice (decision 0111).
 */
import type { JournalEntry } from "../../domain/event/journal.ts";
import type { Step } from "../../domain/event/step.ts";
import type { Adjustment, PeriodState } from "../../domain/period/records.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import type { OutcomeState, Run } from "../../domain/run/run.ts";
import type { Lease, LiveNote, PeriodMove, RulesVersions } from "../../engine/node-ports.ts";
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
  decodeRollup,
  decodeRun,
  decodeSuspended,
  decodeWitness,
  type Row,
} from "../stored-rows.ts";
import { type Parameter, rowsOf } from "./connection.ts";
import { byKeys } from "./keyed-rows.ts";
import { writeNote } from "./postgres-notes.ts";
import { PostgresSpending } from "./postgres-spending.ts";
import { RUNS } from "./run-places.ts";
import { decodeStep } from "./step-rows.ts";
import type { Target } from "./target.ts";
import { writeRows } from "./write-rows.ts";

/** Rows of a table by the identities of events. */
const byIdentity = (table: string, where = "true") => byKeys(table, "run source id", { where });

const CUSTOMERS = byKeys("customers", "id");
const CALLS = byKeys("calls", "call_id", { order: "customer call_id" });
const WITNESSES_OF_CALLS = byKeys("witnesses", "call_id", { order: "run source id" });
const CREDIT_BOOKS = byKeys("credit_books", "customer");
const COUNTERS = byKeys("counters", "customer period");
const PERIODS = byKeys("periods", "customer period");
const STEPS = byKeys("steps", "customer run source id month:int4");
const OUTCOMES = byKeys("outcomes", "customer run key");

/** What the lock of the workspace's row told. */
export interface UnitStart {
  readonly head: ChainHead;
  readonly rules: RulesVersions;
  readonly isWatched: boolean;
}

/** Reads and writes of one open transaction. */
export class PostgresUnit implements UnitOfWork {
  readonly #target: Target;
  readonly #start: UnitStart;
  readonly spending: PostgresSpending;

  constructor(target: Target, start: UnitStart) {
    this.#target = target;
    this.#start = start;
    this.spending = new PostgresSpending(target);
  }

  rules(): RulesVersions {
    return this.#start.rules;
  }

  get isWatched(): boolean {
    return this.#start.isWatched;
  }

  tellLive(note: Pick<LiveNote, "node" | "text">): Promise<void> {
    return writeNote(this.#target, note);
  }

  movedSince(digest: string): readonly (readonly PeriodMove[])[] | null {
    return this.#target.rows.movedSince(digest);
  }

  async holds({ name, fence }: Lease): Promise<boolean> {
    const { queries } = this.#target;
    const [row] = await rowsOf(queries, "SELECT tollgate_holds_lease($1, $2) AS held", [
      name,
      fence,
    ]);
    return row?.held === true;
  }

  /** Runs of rows that were asked for by these ids; where each stands is known from then on. */
  #runsOf(rows: readonly Row[], ids: readonly string[] = []): Run[] {
    this.#target.places.learn(rows, ids);
    return rows.map(decodeRun);
  }

  #rows(sql: string, ...values: Parameter[]): Promise<Row[]> {
    const { queries, ws } = this.#target;
    return rowsOf(queries, sql, [ws, ...values]);
  }

  async #byIds(sql: string, ids: readonly string[]): Promise<Row[]> {
    return ids.length === 0 ? [] : this.#rows(sql, [...new Set(ids)]);
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
    return this.#start.head;
  }

  async runs(ids: readonly string[]): Promise<Run[]> {
    const { rows, places } = this.#target;
    const { found, unknown } = rows.runs(ids);
    for (const { run, month } of found) places.set(run.id, { customer: run.customer, month });
    const known = found.map(({ run }) => run);
    if (unknown.length === 0) return known;
    const read = this.#runsOf(await this.#byIds(RUNS, unknown), unknown);
    const placed = read.map((run) => ({ run, month: places.monthOf(run.id) }));
    rows.learnRuns(placed, unknown);
    return [...known, ...read];
  }

  async descendants(id: string): Promise<Run[]> {
    const sql = `
      WITH RECURSIVE below (id) AS (
        SELECT id FROM runs WHERE ws = $1 AND parent = $2
        UNION ALL SELECT r.id FROM runs r JOIN below b ON r.ws = $1 AND r.parent = b.id
      ) SELECT * FROM runs WHERE ws = $1 AND id IN (SELECT id FROM below)
      ORDER BY id`;
    return this.#runsOf(await this.#rows(sql, id));
  }

  /**
   * What belongs to runs that have a customer, with customer and month: the keys of such rows begin
   * and end with them. A run that nobody has bound has none.
   */
  async #placed<Key extends { readonly run: string }>(keys: readonly Key[]) {
    if (keys.length === 0) return [];
    const { queries, ws, places } = this.#target;
    await places.find(
      queries,
      ws,
      keys.map(({ run }) => run),
    );
    return keys.flatMap((key) => {
      const { customer = null, month = 0 } = places.of(key.run) ?? {};
      return customer === null ? [] : { ...key, customer, month };
    });
  }

  async steps(keys: readonly StepKey[]): Promise<Step[]> {
    const placed = await this.#placed(keys.filter((key) => this.#target.rows.mayHold(key)));
    if (placed.length === 0) return [];
    const column = <T>(read: (key: (typeof placed)[number]) => T) => placed.map(read);
    const rows = await this.#rows(
      STEPS,
      column(({ customer }) => customer),
      column(({ run }) => run),
      column(({ source }) => source),
      column(({ id }) => id),
      column(({ month }) => month),
    );
    return rows.map(decodeStep);
  }

  async stepsOfRun(run: string): Promise<Step[]> {
    const [place] = await this.#placed([{ run }]);
    if (place === undefined) return [];
    const sql = `SELECT * FROM steps
      WHERE ws = $1 AND customer = $2 AND run = $3 AND month = $4 ORDER BY source, id`;
    return (await this.#rows(sql, place.customer, run, place.month)).map(decodeStep);
  }

  async suspended(keys: readonly StepKey[]): Promise<Suspended[]> {
    return (await this.#byKeys(byIdentity("suspended"), keys)).map(decodeSuspended);
  }

  async suspendedOfRun(run: string): Promise<Suspended[]> {
    const sql = `SELECT * FROM suspended WHERE ws = $1 AND run = $2
      ORDER BY source, id`;
    return (await this.#rows(sql, run)).map(decodeSuspended);
  }

  async conflicts(keys: readonly StepKey[]): Promise<Conflict[]> {
    return (await this.#byKeys(byIdentity("conflicts"), keys)).map(decodeConflict);
  }

  async calls(callIds: readonly string[]): Promise<Call[]> {
    return (await this.#byIds(CALLS, callIds)).map(decodeCall);
  }

  async witnesses(keys: readonly StepKey[]): Promise<Witness[]> {
    return (await this.#byKeys(byIdentity("witnesses"), keys)).map(decodeWitness);
  }

  async witnessesOfCalls(callIds: readonly string[]): Promise<Witness[]> {
    return (await this.#byIds(WITNESSES_OF_CALLS, callIds)).map(decodeWitness);
  }

  async customers(ids: readonly string[]): Promise<Customer[]> {
    const { found, unknown } = this.#target.rows.customers(ids);
    const read = (await this.#byIds(CUSTOMERS, unknown)).map(decodeCustomer);
    this.#target.rows.learnCustomers(read);
    return [...found, ...read];
  }

  async outcomes(keys: readonly { run: string; key: string }[]): Promise<OutcomeState[]> {
    const placed = await this.#placed(keys);
    if (placed.length === 0) return [];
    const column = <T>(read: (key: (typeof placed)[number]) => T) => placed.map(read);
    const rows = await this.#rows(
      OUTCOMES,
      column(({ customer }) => customer),
      column(({ run }) => run),
      column(({ key }) => key),
    );
    return rows.map(decodeOutcome);
  }

  async outcomesOfRun(run: string): Promise<OutcomeState[]> {
    const [place] = await this.#placed([{ run }]);
    if (place === undefined) return [];
    const sql = `SELECT * FROM outcomes WHERE ws = $1 AND customer = $2 AND run = $3
      ORDER BY key`;
    return (await this.#rows(sql, place.customer, run)).map(decodeOutcome);
  }

  async journalled(keys: readonly StepKey[]): Promise<JournalEntry[]> {
    return (await this.#byKeys(byIdentity("journal", "r.run <> ''"), keys)).map(decodeJournal);
  }

  async counters(keys: readonly CounterKey[]): Promise<StoredCounter[]> {
    const { found, unknown } = this.#target.rows.counters(keys);
    const read = (await this.#byPeriods(COUNTERS, unknown)).map(decodeCounter);
    this.#target.rows.learnCounters(read, unknown);
    return [...found.flat(), ...read];
  }

  async periods(keys: readonly CounterKey[]): Promise<PeriodState[]> {
    const { found, unknown } = this.#target.rows.periods(keys);
    const read = (await this.#byPeriods(PERIODS, unknown)).map(decodePeriod);
    this.#target.rows.learnPeriods(read, unknown);
    return [...found.flatMap((state) => state ?? []), ...read];
  }

  async periodsOf(customer: string): Promise<PeriodState[]> {
    const sql = "SELECT * FROM periods WHERE ws = $1 AND customer = $2 ORDER BY period";
    return (await this.#rows(sql, customer)).map(decodePeriod);
  }

  async usedPeriods(customer: string): Promise<string[]> {
    const sql = "SELECT DISTINCT period FROM rollups WHERE ws = $1 AND customer = $2";
    return (await this.#rows(sql, customer)).map((row) => row.period as string);
  }

  async rollups({ customer, period }: CounterKey): Promise<RollupRow[]> {
    const sql = "SELECT * FROM rollups WHERE ws = $1 AND customer = $2 AND period = $3";
    return (await this.#rows(sql, customer, period)).map(decodeRollup);
  }

  async adjustments({ customer, period }: CounterKey): Promise<Adjustment[]> {
    const sql = `SELECT * FROM adjustments
      WHERE ws = $1 AND customer = $2 AND booked_period = $3 ORDER BY seq`;
    return (await this.#rows(sql, customer, period)).map(decodeAdjustment);
  }

  async creditBooks(customers: readonly string[]): Promise<CreditBookRow[]> {
    return (await this.#byIds(CREDIT_BOOKS, customers)).map(decodeCreditBook);
  }

  async silentRuns(beforeMs: number, limit: number): Promise<Run[]> {
    const sql = `SELECT * FROM runs
      WHERE ws = $1 AND status = 'open' AND NOT standing AND last_seen_at < $2
      ORDER BY last_seen_at, id LIMIT $3`;
    return this.#runsOf(await this.#rows(sql, beforeMs, limit));
  }

  async dueOutcomes(
    atMs: number,
    { customer, limit }: { readonly customer?: string; readonly limit: number },
  ): Promise<OutcomeState[]> {
    const sql = `SELECT * FROM outcomes
      WHERE ws = $1 AND status = 'provisional' AND final_at <= $2
      AND ($3::text IS NULL OR customer = $3) ORDER BY final_at, run, key LIMIT $4`;
    return (await this.#rows(sql, atMs, customer ?? null, limit)).map(decodeOutcome);
  }

  async write(writes: Writes): Promise<void> {
    const touched = this.#target.rows.written(writes);
    await writeRows(this.#target, writes, { touched, spending: this.spending });
    this.spending.forget();
  }
}
