/**
 * The embedded store: one file, one writer process. Acknowledged means committed with an
 * fdatasync that covers it (write-ahead log, synchronous=FULL).
 */
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { PriceVersion } from "../../domain/cost/price-book.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { JournalEntry } from "../../domain/event/journal.ts";
import type { Step } from "../../domain/event/step.ts";
import type { Adjustment, PeriodState, StatementRecord } from "../../domain/period/records.ts";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import type { OutcomeState, Run, RunFacts } from "../../domain/run/run.ts";
import { CHAIN_START } from "../../engine/commit/seal.ts";
import { Turns } from "../../engine/commit/turns.ts";
import type { History, PageAfter } from "../../engine/history.ts";
import type { StatementFilter, StatementHead } from "../../engine/periods/statement-list.ts";
import type {
  ActFilter,
  Answer,
  ChainLink,
  Conflict,
  CounterKey,
  Customer,
  Digest,
  ProvisionalFilter,
  RevisionFilter,
  RunFilter,
  StepPage,
  Store,
  StoredCounter,
  Suspended,
  UnitOfWork,
  UsageFilter,
} from "../../engine/ports.ts";
import { SoleStore } from "../sole-writer.ts";
import type { Bound, Row } from "../stored-rows.ts";
import {
  decodeConflict,
  decodeCustomer,
  decodeJournal,
  decodePeriod,
  decodeStatement,
  decodeSuspended,
} from "../stored-rows.ts";
import { decodeCard, decodePrices } from "../stored-tariff.ts";
import { CurrentTotals } from "./current-totals.ts";
import { inHeldFolder } from "./data-folder-lock.ts";
import { Names } from "./names.ts";
import { type OpenOptions, openReader, openWriter } from "./open-database.ts";
import { OwnTransactions } from "./own-transactions.ts";
import { actsOf, lastActOf } from "./read-acts.ts";
import { adjustmentPage, adjustmentsOf, bookedByHand } from "./read-adjustments.ts";
import { formerOutcomes, formerRun, linkBefore, revisionsOfRun } from "./read-history.ts";
import { outcomesOfRun, provisionalOutcomes } from "./read-outcomes.ts";
import { statementPage, statementsOf } from "./read-statements.ts";
import { type ReadParts, stepPage, stepsOfRun } from "./read-steps.ts";
import type { TotalsAnswers, TotalsQuery } from "./read-totals.ts";
import { RowCaches } from "./row-caches.ts";
import { SqliteAlerts } from "./sqlite-alerts.ts";
import { SqliteCreditReads } from "./sqlite-credit.ts";
import { ask } from "./sqlite-errors.ts";
import { sqliteHistory } from "./sqlite-history.ts";
import { SqliteKeyring } from "./sqlite-keyring.ts";
import { SqliteOutbox } from "./sqlite-outbox.ts";
import { SqliteSpendingReads } from "./sqlite-spending.ts";
import { Statements } from "./statements.ts";
import { decodeStep } from "./step-rows.ts";
import type { TransactionDraft } from "./transaction.ts";
import type { UnitShared } from "./unit-shared.ts";
import { UnitsOfWork } from "./units-of-work.ts";
import { unsummedWorkspaces } from "./unsummed-workspaces.ts";
import { inlineWriter, type Writer, type WriterPlace } from "./writer.ts";

/** Name of the database file inside the data folder. */
export const DATABASE_FILE = "tollgate.db";

/** Where the store lies and how it is opened. */
export interface SqliteOptions extends OpenOptions {
  /** Folder that holds the file; made if it does not exist. */
  readonly dataDir: string;
  readonly digest: Digest;
  /** Who commits. (Default: the caller's thread.) */
  readonly writer?: (place: WriterPlace) => Writer;
}

/** Opens a data folder. Throws `store.locked`, `store.read_only` or `store.version`. */
export function openSqliteStore(options: SqliteOptions): SqliteStore {
  mkdirSync(options.dataDir, { recursive: true });
  const path = join(options.dataDir, DATABASE_FILE);
  return inHeldFolder(options.dataDir, (release) => new SqliteStore({ path, release, options }));
}

