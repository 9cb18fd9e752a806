/**
 * Connections as the store uses them: those that units of work run on, and others for reads. A unit
 * may read what is committed while it holds its own connection; from one pool for both, units that
 * wait for one another's connections could never end. Reports have others than the look-ups that
 * units and requests wait for: eight slow reports at once stopped every commit until one had ended.
 *
 * Every statement runs as the role of the product, with one workspace as its tenant (migration
 * 0023). A connection remembers its tenant, so it is set again only where it changes. That makes
 * the store one for direct connections or a pooler by session, and not for one by transaction.
 */
import {
  DATABASE_ANSWER_LATE_MS,
  DATABASE_CONNECT_MAX_MS,
  DATABASE_LOCK_MAX_MS,
  DATABASE_LOOKUPS_MAX_COUNT,
  DATABASE_READERS_MAX_COUNT,
  DATABASE_SILENCE_MAX_MS,
  DATABASE_STATEMENT_MAX_MS,
  DATABASE_UNITS_MAX_COUNT,
} from "../../domain/database-limits.ts";
import type { Row } from "../stored-rows.ts";
import { unknownOutcome } from "../unknown-outcome.ts";
import { control, type Parameter, type Queries, rowsOf } from "./connection.ts";
import { type Client, openPool, type Pool, type PoolOptions, type Query } from "./driver.ts";
import { refusedConnection } from "./refusals.ts";

/** Role that sessions work as: migration 0023 makes it. */
const ROLE = "tollgate_app";

/** Functions of the schema may write. */
const READS = /^\s*(SELECT|WITH)\b(?![\s\S]*\btollgate_)/;
/** SQLSTATE of a connection that broke, or that the server ended. */
const CUT = /^(08...|57P0[123])$/;

/** The server plans for any values after five uses. */
const PLANNED_ANEW_FROM_USES = 8;

/** Rows in a page. */
const PAGE_ROWS = 1_000;
const DECLARE = "DECLARE tollgate_pages NO SCROLL CURSOR WITH HOLD FOR";
const FETCH = `FETCH ${PAGE_ROWS} FROM tollgate_pages`;

const BOUNDS = {
  statementMaxMs: DATABASE_STATEMENT_MAX_MS,
  silenceMaxMs: DATABASE_SILENCE_MAX_MS,
  lockMaxMs: DATABASE_LOCK_MAX_MS,
  answerLateMs: DATABASE_ANSWER_LATE_MS,
  connectMaxMs: DATABASE_CONNECT_MAX_MS,
} as const;

/** A statement, and whose tenant asks it; null: nobody's. */
interface Asked {
  readonly ws: number | null;
  readonly sql: string;
  readonly values: readonly Parameter[];
}

type Pools = Readonly<Record<"units" | "readers" | "lookups", Pool>>;

/** Connections of one node. */
export class Sessions {
  readonly #pools: Pools;
  readonly #tenants = new WeakMap<Client, number>();
  /** How often connections were taken. */
  readonly #uses = new WeakMap<Client, number>();

  private constructor(pools: Pools) {
    this.#pools = pools;
  }

