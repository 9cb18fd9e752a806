/**
 * The driver `pg`, loaded only when a PostgreSQL store is opened: the embedded default never needs
 * it. The interfaces say what is used of it.
 */
import { TollgateError } from "../../domain/errors.ts";
import type { Row } from "../stored-rows.ts";
import { readAddress } from "./address.ts";

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

/** What statements go through: its socket, where the driver shows it. */
export interface Connected {
  readonly connection?:
    | { readonly stream?: { cork?(): void; uncork?(): void; destroy?(): void } }
    | undefined;
}

/** One connection of the pool. */
export interface Client extends Connected {
  /** Of a text with several statements, the answer to each. */
  query(query: Query): Promise<Answered | Answered[]>;
  /** Gives the connection back; `true` closes it. */
  release(isBroken?: boolean): void;
  on(event: "error", listener: (error: Error) => void): void;
}

/** Connections to one database. */
export interface Pool {
  connect(): Promise<Client>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): void;
  on(event: "connect", listener: (client: Client) => void): void;
}

/** One connection as the driver opens it, of a pool or not. */
interface Opening extends Connected {
  connect(told: (error: Error | null) => void): void;
}

interface Driver {
  readonly Pool: new (options: object) => Pool;
  readonly Client: new (options: object) => Opening;
}

/**
 * The driver leaves a connection open that it gave up itself, as where a server asks for a password
 * and there is none: a command ended a minute later, when the server had given it up too.
 */
function closingRefused(client: Driver["Client"]): Driver["Client"] {
  return class extends client {
    override connect(told: (error: Error | null) => void): void {
      super.connect((error) => {
        if (error) this.connection?.stream?.destroy?.();
        told(error);
      });
    }
  };
}

/** How connections are opened and what bounds them; times in milliseconds. */
export interface PoolOptions {
  readonly connectionString: string;
  readonly connectionsMax: number;
  /** The role that sessions work as; null: the one that connects. */
  readonly role: string | null;
  /** A statement that takes longer is ended by the server. */
  readonly statementMaxMs: number;
  /** So does a transaction whose client says nothing for so long: it may have been stopped. */
  readonly silenceMaxMs: number;
  /** A row that others hold is waited for as long as this. */
  readonly lockMaxMs: number;
  /** So much longer an answer is waited for; then the connection is taken to be lost. */
  readonly answerLateMs: number;
  readonly connectMaxMs: number;
  /** Whether every transaction may only read, whatever the server is. (Default: false.) */
  readonly isReadOnly?: boolean;
}

/** Opens a pool. Nothing is connected before it is used. */
export async function openPool(options: PoolOptions): Promise<Pool> {
  const loaded = (await import("pg")) as unknown as { readonly default: Driver };
  const { address, own } = readAddress(
    options.connectionString,
    options.isReadOnly === true ? "DATABASE_READ_URL" : "DATABASE_URL",
  );
  const pool = new loaded.default.Pool({
    connectionString: address,
    Client: closingRefused(loaded.default.Client),
    max: options.connectionsMax,
    application_name: "tollgate",
    statement_timeout: options.statementMaxMs,
    idle_in_transaction_session_timeout: options.silenceMaxMs,
    lock_timeout: options.lockMaxMs,
    query_timeout: options.statementMaxMs + options.lockMaxMs + options.answerLateMs,
    connectionTimeoutMillis: options.connectMaxMs,
    keepAlive: true,
    // Statements that follow from one another in no way are sent together and answered together.
    pipeline: true,
    options: settingsOf(options, own),
    onConnect: (client: Client) => beginSession(client, options.role),
    types: { getTypeParser: parserOf },
  });
  // A connection that breaks says so at once, and nobody listening would end the process. Whoever
  // uses it learns of it by the next statement; one that nobody uses is dropped by the pool.
  pool.on("error", () => {});
  pool.on("connect", (client) => {
    client.on("error", () => {});
  });
  return pool;
}

/** A session works as somebody else than it was opened as, so nothing is asked of it. */
export class ForeignSession extends Error {
  override name = "ForeignSession";
}

/**
 * "$user" means the role that a session works as, and meant who connected when the tables were
 * made. The same statement tells as whom the session works.
 */
const BEGIN_SESSION = `SELECT set_config('search_path', replace(replace(
  current_setting('search_path'), '"$user"', '$user'), '$user', quote_ident(session_user)), false),
  current_user::text AS role`;

/**
 * Of every connection, before anybody gets it: a pooler that was put in between since the start, or
 * told otherwise, would have tenants read as the owner of the tables, behind no wall.
 */
async function beginSession(client: Client, role: string | null): Promise<void> {
  if (role === null) return;
  const answered = (await client.query({ text: BEGIN_SESSION })) as Answered;
  const found = answered.rows[0]?.role as string | undefined;
  if (found === role) return;
  const whose = `a session works as "${found}" in place of "${role}"`;
  throw new ForeignSession(`${whose}: something in between drops the settings of sessions`);
}

/**
 * Lets statements that are sent in one go leave as one piece: a system call for each of some twenty
 * was a tenth of what a small unit of work cost. Of a large one each part leaves by itself, so that
 * the server carries it out while the next is put together.
 */
export function sendTogether<T>(
  { connection }: Connected,
  parts: readonly (() => T)[],
  { isLarge }: { readonly isLarge: boolean },
): T[] {
  const { stream } = connection ?? {};
  stream?.cork?.();
  try {
    return parts.map((send) => {
      const sent = send();
      if (isLarge) {
        stream?.uncork?.();
        stream?.cork?.();
      }
      return sent;
    });
  } finally {
    stream?.uncork?.();
  }
}

/** The role stands behind whatever the address sets. */
function settingsOf({ role, isReadOnly = false }: PoolOptions, own: string): string {
  // Compiling a plan takes longer than any statement here runs.
  const reading = isReadOnly ? "-c default_transaction_read_only=on" : "";
  const usual = `-c jit=off ${reading} ${own}`;
  return role === null ? usual : `${usual} -c role=${role}`;
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
