/**
 * The store on PostgreSQL, for several nodes: the same rows and the same units of work as the
 * embedded store, one database transaction each. Nodes keep nothing in memory between units.
 */
import type { PriceVersion } from "../../domain/cost/price-book.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { JournalEntry } from "../../domain/event/journal.ts";
import type { Step } from "../../domain/event/step.ts";
import type { Adjustment, PeriodState, StatementRecord } from "../../domain/period/records.ts";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import type { OutcomeState, Run, RunFacts } from "../../domain/run/run.ts";
import type { History } from "../../engine/history.ts";
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
import { CHAIN_START } from "../../engine/seal.ts";
import {
  decodeAdjustment,
  decodeConflict,
  decodeCounter,
  decodeCustomer,
  decodeJournal,
  decodePeriod,
  decodeRollup,
  decodeRun,
  decodeStatement,
  decodeSuspended,
  type Row,
} from "../stored-rows.ts";
import { decodeCard, decodePrices } from "../stored-tariff.ts";
import { unknownOutcome } from "../unknown-outcome.ts";
import { type Parameter, rowsOf } from "./connection.ts";
import { type Client, openPool, type Pool } from "./driver.ts";
import { migrate } from "./migrate.ts";
import { PostgresCreditReads } from "./postgres-credit.ts";
import { postgresHistory, type RowsOf } from "./postgres-history.ts";
import { PostgresKeyring } from "./postgres-keyring.ts";
import { PostgresOutbox } from "./postgres-outbox.ts";
import { PostgresSpendingReads } from "./postgres-spending.ts";
import { PostgresUnit } from "./postgres-unit.ts";
import { formerOutcomes, formerRun, linkBefore, revisionsOfRun } from "./read-history.ts";
import { outcomesOfRun, provisionalOutcomes } from "./read-outcomes.ts";
import { type ReadParts, stepPage, stepsOfRun } from "./read-steps.ts";
import { runsQuery } from "./runs-query.ts";
import { control, rollBack } from "./transaction.ts";

/** Connections one node keeps: units of differing workspaces, and reads beside them. */
const CONNECTIONS_MAX_COUNT = 8;

/** Acknowledged means flushed, whatever the server's default is. */
const BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on";

/** Where the rows are, and what hashes them. */
export interface PostgresOptions {
  /** `postgresql://user:password@host:port/database`. */
  readonly connectionString: string;
  readonly digest: Digest;
}

/** Connects and brings the schema up to date. Throws `store.unknown` where it cannot. */
export async function openPostgresStore(options: PostgresOptions): Promise<Store> {
  const pool = await openPool(options.connectionString, CONNECTIONS_MAX_COUNT);
  try {
    const client = await pool.connect();
    await migrate(client).then(
      () => client.release(),
      (error: Error) => {
        client.release(error);
        throw error;
      },
    );
  } catch (error) {
    await pool.end();
    throw unknownOutcome(error);
  }
  return new PostgresStore(pool, options.digest);
}

