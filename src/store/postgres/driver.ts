/**
 * The driver `pg`, taken only when a PostgreSQL store is opened: the embedded default never loads
 * it, and who wants PostgreSQL installs it beside Tollgate. The interfaces say what is used of it.
 */
import { TollgateError } from "../../domain/errors.ts";
import type { Row } from "../stored-rows.ts";

/** One statement. A named one is prepared once for the life of its connection. */
export interface Query {
  readonly text: string;
  readonly name?: string;
  readonly values?: readonly unknown[];
}

/** What a statement answers. */
export interface Answered {
  readonly rows: Row[];
  /** What the server did: of a transaction that had failed, `COMMIT` makes a `ROLLBACK`. */
  readonly command: string;
}

/** One connection of the pool. */
export interface Client {
  query(query: Query): Promise<Answered>;
  /** Gives the connection back; with an error it is closed. */
  release(error?: Error): void;
  on(event: "error", listener: (error: Error) => void): void;
}

/** Connections to one database. */
export interface Pool {
  connect(): Promise<Client>;
  query(query: Query): Promise<Answered>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): void;
  on(event: "connect", listener: (client: Client) => void): void;
}

interface Driver {
  readonly Pool: new (options: object) => Pool;
}

/** Not a literal, so that neither a bundler nor a type check asks for the driver. */
const DRIVER: string = "pg";

/** Opens a pool. Throws `internal` where the driver is not installed. */
export async function openPool(connectionString: string, connectionsMax: number): Promise<Pool> {
  const { Pool } = await loadDriver();
  const pool = new Pool({
    connectionString,
    max: connectionsMax,
    application_name: "tollgate",
    types: { getTypeParser: parserOf },
  });
  // A connection that breaks says so at once, and nobody listening would end the process. Whoever
  // uses it learns of it by the next statement; one that nobody uses is dropped by the pool.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

async function loadDriver(): Promise<Driver> {
  try {
    const loaded = (await import(DRIVER)) as { readonly default: Driver };
    return loaded.default;
  } catch (cause) {
    const detail = "A PostgreSQL store needs the package pg; install it: npm install pg";
    throw new TollgateError("internal", detail, undefined, { cause });
  }
}

const BOOLEAN_OID = 16;
const INT8_OID = 20;
const INT4_OID = 23;

/** Values by their type's number; whatever is not listed stays text, numeric above all. */
const PARSERS = new Map<number, (text: string) => unknown>([
  [BOOLEAN_OID, (text) => text === "t"],
  [INT8_OID, readInteger],
  [INT4_OID, readInteger],
]);

function parserOf(oid: number): (text: string) => unknown {
  return PARSERS.get(oid) ?? ((text) => text);
}

function readInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new TollgateError("store.corrupt", `A row holds the integer ${text}, beyond 2^53.`);
}
