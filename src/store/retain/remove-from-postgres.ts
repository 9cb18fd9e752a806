/**
 * Removes steps from a database while nodes work on it. A partition of which nothing is to stay is
 * truncated, which costs the same for any number of steps and gives their room back at once; where
 * a run of the month goes on, the others' steps are deleted.
 */
import { RETAIN_LOCK_MAX_MS } from "../../domain/database-limits.ts";
import { control, rowsOf } from "../postgres/connection.ts";
import type { Client } from "../postgres/driver.ts";
import { withOwner } from "../postgres/owner.ts";
import type { RemovalPlan } from "./plan-removal.ts";

const RUNS_A_STATEMENT = 5_000;

/** Removes the steps of covered runs; needs the role that owns the tables. Returns how many. */
export function removeFromPostgres(
  connectionString: string,
  { runs }: Pick<RemovalPlan, "runs">,
): Promise<number> {
  return withOwner(connectionString, async (client) => {
    await noteRuns(client, runs);
    const months = await rowsOf(client, "SELECT DISTINCT month FROM removed ORDER BY month", []);
    let removed = 0;
    for (const { month } of months) removed += await removeMonth(client, month as number);
    return removed;
  });
}

/** What is to go, with where it stands. */
async function noteRuns(client: Client, runs: RemovalPlan["runs"]): Promise<void> {
  await control(
    client,
    `CREATE TEMPORARY TABLE removed (ws integer, customer text COLLATE "C", run text COLLATE "C",
      month integer, PRIMARY KEY (ws, customer, run))`,
  );
  for (let at = 0; at < runs.length; at += RUNS_A_STATEMENT) {
    const part = runs.slice(at, at + RUNS_A_STATEMENT);
    const sql = `INSERT INTO removed SELECT r.ws, r.customer, r.id, r.month
      FROM unnest($1::int[], $2::text[]) AS k (ws, run)
      JOIN runs r ON r.ws = k.ws AND r.id = k.run`;
    await rowsOf(client, sql, [part.map(({ ws }) => ws), part.map(({ run }) => run)]);
  }
  await control(client, "ANALYZE removed");
}

/**
 * The lock keeps writers of this one month out while it is looked at what would stay: a late run of
 * a version that knows nothing of condensed runs. Whoever writes elsewhere waits for nobody.
 */
async function removeMonth(client: Client, month: number): Promise<number> {
  const table = `steps_${month}`;
  const settings = `SET LOCAL lock_timeout = ${RETAIN_LOCK_MAX_MS}; SET LOCAL row_security = off`;
  await control(client, `BEGIN; ${settings}; LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`);
  const counted = await rowsOf(
    client,
    `SELECT count(*) AS whole, count(m.run) AS going FROM ${table} s
      LEFT JOIN removed m ON m.ws = s.ws AND m.customer = s.customer AND m.run = s.run`,
    [],
  );
  const { whole, going } = counted[0] as { whole: number; going: number };
  const behind = (name: string) => `DELETE FROM ${name} s USING removed m
    WHERE m.month = ${month} AND m.ws = s.ws AND m.customer = s.customer AND m.run = s.run`;
  if (going > 0) {
    await control(client, whole === going ? `TRUNCATE ${table}` : behind(table));
    await control(client, behind("former_steps"));
  }
  await control(client, "COMMIT");
  return going;
}