  /**
   * Calls whoever remembers something of the database whenever a connection was opened: it may be
   * to another server than those before it, with less in it.
   */
  onConnect(forget: () => void): void {
    for (const pool of Object.values(this.#pools)) pool.on("connect", forget);
  }

  /** Nothing is connected before it is used. `bounds` replaces some of the usual ones. */
  static async open(
    connectionString: string,
    bounds: Partial<PoolOptions> = {},
  ): Promise<Sessions> {
    const pool = (connectionsMax: number) =>
      openPool({ connectionString, role: ROLE, ...BOUNDS, connectionsMax, ...bounds });
    return new Sessions({
      units: await pool(DATABASE_UNITS_MAX_COUNT),
      readers: await pool(DATABASE_READERS_MAX_COUNT),
      lookups: await pool(DATABASE_LOOKUPS_MAX_COUNT),
    });
  }

  /** A connection for a unit of work; whoever takes it gives it back. Throws `store.unknown`. */
  async unit(): Promise<Client> {
    const client = await connect(this.#pools.units);
    this.#countUse(client);
    return client;
  }

  /**
   * A statement is planned once it was used some times, by what its tables hold then, and the plan
   * is kept until the server counts their rows anew, a minute later or more. Of a table of some
   * rows any index is as good as another; after a thousand it takes fifty times as long
   * (docs/decisions/0226). So plans are made anew each time that a connection was used twice as
   * often. Sent before whatever is asked next: where it fails, that fails too.
   */
  #countUse(client: Client): void {
    const uses = (this.#uses.get(client) ?? 0) + 1;
    this.#uses.set(client, uses);
    const isDoubled = (uses & (uses - 1)) === 0;
    if (isDoubled && uses >= PLANNED_ANEW_FROM_USES) {
      void control(client, "DISCARD PLANS").catch(() => undefined);
    }
  }

  /** Rows as of what is committed, seen as a tenant; null: as nobody. */
  rows(ws: number | null, sql: string, values: readonly Parameter[]): Promise<Row[]> {
    return this.#read(this.#pools.readers, { ws, sql, values });
  }

  /** The same, for a few rows that somebody waits for who must not wait for reports. */
  lookUp(ws: number | null, sql: string, values: readonly Parameter[]): Promise<Row[]> {
    return this.#read(this.#pools.lookups, { ws, sql, values });
  }

  /**
   * A connection may have been cut while nobody used it, and all of them with it: what only reads
   * is asked again on another.
   */
  async #read(pool: Pool, { ws, sql, values }: Asked): Promise<Row[]> {
    for (let cut = 0; ; cut += 1) {
      const client = await connect(pool);
      this.#countUse(client);
      try {
        const asTenant = this.#becomes(client, ws);
        const [, rows] = await Promise.all([asTenant, rowsOf(client, sql, values)]);
        client.release();
        return rows;
      } catch (error) {
        // Nobody knows what state it is in: another one is opened.
        client.release(true);
        const isAskedAgain = READS.test(sql) && cut < DATABASE_READERS_MAX_COUNT;
        if (!isAskedAgain || !wasCut(error)) throw error;
      }
    }
  }

  /**
   * Rows for reports in pages. The server carries the statement out once and keeps its rows beside
   * the tables, so no transaction is open while they are taken: one would keep former versions of
   * busy rows alive, and whoever takes its time would be cut off. The connection is nobody else's
   * until the last page was taken, or whoever takes them stops.
   */
  async *pages(ws: number, sql: string, values: readonly Parameter[]): AsyncGenerator<Row[]> {
    const client = await this.#declared({ ws, sql, values });
    let isSound = false;
    try {
      for (let taken = PAGE_ROWS; taken === PAGE_ROWS; ) {
        isSound = false;
        const { rows } = await control(client, FETCH);
        isSound = true;
        taken = rows.length;
        yield rows;
      }
    } finally {
      await closePages(client, isSound);
    }
  }

  /** Nothing has been taken yet, so a connection that was cut is no reason to fail. */
  async #declared({ ws, sql, values }: Asked): Promise<Client> {
    for (let cut = 0; ; cut += 1) {
      const client = await connect(this.#pools.readers);
      this.#countUse(client);
      try {
        await this.#becomes(client, ws);
        await rowsOf(client, `${DECLARE} ${sql}`, values);
        return client;
      } catch (error) {
        client.release(true);
        if (cut >= DATABASE_READERS_MAX_COUNT || !wasCut(error)) throw error;
      }
    }
  }

  /** Rows of one tenant for reports, however many they are. */
  reads(ws: number): Queries {
    return queriesBy((sql, values) => this.rows(ws, sql, values));
  }

  /** What units of work read beside themselves. */
  lookUps(ws: number): Queries {
    return queriesBy((sql, values) => this.lookUp(ws, sql, values));
  }

  /** Sent before the statement that needs it, so it is carried out before it. */
  async #becomes(client: Client, ws: number | null): Promise<void> {
    if (ws === null || this.#tenants.get(client) === ws) return;
    this.#tenants.delete(client);
    await rowsOf(client, "SELECT set_config('tollgate.ws', $1, false)", [String(ws)]);
    this.#tenants.set(client, ws);
  }

  async end(): Promise<void> {
    await Promise.all(Object.values(this.#pools).map((pool) => pool.end()));
  }
}

/** Gives a connection back without the rows that were left; one that failed is closed. */
async function closePages(client: Client, isSound: boolean): Promise<void> {
  const closed = isSound && (await control(client, "CLOSE tollgate_pages").then(isDone, isNot));
  client.release(!closed);
}

const isDone = () => true;
const isNot = () => false;

function queriesBy(ask: (sql: string, values: readonly Parameter[]) => Promise<Row[]>): Queries {
  const query = async ({ text, values = [] }: Query) => {
    return { rows: await ask(text, values as Parameter[]), command: "SELECT" };
  };
  return { query };
}

/** What has no severity is not the server's word: its socket has told it. */
function wasCut(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return false;
  return !("severity" in cause) || ("code" in cause && CUT.test(String(cause.code)));
}

async function connect(pool: Pool): Promise<Client> {
  try {
    return await pool.connect();
  } catch (error) {
    throw unknownOutcome(refusedConnection(error));
  }
}
