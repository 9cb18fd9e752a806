/** One connection as the role that owns the tables, for what takes as long as it takes. */
import { DATABASE_CONNECT_MAX_MS } from "../../domain/database-limits.ts";
import { unknownOutcome } from "../unknown-outcome.ts";
import { type Client, openPool } from "./driver.ts";
import { migrate } from "./migrate.ts";

const UNBOUNDED = { statementMaxMs: 0, silenceMaxMs: 0, lockMaxMs: 0 } as const;

/** Connects, brings the schema up to date and works. Throws `store.unknown` where it cannot. */
export async function withOwner<T>(
  connectionString: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const how = { connectionsMax: 1, role: null, connectMaxMs: DATABASE_CONNECT_MAX_MS };
  const pool = await openPool({ connectionString, ...UNBOUNDED, ...how });
  try {
    const client = await pool.connect();
    try {
      await migrate(client);
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