class PostgresStore implements Store {
  readonly #pool: Pool;
  readonly #digest: Digest;
  readonly #workspaces = new Map<string, number>();
  readonly spending = new PostgresSpendingReads(async (workspace) => {
    const ws = await this.#ws(workspace);
    return (sql, ...values) => this.#all(sql, ws, ...values);
  });
  readonly keyring = new PostgresKeyring({
    all: (sql, ...values) => this.#all(sql, ...values),
    checksum: (text) => this.#digest.checksum(text),
  });
  readonly credit = new PostgresCreditReads((...asked) => this.#of(...asked));
  readonly outbox = new PostgresOutbox({
    of: (...asked) => this.#of(...asked),
    ws: (workspace) => this.#ws(workspace),
    checksum: (text) => this.#digest.checksum(text),
    inTransaction: (work) => this.#inOwnTransaction(work),
  });

  constructor(pool: Pool, digest: Digest) {
    this.#pool = pool;
    this.#digest = digest;
  }

  async transact<T>(workspace: string, work: (unit: UnitOfWork) => Answer<T>): Promise<T> {
    const client = await this.#connect();
    try {
      const result = await this.#inTransaction(client, workspace, work);
      client.release();
      return result;
    } catch (error) {
      await rollBack(client);
      throw error;
    }
  }

  async #connect(): Promise<Client> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw unknownOutcome(error);
    }
  }

  async #inTransaction<T>(
    client: Client,
    workspace: string,
    work: (unit: UnitOfWork) => Answer<T>,
  ): Promise<T> {
    await control(client, BEGIN);
    const sql = `SELECT ws, last_seq, chain, (SELECT committed_at FROM chain c
      WHERE c.ws = w.ws ORDER BY first_seq DESC LIMIT 1) AS committed_at
      FROM workspaces w WHERE id = $1 FOR UPDATE OF w`;
    const [row] = await rowsOf(client, sql, [workspace]);
    if (row === undefined) throw noWorkspace(workspace);
    const target = { queries: client, ws: row.ws as number, digest: this.#digest };
    const committedAtMs = (row.committed_at as number | null) ?? 0;
    const [lastSeq, digest] = [row.last_seq as number, row.chain as string];
    const result = await work(new PostgresUnit(target, { lastSeq, digest, committedAtMs }));
    const ended = await control(client, "COMMIT");
    if (ended !== "COMMIT") throw unknownOutcome(`the server answered COMMIT with ${ended}`);
    return result;
  }

  /** Commits what the work writes, or undoes it where it returns false. */
  async #inOwnTransaction(work: (client: Client) => Promise<boolean>): Promise<boolean> {
    const client = await this.#connect();
    try {
      await control(client, BEGIN);
      const isWanted = await work(client);
      const ended = await control(client, isWanted ? "COMMIT" : "ROLLBACK");
      client.release();
      if (ended === "COMMIT" || !isWanted) return isWanted;
      throw unknownOutcome(`the server answered COMMIT with ${ended}`);
    } catch (error) {
      await rollBack(client);
      throw error;
    }
  }

  async #ws(workspace: string): Promise<number> {
    const known = this.#workspaces.get(workspace);
    if (known !== undefined) return known;
    const [row] = await this.#all("SELECT ws FROM workspaces WHERE id = $1", workspace);
    if (row === undefined) throw noWorkspace(workspace);
    this.#workspaces.set(workspace, row.ws as number);
    return row.ws as number;
  }

  #all(sql: string, ...values: Parameter[]): Promise<Row[]> {
    return rowsOf(this.#pool, sql, values);
  }

  /** Rows of a workspace, which is the first parameter. */
  async #of(workspace: string, sql: string, ...values: Parameter[]): Promise<Row[]> {
    return this.#all(sql, await this.#ws(workspace), ...values);
  }

  /** Totals are written with their steps. */
  unsummedSteps(): readonly Step[] {
    return [];
  }

  async settle(): Promise<void> {}

  async workspaces(): Promise<string[]> {
    const rows = await this.#all("SELECT id FROM workspaces ORDER BY ws");
    return rows.map((row) => row.id as string);
  }

  async createWorkspace(workspace: string): Promise<void> {
    const sql = "INSERT INTO workspaces (id, chain) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
    await this.#all(sql, workspace, CHAIN_START);
  }

  async cards(workspace: string): Promise<RateCardVersion[]> {
    const sql = "SELECT * FROM rate_cards WHERE ws = $1 ORDER BY version_id";
    return (await this.#of(workspace, sql)).map(decodeCard);
  }

  async prices(workspace: string): Promise<PriceVersion[]> {
    const sql = "SELECT * FROM price_versions WHERE ws = $1 ORDER BY version_id";
    return (await this.#of(workspace, sql)).map(decodePrices);
  }

  async run(workspace: string, id: string): Promise<Run | undefined> {
    const sql = "SELECT * FROM runs WHERE ws = $1 AND id = $2";
    return (await this.#of(workspace, sql, id)).map(decodeRun)[0];
  }

  async children(workspace: string, id: string): Promise<Run[]> {
    const sql = "SELECT * FROM runs WHERE ws = $1 AND parent = $2 ORDER BY opened_at, id";
    return (await this.#of(workspace, sql, id)).map(decodeRun);
  }

  async listRuns(workspace: string, filter: RunFilter): Promise<Run[]> {
    const { after, byId = false } = filter;
    const last = after === undefined || byId ? undefined : await this.run(workspace, after);
    return (await this.#of(workspace, ...runsQuery(filter, last))).map(decodeRun);
  }

  async stepsOfRun(workspace: string, run: string): Promise<Step[]> {
    return stepsOfRun(await this.#parts(workspace), run);
  }

  async stepPage(workspace: string, after: string, limit: number): Promise<StepPage> {
    return stepPage(await this.#parts(workspace), after, limit);
  }

  async runIds(workspace: string, after: string, limit: number): Promise<string[]> {
    const sql = "SELECT id FROM runs WHERE ws = $1 AND id > $2 ORDER BY id LIMIT $3";
    return (await this.#of(workspace, sql, after, limit)).map((row) => row.id as string);
  }

  async outcomesOfRun(workspace: string, run: string): Promise<OutcomeState[]> {
    return outcomesOfRun(await this.#parts(workspace), run);
  }

  async provisionalOutcomes(workspace: string, filter: ProvisionalFilter): Promise<OutcomeState[]> {
    return provisionalOutcomes(await this.#parts(workspace), filter);
  }

  history(workspace: string): History {
    const rowsOf: RowsOf = (sql, ...values) => this.#of(workspace, sql, ...values);
    return postgresHistory(this, workspace, rowsOf);
  }

  async rollups(workspace: string, filter: UsageFilter): Promise<RollupRow[]> {
    const { customer = null, agent = null, period = null } = filter;
    const sql = `SELECT * FROM rollups WHERE ws = $1 AND ($2::text IS NULL OR customer = $2)
      AND ($3::text IS NULL OR agent = $3) AND ($4::text IS NULL OR period = $4)`;
    return (await this.#of(workspace, sql, customer, agent, period)).map(decodeRollup);
  }

  async countersOf(workspace: string, key: CounterKey): Promise<StoredCounter[]> {
    const sql = "SELECT * FROM counters WHERE ws = $1 AND customer = $2 AND period = $3";
    return (await this.#of(workspace, sql, key.customer, key.period)).map(decodeCounter);
  }

  async periodsToBill(workspace: string, periodPrefix: string): Promise<CounterKey[]> {
    const sql = `SELECT customer, period FROM rollups
        WHERE ws = $1 AND starts_with(period, $2)
      UNION SELECT customer, booked_period FROM adjustments
        WHERE ws = $1 AND starts_with(booked_period, $2)
      ORDER BY 1, 2`;
    return (await this.#of(workspace, sql, periodPrefix)).map((row) => ({
      customer: row.customer as string,
      period: row.period as string,
    }));
  }

  async customer(workspace: string, id: string): Promise<Customer | undefined> {
    const sql = "SELECT * FROM customers WHERE ws = $1 AND id = $2";
    return (await this.#of(workspace, sql, id)).map(decodeCustomer)[0];
  }

  async listCustomers(workspace: string, limit: number, after = ""): Promise<Customer[]> {
    const sql = "SELECT * FROM customers WHERE ws = $1 AND id > $2 ORDER BY id LIMIT $3";
    return (await this.#of(workspace, sql, after, limit)).map(decodeCustomer);
  }

  async listSuspended(workspace: string, limit: number): Promise<Suspended[]> {
    const sql = "SELECT * FROM suspended WHERE ws = $1 ORDER BY seq LIMIT $2";
    return (await this.#of(workspace, sql, limit)).map(decodeSuspended);
  }

  async listConflicts(workspace: string, limit: number): Promise<Conflict[]> {
    const sql = "SELECT * FROM conflicts WHERE ws = $1 AND settled IS NULL ORDER BY seq LIMIT $2";
    return (await this.#of(workspace, sql, limit)).map(decodeConflict);
  }

  async listStatements(workspace: string, customer?: string): Promise<StatementRecord[]> {
    const sql = `SELECT * FROM statements WHERE ws = $1 AND ($2::text IS NULL OR customer = $2)
      ORDER BY period DESC, customer, closed_at DESC, id`;
    return (await this.#of(workspace, sql, customer ?? null)).map(decodeStatement);
  }

  async statement(workspace: string, id: string): Promise<StatementRecord | undefined> {
    const sql = "SELECT * FROM statements WHERE ws = $1 AND id = $2";
    return (await this.#of(workspace, sql, id)).map(decodeStatement)[0];
  }

  async periodsOf(workspace: string, customer: string): Promise<PeriodState[]> {
    const sql = "SELECT * FROM periods WHERE ws = $1 AND customer = $2 ORDER BY period";
    return (await this.#of(workspace, sql, customer)).map(decodePeriod);
  }

  async adjustmentsOf(workspace: string, key: CounterKey): Promise<Adjustment[]> {
    const sql = `SELECT * FROM adjustments
      WHERE ws = $1 AND customer = $2 AND booked_period = $3 ORDER BY seq`;
    return (await this.#of(workspace, sql, key.customer, key.period)).map(decodeAdjustment);
  }

  async journal(workspace: string, afterSeq: number, limit: number): Promise<JournalEntry[]> {
    const sql = "SELECT * FROM journal WHERE ws = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    return (await this.#of(workspace, sql, afterSeq, limit)).map(decodeJournal);
  }

  async acts(workspace: string, filter: ActFilter): Promise<JournalEntry[]> {
    const { kind, subject = null, afterSeq = 0, limit } = filter;
    const sql = `SELECT * FROM journal WHERE ws = $1 AND run = '' AND source = $2
      AND ($3::text IS NULL OR id = $3) AND seq > $4 ORDER BY seq LIMIT $5`;
    return (await this.#of(workspace, sql, kind, subject, afterSeq, limit)).map(decodeJournal);
  }

  async lastAct(
    workspace: string,
    kind: ActFilter["kind"],
    subject: string,
  ): Promise<JournalEntry | undefined> {
    const sql = `SELECT * FROM journal WHERE ws = $1 AND run = '' AND source = $2 AND id = $3
      ORDER BY seq DESC LIMIT 1`;
    return (await this.#of(workspace, sql, kind, subject)).map(decodeJournal)[0];
  }

  async #parts(workspace: string): Promise<ReadParts> {
    return { queries: this.#pool, ws: await this.#ws(workspace) };
  }

  async linkBefore(workspace: string, seq: number): Promise<ChainLink | undefined> {
    return linkBefore(await this.#parts(workspace), seq);
  }

  async revisionsOfRun(workspace: string, filter: RevisionFilter): Promise<StepPage> {
    return revisionsOfRun(await this.#parts(workspace), filter);
  }

  async formerRun(workspace: string, id: string, atSeq: number): Promise<RunFacts | undefined> {
    return formerRun(await this.#parts(workspace), id, atSeq);
  }

  async formerOutcomes(workspace: string, run: string, atSeq: number): Promise<OutcomeState[]> {
    return formerOutcomes(await this.#parts(workspace), run, atSeq);
  }

  async size(): Promise<{ steps: number; runs: number; bytes: number }> {
    const sql = `SELECT (SELECT count(*) FROM steps) AS steps, (SELECT count(*) FROM runs) AS runs,
      pg_database_size(current_database()) AS bytes`;
    const [row] = await this.#all(sql);
    const number = (name: string) => row?.[name] as number;
    return { steps: number("steps"), runs: number("runs"), bytes: number("bytes") };
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

function noWorkspace(workspace: string): TollgateError {
  return new TollgateError("store.corrupt", `There is no workspace "${workspace}".`);
}
