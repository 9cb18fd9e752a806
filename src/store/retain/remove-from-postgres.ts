/**
 * Removes steps from a database while nodes work on it. A partition of which nothing is to stay is
 * truncated, which costs the same for any number of steps and gives their room back at once; where
 * a run of the month goes on, or somebody's open transaction has read of it, steps are deleted.
 */
import { RETAIN_EMPTYING_MAX_MS, RETAIN_LOCK_MAX_MS } from "../../domain/database-limits.ts";
import { TollgateError } from "../../domain/errors.ts";
import { control, rowsOf } from "../postgres/connection.ts";
import type { Client } from "../postgres/driver.ts";
import { withOwner } from "../postgres/owner.ts";
import type { RemovalPlan } from "./plan-removal.ts";

const RUNS_A_STATEMENT = 5_000;
/** Months of partitions are counted from its January. */
const YEAR_OF_MONTH_0 = 1970;

/** A month has a partition once a run of it has a step. */
const MONTHS = `SELECT DISTINCT month FROM removed
  WHERE to_regclass('steps_' || month) IS NOT NULL ORDER BY month`;

/** Removes the steps of covered runs; needs the role that owns the tables. Returns how many. */
export function removeFromPostgres(
  connectionString: string,
  { runs }: Pick<RemovalPlan, "runs">,
): Promise<number> {
  return withOwner(connectionString, async (client) => {
    await noteRuns(client, runs);
    const months = await rowsOf(client, MONTHS, []);
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
      month integer, steps bigint, PRIMARY KEY (ws, customer, run))`,
  );
  for (let at = 0; at < runs.length; at += RUNS_A_STATEMENT) {
    const part = runs.slice(at, at + RUNS_A_STATEMENT);
    const sql = `INSERT INTO removed SELECT r.ws, r.customer, r.id, r.month, k.steps
      FROM unnest($1::int[], $2::text[], $3::bigint[]) AS k (ws, run, steps)
      JOIN runs r ON r.ws = k.ws AND r.id = k.run`;
    await rowsOf(client, sql, [
      part.map(({ ws }) => ws),
      part.map(({ run }) => run),
      part.map(({ steps }) => steps),
    ]);
  }
  await control(client, "ANALYZE removed");
}

/**
 * The lock keeps writers of this one month out while it is looked at what would stay, and whether a
 * node of a version that knows nothing of condensed runs has written to one. Whoever writes
 * elsewhere waits for nobody. Throws `store.corrupt`.
 */
async function removeMonth(client: Client, month: number): Promise<number> {
  const table = `steps_${month}`;
  const settings = `SET LOCAL lock_timeout = ${RETAIN_LOCK_MAX_MS}; SET LOCAL row_security = off`;
  await control(client, `BEGIN; ${settings}`);
  await control(client, `LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`).catch(
    (error: unknown) => {
      throw isInUse(error) ? inUse(month) : error;
    },
  );
  const counted = await rowsOf(
    client,
    `SELECT (SELECT count(*) FROM ${table}) AS whole, coalesce(sum(n), 0)::bigint AS going,
        count(*) FILTER (WHERE n <> steps) AS changed
      FROM (SELECT m.steps, count(*) AS n FROM ${table} s
        JOIN removed m ON m.ws = s.ws AND m.customer = s.customer AND m.run = s.run
        GROUP BY m.ws, m.customer, m.run) AS by_run`,
    [],
  );
  const { whole, going, changed } = counted[0] as { whole: number; going: number; changed: number };
  if (changed > 0) {
    const detail =
      `Steps of ${changed} condensed runs have changed; is there a node of an older version? ` +
      "Nothing of their month was removed.";
    throw new TollgateError("store.corrupt", detail);
  }
  const behind = (name: string) => `DELETE FROM ${name} s USING removed m
    WHERE m.month = ${month} AND m.ws = s.ws AND m.customer = s.customer AND m.run = s.run`;
  if (going > 0) {
    await control(client, behind("former_steps"));
    const isEmptied = whole === going && (await isTruncated(client, table));
    if (!isEmptied) await control(client, behind(table));
  }
  await control(client, "COMMIT");
  return going;
}

/**
 * Truncates a table at once; false: somebody reads it, or has in a transaction that is open. To
 * wait for them keeps everybody waiting who comes behind, commits too: plans that stand for any
 * month lock all of them.
 */
async function isTruncated(client: Client, table: string): Promise<boolean> {
  await control(client, "SAVEPOINT emptying");
  try {
    const bound = `SET LOCAL lock_timeout = ${RETAIN_EMPTYING_MAX_MS}`;
    await control(client, `${bound}; TRUNCATE ${table}`);
    return true;
  } catch (error) {
    if (!isInUse(error)) throw error;
    await control(client, "ROLLBACK TO emptying");
    return false;
  }
}

function inUse(month: number): TollgateError {
  const name = new Date(Date.UTC(YEAR_OF_MONTH_0, month)).toISOString().slice(0, "2026-11".length);
  const waited = `${RETAIN_LOCK_MAX_MS / 1_000} seconds`;
  const detail = `Somebody has held the steps of ${name} for ${waited}: see pg_locks.`;
  return new TollgateError("store.month_in_use", detail);
}

/** SQLSTATE of a lock that others have: it was waited for in vain, or against them. */
const IN_USE = new Set(["55P03", "40P01"]);

function isInUse(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && IN_USE.has(String(cause.code));
}
