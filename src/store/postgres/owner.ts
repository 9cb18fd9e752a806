/** One connection as the role that owns the tables, for what takes as long as it takes. */
import { DATABASE_CONNECT_MAX_MS } from "../../domain/database-limits.ts";
import { TollgateError } from "../../domain/errors.ts";
import { unknownOutcome } from "../unknown-outcome.ts";
import { type Client, openPool, type Pool } from "./driver.ts";
import { migrate } from "./migrate.ts";
import { refusalHint } from "./refusals.ts";

const UNBOUNDED = { statementMaxMs: 0, silenceMaxMs: 0, lockMaxMs: 0, answerLateMs: 0 } as const;

/**
 * Connects, brings the schema up to date and works. Throws `store.unreachable` where it does not
 * come to the work, which therefore never began, and `store.unknown` where that fails.
 */
export async function withOwner<T>(
  connectionString: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const how = { connectionsMax: 1, role: null, connectMaxMs: DATABASE_CONNECT_MAX_MS };
  const pool = await openPool({ connectionString, ...UNBOUNDED, ...how });
  try {
    const client = await connected(pool).catch(tellUnreachable);
    try {
      await migrate(client).catch(tellUnreachable);
      return await work(client);
    } finally {
      client.release(true);
    }
  } catch (error) {
    throw unknownOutcome(error);
  } finally {
    await pool.end();
  }
}

/** Files that the address names are read at once: a missing one rejects, too. */
async function connected(pool: Pool): Promise<Client> {
  return await pool.connect();
}

/** What is wrong with the schema stays what it is. */
function tellUnreachable(error: unknown): never {
  const { cause, code } = unknownOutcome(error);
  if (code !== "store.unknown") throw error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw unreachable(refusalHint(cause) ?? reason, cause);
}

/** That a database cannot be used, and why. */
export function unreachable(reason: string, cause?: unknown): TollgateError {
  const detail = `The database of DATABASE_URL cannot be used: ${reason}.`;
  return new TollgateError("store.unreachable", detail, undefined, { cause });
}