class SqliteStore extends SoleStore implements Store {
  readonly #path: string;
  readonly #release: () => void;
  readonly #writer: Writer;
  readonly #reader: DatabaseSync;
  readonly #reads: Statements;
  readonly #shared: UnitShared;
  readonly #workspaces = new Map<string, number>();
  /** Workspaces whose totals lacked steps when the file was opened; null: any may. */
  readonly #unsummed: ReadonlySet<number> | null;
  /** There is one writing connection: what overlapped would share a transaction. */
  readonly #turns = new Turns();
  readonly #current: CurrentTotals;
  readonly #units: UnitsOfWork;
  readonly #own: OwnTransactions;
  readonly spending: SqliteSpendingReads;
  readonly #rows = {
    ws: (workspace: string) => this.#ws(workspace),
    all: (sql: string, ...values: Bound[]) => this.#all(sql, ...values),
    save: (sql: string, ...values: Bound[]) => this.#own.save(sql, ...values),
    commit: (draft: TransactionDraft) => this.#own.write(draft),
    checksum: (text: string) => this.#shared.checksum(text),
  };
  readonly keyring = new SqliteKeyring(this.#rows);
  readonly alerts = new SqliteAlerts(this.#rows);
  readonly outbox: SqliteOutbox;
  readonly credit = new SqliteCreditReads((workspace, sql, ...values) =>
    this.#all(sql, this.#ws(workspace), ...values),
  );

  constructor(opened: {
    readonly path: string;
    readonly release: () => void;
    readonly options: SqliteOptions;
  }) {
    super();
    const { path, release, options } = opened;
    this.#path = path;
    this.#release = release;
    // The schema is brought up to date before anybody reads.
    const opening = openWriter(path, options);
    this.#unsummed = unsummedWorkspaces(opening);
    opening.close();
    const { digest, writer = inlineWriter, synchronous } = options;
    this.#writer = writer({ path, options: synchronous === undefined ? {} : { synchronous } });
    this.#reader = openReader(path);
    this.#reads = new Statements(this.#reader);
    this.#shared = {
      names: new Names(this.#reader),
      caches: new RowCaches(this.#reads),
      statements: this.#reads,
      summing: new Map(),
      checksum: (text) => digest.checksum(text),
    };
    const parts = { shared: this.#shared, writer: this.#writer, turns: this.#turns };
    this.#own = new OwnTransactions(parts);
    const all = this.#all.bind(this);
    const ws = (id: string) => this.#ws(id);
    this.outbox = new SqliteOutbox({ ws, all, own: this.#own, checksum: this.#shared.checksum });
    this.#current = new CurrentTotals(parts);
    this.#units = new UnitsOfWork(parts, this.#current);
    this.spending = new SqliteSpendingReads({
      ...{ ws, all },
      rows: (own) => {
        this.#current.requireSummed(own);
        return this.#shared.caches.budgets(own);
      },
      settle: (workspace) => this.settle(workspace),
    });
    for (const id of this.workspaces()) this.#ws(id);
  }

  async transact<T>(
    workspace: string,
    work: (unit: UnitOfWork) => Answer<T>,
    handedOver?: () => void,
  ): Promise<T> {
    const units = this.#units;
    if (handedOver === undefined) {
      return this.#turns.take(async () => units.whole(this.#ws(workspace), work));
    }
    return this.#turns.takeEarly(async () => units.early(this.#ws(workspace), work, handedOver));
  }

  unsummedSteps(workspace: string): Step[] {
    const ws = this.#ws(workspace);
    return ask(() =>
      this.#current.unsummedRows(ws).map((row) => decodeStep(row, this.#shared.names)),
    );
  }

  async settle(workspace: string): Promise<void> {
    const ws = this.#ws(workspace);
    await this.#turns.take(async () => this.#current.settle(ws));
  }

  #ws(workspace: string): number {
    const known = this.#workspaces.get(workspace);
    if (known !== undefined) return known;
    const [row] = this.#all("SELECT ws FROM workspaces WHERE id = ?", workspace);
    if (row === undefined) {
      throw new TollgateError("store.corrupt", `There is no workspace "${workspace}".`);
    }
    const ws = row.ws as number;
    this.#workspaces.set(workspace, ws);
    // One that was made later has no steps yet.
    if (this.#unsummed?.has(ws) ?? true) this.#current.doubt(ws);
    return ws;
  }

  #all(sql: string, ...values: Bound[]): Row[] {
    return ask(() => this.#reads.of(sql).all(...values));
  }

  workspaces(): string[] {
    return this.#all("SELECT id FROM workspaces ORDER BY ws").map((row) => row.id as string);
  }

  async createWorkspace(workspace: string): Promise<void> {
    const sql = `INSERT OR IGNORE INTO workspaces (id, chain, summed_step_no)
      VALUES (?, ?, (SELECT coalesce(max(step_no), 0) FROM steps))`;
    await this.#own.save(sql, workspace, CHAIN_START);
  }

  cards(workspace: string): RateCardVersion[] {
    const sql = "SELECT * FROM rate_cards WHERE ws = ? ORDER BY version_id";
    return this.#all(sql, this.#ws(workspace)).map(decodeCard);
  }

  prices(workspace: string): PriceVersion[] {
    const sql = "SELECT * FROM price_versions WHERE ws = ? ORDER BY version_id";
    return this.#all(sql, this.#ws(workspace)).map(decodePrices);
  }

  #totals<Name extends TotalsQuery["name"]>(
    query: TotalsQuery & { readonly name: Name },
  ): Answer<TotalsAnswers[Name]> {
    return this.#current.read(query) as Answer<TotalsAnswers[Name]>;
  }

  run(workspace: string, id: string): Answer<Run | undefined> {
    return this.#totals<"run">({ name: "run", ws: this.#ws(workspace), id });
  }

  runs(workspace: string, ids: readonly string[]): Answer<Run[]> {
    return this.#totals<"runsOf">({ name: "runsOf", ws: this.#ws(workspace), ids });
  }

  children(workspace: string, id: string): Answer<Run[]> {
    return this.#totals<"children">({ name: "children", ws: this.#ws(workspace), id });
  }

  listRuns(workspace: string, filter: RunFilter): Answer<Run[]> {
    return this.#totals<"runs">({ name: "runs", ws: this.#ws(workspace), filter });
  }

  stepsOfRun(workspace: string, run: string, limit?: number): Step[] {
    return this.#read(workspace, (parts) => stepsOfRun(parts, run, limit));
  }

  stepPage(workspace: string, after: string, limit: number): StepPage {
    return this.#read(workspace, (parts) => stepPage(parts, after, limit));
  }

  runIds(workspace: string, after: string, limit: number): string[] {
    const sql = "SELECT id FROM runs WHERE ws = ? AND id > ? ORDER BY id LIMIT ?";
    return this.#all(sql, this.#ws(workspace), after, limit).map((row) => row.id as string);
  }

  outcomesOfRun(workspace: string, run: string): OutcomeState[] {
    return this.#read(workspace, (parts) => outcomesOfRun(parts, run));
  }

  outcomesOfRuns(workspace: string, runs: readonly string[]): OutcomeState[] {
    return runs.flatMap((run) => this.outcomesOfRun(workspace, run));
  }

  provisionalOutcomes(workspace: string, filter: ProvisionalFilter): OutcomeState[] {
    return this.#read(workspace, (parts) => provisionalOutcomes(parts, filter));
  }

  history(workspace: string): History {
    const [path, ws] = [this.#path, this.#ws(workspace)];
    const runs = (page: PageAfter<string>) =>
      this.#totals<"runPage">({ name: "runPage", ws, page });
    return sqliteHistory({ store: this, workspace, path, ws, shared: this.#shared, runs });
  }

  rollups(workspace: string, filter: UsageFilter): Answer<RollupRow[]> {
    return this.#totals<"rollups">({ name: "rollups", ws: this.#ws(workspace), filter });
  }

  countersOf(workspace: string, key: CounterKey): Answer<StoredCounter[]> {
    return this.#totals<"counters">({ name: "counters", ws: this.#ws(workspace), key });
  }

  periodsToBill(workspace: string, prefix: string, customer: string | null = null) {
    const of = { ws: this.#ws(workspace), prefix, customer };
    return this.#totals<"periodsToBill">({ name: "periodsToBill", ...of });
  }

  customer(workspace: string, id: string): Customer | undefined {
    const sql = "SELECT * FROM customers WHERE ws = ? AND id = ?";
    return this.#all(sql, this.#ws(workspace), id).map(decodeCustomer)[0];
  }

  customers(workspace: string, ids: readonly string[]): Customer[] {
    return [...new Set(ids)].flatMap((id) => this.customer(workspace, id) ?? []);
  }

  listCustomers(workspace: string, limit: number, after = ""): Customer[] {
    const sql = "SELECT * FROM customers WHERE ws = ? AND id > ? ORDER BY id LIMIT ?";
    return this.#all(sql, this.#ws(workspace), after, limit).map(decodeCustomer);
  }

  listSuspended(workspace: string, limit: number, afterSeq = -1): Suspended[] {
    const sql = "SELECT * FROM suspended WHERE ws = ? AND seq > ? ORDER BY seq LIMIT ?";
    return this.#all(sql, this.#ws(workspace), afterSeq, limit).map(decodeSuspended);
  }

  listConflicts(workspace: string, limit: number, afterSeq = 0): Conflict[] {
    const sql = `SELECT * FROM conflicts
      WHERE ws = ? AND seq > ? AND settled IS NULL ORDER BY seq LIMIT ?`;
    return this.#all(sql, this.#ws(workspace), afterSeq, limit).map(decodeConflict);
  }

  listStatements(workspace: string, customer?: string): StatementRecord[] {
    return this.#read(workspace, (parts) => statementsOf(parts, customer));
  }

  statementPage(workspace: string, filter: StatementFilter): StatementHead[] {
    return this.#read(workspace, (parts) => statementPage(parts, filter));
  }

  statement(workspace: string, id: string): StatementRecord | undefined {
    const sql = "SELECT * FROM statements WHERE ws = ? AND id = ?";
    return this.#all(sql, this.#ws(workspace), id).map(decodeStatement)[0];
  }

  periodsOf(workspace: string, customer: string): PeriodState[] {
    const sql = "SELECT * FROM periods WHERE ws = ? AND customer = ? ORDER BY period";
    return this.#all(sql, this.#ws(workspace), customer).map(decodePeriod);
  }

  adjustmentsOf(workspace: string, key: CounterKey): Adjustment[] {
    return this.#read(workspace, (parts) => adjustmentsOf(parts, key));
  }

  adjustmentPage(workspace: string, key: CounterKey, page: PageAfter<number>): Adjustment[] {
    return this.#read(workspace, (parts) => adjustmentPage(parts, key, page));
  }

  bookedByHand(workspace: string, customer: string): Adjustment[] {
    return this.#read(workspace, (parts) => bookedByHand(parts, customer));
  }

  journal(workspace: string, afterSeq: number, limit: number): JournalEntry[] {
    const sql = "SELECT * FROM journal WHERE ws = ? AND seq > ? ORDER BY seq LIMIT ?";
    return this.#all(sql, this.#ws(workspace), afterSeq, limit).map(decodeJournal);
  }

  acts(workspace: string, filter: ActFilter): JournalEntry[] {
    return this.#read(workspace, (parts) => actsOf(parts, filter));
  }

  lastAct(workspace: string, kind: ActFilter["kind"], subject: string): JournalEntry | undefined {
    return this.#read(workspace, (parts) => lastActOf(parts, { kind, subject }));
  }

  #read<T>(workspace: string, read: (parts: ReadParts) => T): T {
    const parts = { reads: this.#reads, names: this.#shared.names, ws: this.#ws(workspace) };
    return ask(() => read(parts));
  }

  linkBefore(workspace: string, seq: number): ChainLink | undefined {
    return this.#read(workspace, (parts) => linkBefore(parts, seq));
  }

  revisionsOfRun(workspace: string, filter: RevisionFilter): StepPage {
    return this.#read(workspace, (parts) => revisionsOfRun(parts, filter));
  }

  formerRun(workspace: string, id: string, atSeq: number): RunFacts | undefined {
    return this.#read(workspace, (parts) => formerRun(parts, id, atSeq));
  }

  formerOutcomes(workspace: string, run: string, atSeq: number): OutcomeState[] {
    return this.#read(workspace, (parts) => formerOutcomes(parts, run, atSeq));
  }

  size(): { steps: number; runs: number; bytes: number } {
    const count = (table: string) =>
      this.#all(`SELECT count(*) AS n FROM ${table}`)[0]?.n as number;
    return { steps: count("steps"), runs: count("runs"), bytes: statSync(this.#path).size };
  }

  close(): Promise<void> {
    return this.#turns.take(async () => {
      this.#reader.close();
      await this.#writer.close();
      this.#release();
    });
  }
}
