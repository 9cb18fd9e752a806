/**
 * The store on PostgreSQL, for several nodes: the same rows and the same units of work as the
 * embedded store, one database transaction each. Nodes keep nothing in memory between units.
 */
import type { PriceVersion } from "../../domain/cost/price-book.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { JournalEntry, JournalKind } from "../../domain/event/journal.ts";
import type { Step } from "../../domain/event/step.ts";
import type { Adjustment, PeriodState, StatementRecord } from "../../domain/period/records.ts";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import type { OutcomeState, Run } from "../../domain/run/run.ts";
import type {
  ActFilter,
  Answer,
  ApiKey,
  Conflict,
  CounterKey,
  CreditBookRow,
  Customer,
  Digest,
  RunFilter,
  StepPage,
  Store,
  StoredCounter,
  Suspended,
  UnitOfWork,
  UsageFilter,
} from "../../engine/ports.ts";
import { CHAIN_START } from "../../engine/seal.ts";
import { decodeCreditBook } from "../stored-credit.ts";
import {
  decodeAdjustment,
  decodeConflict,
  decodeCounter,
  decodeCustomer,
  decodeJournal,
  decodeKey,
  decodeOutcome,
  decodePeriod,
  decodeRollup,
  decodeRun,
  decodeStatement,
  decodeSuspended,
  type Row,
  rowText,
} from "../stored-rows.ts";
import { decodeCard, decodePrices } from "../stored-tariff.ts";
import { unknownOutcome } from "../unknown-outcome.ts";
import { type Parameter, rowsOf } from "./connection.ts";
import { type Client, openPool, type Pool } from "./driver.ts";
import { migrate } from "./migrate.ts";
import { PostgresUnit } from "./postgres-unit.ts";
import { decodeStep } from "./step-rows.ts";

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
    const sql = "SELECT ws, last_seq, chain FROM workspaces WHERE id = $1 FOR UPDATE";
    const [row] = await rowsOf(client, sql, [workspace]);
    if (row === undefined) throw noWorkspace(workspace);
    const target = { queries: client, ws: row.ws as number, digest: this.#digest };
    const head = { lastSeq: row.last_seq as number, digest: row.chain as string };
    const result = await work(new PostgresUnit(target, head));
    const ended = await control(client, "COMMIT");
    if (ended !== "COMMIT") throw unknownOutcome(`the server answered COMMIT with ${ended}`);
    return result;
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

  async keyByHash(hash: string): Promise<ApiKey | undefined> {
    return (await this.#all("SELECT * FROM api_keys WHERE hash = $1", hash)).map(decodeKey)[0];
  }

  async keys(workspace: string): Promise<ApiKey[]> {
    const sql = "SELECT * FROM api_keys WHERE workspace = $1 ORDER BY created_at, id";
    return (await this.#all(sql, workspace)).map(decodeKey);
  }

  async saveKey(key: ApiKey): Promise<void> {
    const { id, hash, workspace, label, createdAtMs, revokedAtMs } = key;
    const scopes = JSON.stringify(key.scopes);
    const values = [id, hash, workspace, scopes, label, createdAtMs, revokedAtMs];
    const sql = `INSERT INTO api_keys VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
      ON CONFLICT (id) DO UPDATE SET (hash, workspace, scopes, label, created_at, revoked_at,
        checksum) = ROW (excluded.hash, excluded.workspace, excluded.scopes, excluded.label,
        excluded.created_at, excluded.revoked_at, excluded.checksum)`;
    await this.#all(sql, ...values, this.#digest.checksum(rowText(values)));
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
    const { customer = null, agent = null, status = null, roots = false } = filter;
    const { after, limit } = filter;
    const last = after === undefined ? undefined : await this.run(workspace, after);
    const sql = `SELECT * FROM runs WHERE ws = $1
      AND ($2::text IS NULL OR customer = $2) AND ($3::text IS NULL OR agent = $3)
      AND ($4::text IS NULL OR status = $4) AND (parent IS NULL OR NOT $5::boolean)
      AND ($6::bigint IS NULL OR (opened_at, id) < ($6, $7::text))
      ORDER BY opened_at DESC, id DESC LIMIT $8`;
    const before = [last?.openedAtMs ?? null, last?.id ?? null];
    const values = [customer, agent, status, roots, ...before, limit];
    return (await this.#of(workspace, sql, ...values)).map(decodeRun);
  }

  async stepsOfRun(workspace: string, run: string): Promise<Step[]> {
    const sql = `SELECT s.* FROM runs r
      JOIN steps s ON s.ws = r.ws AND s.customer = r.customer AND s.run = r.id
      WHERE r.ws = $1 AND r.id = $2 ORDER BY s.source, s.id`;
    return (await this.#of(workspace, sql, run)).map(decodeStep);
  }

  async stepPage(workspace: string, after: string, limit: number): Promise<StepPage> {
    const place = after === "" ? ["", "", "", ""] : (JSON.parse(after) as string[]);
    const sql = `SELECT * FROM steps WHERE ws = $1
      AND (customer, run, source, id) > ($2, $3, $4, $5)
      ORDER BY customer, run, source, id LIMIT $6`;
    const steps = (await this.#of(workspace, sql, ...place, limit)).map(decodeStep);
    const last = steps.at(-1);
    if (last === undefined || steps.length < limit) return { steps, next: null };
    return { steps, next: JSON.stringify([last.customer, last.run, last.source, last.id]) };
  }

  async runIds(workspace: string, after: string, limit: number): Promise<string[]> {
    const sql = "SELECT id FROM runs WHERE ws = $1 AND id > $2 ORDER BY id LIMIT $3";
    return (await this.#of(workspace, sql, after, limit)).map((row) => row.id as string);
  }

  async outcomesOfRun(workspace: string, run: string): Promise<OutcomeState[]> {
    const sql = `SELECT o.* FROM runs r
      JOIN outcomes o ON o.ws = r.ws AND o.customer = r.customer AND o.run = r.id
      WHERE r.ws = $1 AND r.id = $2 ORDER BY o.seq`;
    return (await this.#of(workspace, sql, run)).map(decodeOutcome);
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

  async customersBelow(workspace: string, parent: string): Promise<Customer[]> {
    const sql = `SELECT * FROM customers WHERE ws = $1 AND (parent::json) ->> 'id' = $2
      AND parent IS NOT NULL ORDER BY id`;
    return (await this.#of(workspace, sql, parent)).map(decodeCustomer);
  }

  async creditBook(workspace: string, customer: string): Promise<CreditBookRow | undefined> {
    const sql = "SELECT * FROM credit_books WHERE ws = $1 AND customer = $2";
    return (await this.#of(workspace, sql, customer)).map(decodeCreditBook)[0];
  }

  async creditBooksDue(workspace: string, atMs: number, limit: number): Promise<CreditBookRow[]> {
    const sql = `SELECT * FROM credit_books WHERE ws = $1 AND due_at <= $2
      ORDER BY due_at, customer LIMIT $3`;
    return (await this.#of(workspace, sql, atMs, limit)).map(decodeCreditBook);
  }

  async creditBooksWatched(workspace: string, limit: number, after = ""): Promise<CreditBookRow[]> {
    const sql = `SELECT * FROM credit_books WHERE ws = $1 AND watched AND customer > $2
      ORDER BY customer LIMIT $3`;
    return (await this.#of(workspace, sql, after, limit)).map(decodeCreditBook);
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
    kind: JournalKind,
    subject: string,
  ): Promise<JournalEntry | undefined> {
    const sql = `SELECT * FROM journal WHERE ws = $1 AND run = '' AND source = $2 AND id = $3
      ORDER BY seq DESC LIMIT 1`;
    return (await this.#of(workspace, sql, kind, subject)).map(decodeJournal)[0];
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

/** A statement of the transaction itself. Returns what the server did. */
async function control(client: Client, text: string): Promise<string | undefined> {
  try {
    const answered = await client.query({ text });
    return answered.command;
  } catch (error) {
    throw unknownOutcome(error);
  }
}

/** A connection that cannot even roll back is closed; the server rolls back then. */
async function rollBack(client: Client): Promise<void> {
  try {
    await client.query({ text: "ROLLBACK" });
    client.release();
  } catch (error) {
    client.release(error instanceof Error ? error : undefined);
  }
}

function noWorkspace(workspace: string): TollgateError {
  return new TollgateError("store.corrupt", `There is no workspace "${workspace}".`);
}
