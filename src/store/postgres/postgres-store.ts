/**
 * The store on PostgreSQL, for several nodes: the same rows and the same units of work as the
 * embedded store, one database transaction each. What is kept in memory between units has a
 * version that every unit is told with its lock: the engine's rules, and rows (`known-rows.ts`).
 */

import { present } from "../../domain/assert.ts";
import { REPLICA_CONNECT_MAX_MS, REPLICA_LOOK_MAX_MS } from "../../domain/database-limits.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { Step } from "../../domain/event/step.ts";
import { CHAIN_START } from "../../engine/commit/seal.ts";
import type { RulesVersions } from "../../engine/node-ports.ts";
import type { Digest, Store, UnitWork } from "../../engine/ports.ts";
import type { Row } from "../stored-rows.ts";
import { unknownOutcome } from "../unknown-outcome.ts";
import { control, type Parameter, type Queries } from "./connection.ts";
import type { PoolOptions } from "./driver.ts";
import { beginOf, rulesOf } from "./ground.ts";
import { refuseUnfinishedMove } from "./move-state.ts";
import { requireOwnSessions } from "./own-sessions.ts";
import { withOwner } from "./owner.ts";
import { PostgresAlerts } from "./postgres-alerts.ts";
import { PostgresCreditReads } from "./postgres-credit.ts";
import { PostgresKeyring } from "./postgres-keyring.ts";
import { PostgresLeases } from "./postgres-leases.ts";
import { PostgresNotes } from "./postgres-notes.ts";
import { type OutboxStore, PostgresOutbox } from "./postgres-outbox.ts";
import { PostgresReads } from "./postgres-reads.ts";
import { PostgresSpendingReads } from "./postgres-spending.ts";
import type { ReadParts } from "./read-steps.ts";
import { Sessions } from "./sessions.ts";
import { rollBack } from "./transaction.ts";
import { UnitsOfWork } from "./units-of-work.ts";

/** Where the rows are, and what hashes them. */
export interface PostgresOptions {
  /** `postgresql://user:password@host:port/database`. */
  readonly connectionString: string;
  readonly digest: Digest;
  /** Bounds of connections in place of those of domain/database-limits.ts. */
  readonly bounds?: Partial<PoolOptions>;
}

/** Connects and brings the schema up to date. Throws `store.unknown` where it cannot. */
export async function openPostgresStore(options: PostgresOptions): Promise<PostgresStore> {
  const { connectionString, bounds } = options;
  const sessions = await Sessions.open(connectionString, bounds);
  try {
    await withOwner(connectionString, async (client) => {
      await refuseUnfinishedMove(client);
      await requireOwnSessions(client, sessions);
    });
  } catch (error) {
    await sessions.end();
    throw error;
  }
  return new PostgresStore(sessions, options.digest);
}

/**
 * A copy that follows the database, for reads alone. Nothing is asked of it yet, and whatever would
 * write fails with `store.unknown`. `asOfMs`: the instant up to which it has every commit, by the
 * clock of the database; null where it follows none, as one that was promoted.
 */
export async function openPostgresReplica(
  options: PostgresOptions,
): Promise<{ readonly store: Store; readonly asOfMs: () => Promise<number | null> }> {
  const { connectionString, bounds } = options;
  const usual = { connectMaxMs: REPLICA_CONNECT_MAX_MS, isReadOnly: true };
  const sessions = await Sessions.open(connectionString, { ...usual, ...bounds });
  const asOfMs = async () => {
    const [row] = await inTime(sessions.rows(null, REPLAYED, []));
    return (row?.at as number | null) ?? null;
  };
  return { store: new PostgresStore(sessions, options.digest), asOfMs };
}

