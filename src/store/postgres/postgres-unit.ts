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
import { ALL_BY_SEQ } from "../../engine/history.ts";
import type { CommitsBehind, Lease, LiveNote, RulesVersions } from "../../engine/node-ports.ts";
import type {
  Call,
  ChainHead,
  Conflict,
  CountedPage,
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
import { conditionsOfDue } from "../conditions.ts";
import { decodeCreditBook } from "../stored-credit.ts";
import {
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
import { BillRows, CHARGED_PERIODS } from "./bill-rows.ts";
import { type Parameter, type Queries, rowsOf } from "./connection.ts";
import type { Ground } from "./ground.ts";
import { byKeys } from "./keyed-rows.ts";
import { type KnownPage, pagesOf } from "./known-counters.ts";
import { listQuery } from "./list-query.ts";
import { writeNote } from "./postgres-notes.ts";
import { PostgresSpending } from "./postgres-spending.ts";
import { RUNS, SILENT_RUNS, unfinishedRuns } from "./run-places.ts";
import { decodeStep } from "./step-rows.ts";
import type { Target } from "./target.ts";
import { TreeRows } from "./tree-rows.ts";
import type { UnitAhead } from "./unit-ahead.ts";
import { type SentRows, writeRows } from "./write-rows.ts";
import { writtenHolds } from "./written-holds.ts";

/** Rows of a table by the identities of events. */
const byIdentity = (table: string, where = "true") => byKeys(table, "run source id", { where });

const CUSTOMERS = byKeys("customers", "id");
const CALLS = byKeys("calls", "call_id", { order: "customer call_id" });
const WITNESSES_OF_CALLS = byKeys("witnesses", "call_id", { order: "run source id" });
const CREDIT_BOOKS = byKeys("credit_books", "customer");
const COUNTERS = byKeys("counters", "customer period");
const CELLS = byKeys("counters", "customer period card_key charge_key cell");
const PERIODS = byKeys("periods", "customer period");
const STEPS = byKeys("steps", "customer run source id month:int4");
const OUTCOMES = byKeys("outcomes", "customer run key");
const JOURNALLED = byIdentity("journal", "r.run <> ''");

/** No unit that hands over writes such rows, or what it wrote is known. */
const NEVER = () => false;

/** Reads and writes of one open transaction. */
export class PostgresUnit implements UnitOfWork {
  readonly #target: Target;
  readonly #ground: Ground;
  readonly #sent: SentRows[] = [];
  readonly spending: PostgresSpending;
  readonly #bills: BillRows;
  readonly #trees: TreeRows;
  /** What it writes and nobody else need be told of; null: nothing, or more than one write. */
  ownWrites: Writes | null = null;

  constructor(target: Target, ground: Ground) {
    this.#target = target;
    this.#ground = ground;
    this.spending = new PostgresSpending(target, (isWrittenBy) => this.#unless(isWrittenBy));
    const rows = (sql: string, ...values: Parameter[]) => this.#rows(sql, ...values);
    this.#bills = new BillRows(rows);
    this.#trees = new TreeRows(rows);
  }

  rules(): RulesVersions {
    return this.#ground.rules;
  }

  get isAlone(): boolean {
    return this.#target.rows.isAlone;
  }

  get isWatched(): boolean {
    return this.#ground.isWatched;
  }

  /** Whether something that it wrote is known to have failed, as far as that is known by now. */
  get hasFailed(): boolean {
    return this.#sent.some(({ hasFailed }) => hasFailed);
  }

  /** Resolves when the server has taken all that was written. Throws what failed first. */
  async answered(): Promise<void> {
    for (const { answered } of this.#sent) await answered;
  }

  tellLive(note: Pick<LiveNote, "node" | "text">): Promise<void> {
    return writeNote(this.#target, note);
  }

  get behind(): CommitsBehind {
    return this.#target.rows;
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
    return this.#from(this.#target.queries, sql, ...values);
  }

  #from(queries: Queries, sql: string, ...values: Parameter[]): Promise<Row[]> {
    return rowsOf(queries, sql, [this.#target.ws, ...values]);
  }

  /** The unit before it, where that was on its way when this one began. */
  get #ahead(): UnitAhead | null {
    return this.#sent.length === 0 ? this.#target.ahead : null;
  }

  /** Where rows are read: beside units of work, unless the unit ahead may have written them. */
  #unless(isWrittenBy: (ahead: UnitAhead) => boolean): Queries {
    const ahead = this.#ahead;
    return ahead === null || isWrittenBy(ahead) ? this.#target.queries : ahead.reads;
  }

  async #byIds(queries: Queries, sql: string, ids: readonly string[]): Promise<Row[]> {
    return ids.length === 0 ? [] : this.#from(queries, sql, [...new Set(ids)]);
  }

  async #byKeys(queries: Queries, sql: string, keys: readonly StepKey[]): Promise<Row[]> {
    if (keys.length === 0) return [];
    const columns = (["run", "source", "id"] as const).map((name) => keys.map((key) => key[name]));
    return this.#from(queries, sql, ...columns);
  }

  async #byPeriods(queries: Queries, sql: string, keys: readonly CounterKey[]): Promise<Row[]> {
    if (keys.length === 0) return [];
    const columns = (["customer", "period"] as const).map((name) => keys.map((key) => key[name]));
    return this.#from(queries, sql, ...columns);
  }

  head(): ChainHead {
    return this.#ground.head;
  }

  async runs(ids: readonly string[]): Promise<Run[]> {
    const { rows, places } = this.#target;
    const { found, unknown } = rows.runs(ids);
    for (const { run, month } of found) places.set(run.id, { customer: run.customer, month });
    const known = found.map(({ run }) => run);
    if (unknown.length === 0) return known;
    const queries = this.#unless((ahead) => ahead.hasRun(unknown));
    const read = this.#runsOf(await this.#byIds(queries, RUNS, unknown), unknown);
    const placed = read.map((run) => ({ run, month: places.monthOf(run.id) }));
    rows.learnRuns(placed, unknown);
    return [...known, ...read];
  }

  async descendants(id: string): Promise<Run[]> {
    return this.#runsOf(await this.#trees.below(id));
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
    const wanted = keys.filter((key) => this.#target.rows.mayHold(key));
    const added = wanted.flatMap((key) => this.#ahead?.step(key) ?? []);
    const rest = added.length === 0 ? wanted : wanted.filter((key) => !this.#ahead?.step(key));
    const placed = await this.#placed(rest);
    if (placed.length === 0) return added;
    const column = <T>(read: (key: (typeof placed)[number]) => T) => placed.map(read);
    const rows = await this.#from(
      this.#unless(NEVER),
      STEPS,
      column(({ customer }) => customer),
      column(({ run }) => run),
      column(({ source }) => source),
      column(({ id }) => id),
      column(({ month }) => month),
    );
    return [...added, ...rows.map(decodeStep)];
  }

  async stepsOfRun(run: string, limit?: number): Promise<Step[]> {
    const [place] = await this.#placed([{ run }]);
    if (place === undefined) return [];
    return (await this.#trees.steps(place, limit)).map(decodeStep);
  }

  async suspended(keys: readonly StepKey[]): Promise<Suspended[]> {
    const rows = await this.#byKeys(this.#unless(NEVER), byIdentity("suspended"), keys);
    return rows.map(decodeSuspended);
  }

  async suspendedOfRuns(runs: readonly string[]): Promise<Suspended[]> {
    const sql = `SELECT * FROM suspended WHERE ws = $1 AND run = ANY($2) ORDER BY run, source, id`;
    return (await this.#rows(sql, [...runs])).map(decodeSuspended);
  }

  async conflicts(keys: readonly StepKey[]): Promise<Conflict[]> {
    const queries = this.#unless((ahead) => ahead.hasAny("conflicts"));
    return (await this.#byKeys(queries, byIdentity("conflicts"), keys)).map(decodeConflict);
  }

  async calls(callIds: readonly string[]): Promise<Call[]> {
    const queries = this.#unless((ahead) => ahead.hasAny("calls"));
    return (await this.#byIds(queries, CALLS, callIds)).map(decodeCall);
  }

  async witnesses(keys: readonly StepKey[]): Promise<Witness[]> {
    const queries = this.#unless((ahead) => ahead.hasAny("witnesses"));
    return (await this.#byKeys(queries, byIdentity("witnesses"), keys)).map(decodeWitness);
  }

  async witnessesOfCalls(callIds: readonly string[]): Promise<Witness[]> {
    const { queries } = this.#target;
    return (await this.#byIds(queries, WITNESSES_OF_CALLS, callIds)).map(decodeWitness);
  }

  async customers(ids: readonly string[]): Promise<Customer[]> {
    const { found, unknown } = this.#target.rows.customers(ids);
    const rows = await this.#byIds(this.#unless(NEVER), CUSTOMERS, unknown);
    const read = rows.map(decodeCustomer);
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
    const rows = await this.#byKeys(this.#unless(NEVER), JOURNALLED, keys);
    return rows.map(decodeJournal);
  }

  async counters(keys: readonly CounterKey[]): Promise<StoredCounter[]> {
    return (await this.#pages(keys)).flatMap((page) => page.all);
  }

  async counted(keys: readonly CounterKey[]): Promise<CountedPage[]> {
    return this.#pages(keys);
  }

  async #pages(keys: readonly CounterKey[]): Promise<KnownPage[]> {
    const { found, unknown } = this.#target.rows.counters(keys);
    const queries = this.#unless((ahead) => ahead.hasCounter(unknown));
    const rows = await this.#byPeriods(queries, COUNTERS, unknown);
    const read = pagesOf(rows.map(decodeCounter), unknown);
    this.#target.rows.learnCounters(read);
    await this.#readMoved(found);
    return [...found, ...read];
  }

  /** What others moved of pages that are known. */
  async #readMoved(pages: readonly KnownPage[]): Promise<void> {
    for (const page of pages) {
      const { moved } = page;
      if (moved.length === 0) continue;
      const queries = this.#unless((ahead) => ahead.hasCounter([page]));
      const columns = (["customer", "period", "cardKey", "chargeKey", "cell"] as const).map(
        (name) => moved.map((key) => key[name]),
      );
      const rows = await this.#from(queries, CELLS, ...columns);
      this.#target.rows.learnMoved(page, rows.map(decodeCounter));
    }
  }

  async periods(keys: readonly CounterKey[]): Promise<PeriodState[]> {
    const { found, unknown } = this.#target.rows.periods(keys);
    const rows = await this.#byPeriods(this.#unless(NEVER), PERIODS, unknown);
    const read = rows.map(decodePeriod);
    this.#target.rows.learnPeriods(read, unknown);
    return [...found.flatMap((state) => state ?? []), ...read];
  }

  periodsOf(customer: string): Promise<PeriodState[]> {
    return this.#bills.periodsOf(customer);
  }

  async chargedPeriods(customer: string): Promise<string[]> {
    return (await this.#rows(CHARGED_PERIODS, customer)).map((row) => row.period as string);
  }

  rollups(key: CounterKey): Promise<RollupRow[]> {
    return this.#bills.rollups(key);
  }

  adjustments(key: CounterKey, page = ALL_BY_SEQ): Promise<Adjustment[]> {
    return this.#bills.adjustments(key, page);
  }

  async creditBooks(customers: readonly string[]): Promise<CreditBookRow[]> {
    const rows = await this.#byIds(this.#target.queries, CREDIT_BOOKS, customers);
    return rows.map(decodeCreditBook);
  }

  async silentRuns(beforeMs: number, limit: number): Promise<Run[]> {
    return this.#runsOf(await this.#rows(SILENT_RUNS, beforeMs, limit));
  }

  async unfinishedRuns(limit: number, customer?: string): Promise<Run[]> {
    return this.#runsOf(await this.#rows(...unfinishedRuns(limit, customer)));
  }

  async dueOutcomes(
    atMs: number,
    { customer, limit }: { readonly customer?: string; readonly limit: number },
  ): Promise<OutcomeState[]> {
    const list = { conditions: conditionsOfDue(atMs, customer), order: "final_at, run, key" };
    const query = listQuery("outcomes", { ...list, limit });
    return (await this.#rows(...query)).map(decodeOutcome);
  }

  /** Resolves when it is sent: `answered` tells whether the server has taken it. */
  async write(writes: Writes): Promise<void> {
    const former = await this.spending.formerHolds(writes.holds);
    const holds = writtenHolds(writes.holds, former);
    const touched = this.#target.rows.written(writes, holds);
    const sent = await writeRows(this.#target, writes, { touched, holds });
    this.ownWrites = touched === null && this.#sent.length === 0 ? writes : null;
    this.#sent.push(sent);
    this.spending.forget();
  }
}