/** A connection that fell silent is given up much later, and nobody waits for it here. */
function inTime<T>(looked: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(unknownOutcome(`no answer for ${REPLICA_LOOK_MAX_MS} ms`));
    const timer = setTimeout(late, REPLICA_LOOK_MAX_MS);
    looked.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

const REPLAYED = `SELECT CASE WHEN pg_is_in_recovery()
  THEN floor(1000 * extract(epoch FROM pg_last_xact_replay_timestamp()))::bigint END AS at`;

/** A database that several nodes work on. */
class PostgresStore extends PostgresReads implements Store {
  readonly #sessions: Sessions;
  readonly #digest: Digest;
  /** Numbers of workspaces by their ids. */
  readonly #workspaces = new Map<string, number>();
  /** Months whose partition is there. */
  readonly #months = new Set<number>();
  readonly isShared = true;
  readonly spending = new PostgresSpendingReads(async (workspace) => {
    const ws = await this.#ws(workspace);
    return (sql, ...values) => this.#sessions.lookUp(ws, sql, [ws, ...values]);
  });
  readonly keyring = new PostgresKeyring({
    all: (sql, ...values) => this.#all(sql, ...values),
    of: async (workspace, sql, ...values) =>
      this.#sessions.lookUp(await this.#ws(workspace), sql, values),
    checksum: (text) => this.#digest.checksum(text),
  });
  readonly credit = new PostgresCreditReads((...asked) => this.of(...asked));
  readonly leases = new PostgresLeases((sql, ...values) => this.#all(sql, ...values));
  readonly notes = new PostgresNotes((...asked) => this.of(...asked));
  readonly #rows: OutboxStore = {
    of: (...asked) => this.many(...asked),
    ws: (workspace) => this.#ws(workspace),
    checksum: (text) => this.#digest.checksum(text),
    inTransaction: (ws, work) => this.#inOwnTransaction(ws, work),
  };
  readonly #units: UnitsOfWork;
  readonly outbox = new PostgresOutbox(this.#rows);
  readonly alerts = new PostgresAlerts(this.#rows);

  constructor(sessions: Sessions, digest: Digest) {
    super();
    this.#sessions = sessions;
    this.#digest = digest;
    sessions.onConnect(() => {
      this.#workspaces.clear();
      this.#months.clear();
    });
    this.#units = new UnitsOfWork({
      sessions,
      digest,
      ws: (workspace) => this.#ws(workspace),
      prepareMonth: (month) => this.#prepareMonth(month),
    });
  }

  transact<T>(workspace: string, work: UnitWork<T>, handedOver?: () => void): Promise<T> {
    return this.#units.transact(workspace, work, handedOver);
  }

  /** A partition is made by a transaction of its own, which waits for nobody's. */
  async #prepareMonth(month: number): Promise<void> {
    if (this.#months.has(month)) return;
    await this.#all("SELECT tollgate_month($1)", month);
    this.#months.add(month);
  }

  /** Commits what the work writes, or undoes it where it returns false. */
  async #inOwnTransaction<T>(ws: number, work: (queries: Queries) => Promise<T>): Promise<T> {
    const client = await this.#sessions.unit();
    try {
      await control(client, beginOf(ws));
      const result = await work(client);
      const isWanted = result !== false;
      const { command } = await control(client, isWanted ? "COMMIT" : "ROLLBACK");
      if (isWanted && command !== "COMMIT") {
        throw unknownOutcome(`the server answered COMMIT with ${command}`);
      }
      client.release();
      return result;
    } catch (error) {
      await rollBack(client, error);
      throw error;
    }
  }

  async #ws(workspace: string): Promise<number> {
    const known = this.#workspaces.get(workspace);
    if (known !== undefined) return known;
    const [row] = await this.#all("SELECT tollgate_workspace($1) AS ws", workspace);
    const ws = row?.ws as number | null;
    if (ws === null) throw noWorkspace(workspace);
    this.#workspaces.set(workspace, ws);
    return ws;
  }

  /** As nobody's tenant: functions answer, tables show nothing. */
  #all(sql: string, ...values: Parameter[]): Promise<Row[]> {
    return this.#sessions.lookUp(null, sql, values);
  }

  protected async of(workspace: string, sql: string, ...values: Parameter[]): Promise<Row[]> {
    const ws = await this.#ws(workspace);
    return this.#sessions.lookUp(ws, sql, [ws, ...values]);
  }

  protected async many(workspace: string, sql: string, ...values: Parameter[]): Promise<Row[]> {
    const ws = await this.#ws(workspace);
    return this.#sessions.rows(ws, sql, [ws, ...values]);
  }

  protected async *pages(workspace: string, sql: string, ...values: Parameter[]) {
    const ws = await this.#ws(workspace);
    yield* this.#sessions.pages(ws, sql, [ws, ...values]);
  }

  protected async parts(workspace: string): Promise<ReadParts> {
    const ws = await this.#ws(workspace);
    return { queries: this.#sessions.reads(ws), ws };
  }

  async rules(workspace: string): Promise<RulesVersions> {
    const sql = `SELECT tariff_version, budgets_version, terms_version
      FROM workspaces WHERE ws = $1`;
    return rulesOf(present((await this.of(workspace, sql))[0], `the row of "${workspace}"`));
  }

  async commits(workspace: string): Promise<number> {
    const [row] = await this.of(workspace, "SELECT commits FROM workspaces WHERE ws = $1");
    return row?.commits as number;
  }

  /** A secret of the installation: the first one that any node offered. */
  async installationSecret(name: string, offered: string): Promise<string> {
    const [row] = await this.#all("SELECT tollgate_installation($1, $2) AS value", name, offered);
    return row?.value as string;
  }

  /** Totals are written with their steps. */
  unsummedSteps(): readonly Step[] {
    return [];
  }

  async settle(): Promise<void> {}

  async workspaces(): Promise<string[]> {
    const rows = await this.#all("SELECT tollgate_workspaces() AS id");
    return rows.map((row) => row.id as string);
  }

  async createWorkspace(workspace: string): Promise<void> {
    await this.#all("SELECT tollgate_make_workspace($1, $2)", workspace, CHAIN_START);
  }

  async size(): Promise<{ steps: number; runs: number; bytes: number }> {
    const [row] = await this.#all("SELECT * FROM tollgate_size()");
    const number = (name: string) => row?.[name] as number;
    return { steps: number("steps"), runs: number("runs"), bytes: number("bytes") };
  }

  close(): Promise<void> {
    return this.#sessions.end();
  }
}

function noWorkspace(workspace: string): TollgateError {
  return new TollgateError("store.corrupt", `There is no workspace "${workspace}".`);
}
