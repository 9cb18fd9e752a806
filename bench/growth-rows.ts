/**
 * Rows for `growth`, made by PostgreSQL itself. The first part of a history is ingested by the
 * product; all others are copies of it, row for row and in the order in which they stand, so that
 * size, shape and spread over the indexes are those that the engine writes: runs and steps under
 * ids of their own, in one month after the other, with the roll-ups, counters, balances and links
 * that such a month has. Links of copies seal nothing, so there is nothing to verify.
 */
import type pg from "pg";
import { ProgressBar } from "../src/cli/render/progress-bar.ts";

/** Months that a history is spread over. */
const MONTHS = 24;
/** September 2024, counted from 1970. */
const FIRST_MONTH = 656;

/** Tables that are copied, and what differs in a copy. `n` is its number. */
const COPIED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  runs: {
    id: idOf("'run-'", "id"),
    month: "$month",
    status: "'abandoned'",
    opened_at: "opened_at - $agoMs",
    last_seen_at: "last_seen_at - $agoMs",
    charged_in: "replace(charged_in, $from, $to)",
    rating: "replace(rating, $from, $to)",
    since_seq: "since_seq + $seq",
  },
  steps: {
    run: idOf("'run-'", "run"),
    id: idOf("''", "id"),
    month: "$month",
    seq: "seq + $seq",
    body: "replace(body, $from, $to)",
  },
  rollups: { period: "$to" },
  counters: { period: "$to" },
  budget_balances: {
    scope: `CASE WHEN scope LIKE 'run-%' THEN ${idOf("'run-'", "scope")} ELSE scope END`,
    window_key: "replace(window_key, left($from, 7), left($to, 7))",
  },
  chain: {
    first_seq: "first_seq + $seq",
    last_seq: "last_seq + $seq",
    digest: "encode(sha256((digest || $n)::bytea), 'hex')",
  },
};

/** Another id of the same form, the same for the same row and copy. */
function idOf(prefix: string, column: string): string {
  return `${prefix} || md5(${column} || $n)::uuid::text`;
}

/** Keeps everything that the database holds as the part that is copied. */
async function keepPattern(client: pg.Client): Promise<void> {
  const tables = Object.keys(COPIED).map((name) => `CREATE TABLE growth.${name} AS TABLE ${name};`);
  await client.query(`BEGIN; CREATE SCHEMA growth; ${tables.join(" ")}
    CREATE TABLE growth.copies (n integer); COMMIT`);
}

/** How large the part that is copied is, and how often it was; null where there is none yet. */
async function patternOf(client: pg.Client) {
  const asked = await client.query("SELECT to_regclass('growth.copies') IS NOT NULL AS is_kept");
  if (asked.rows[0]?.is_kept !== true) return null;
  const { rows } = await client.query(`SELECT (SELECT count(*) FROM growth.steps)::integer AS steps,
    (SELECT count(*) FROM growth.copies)::integer AS copies,
    (SELECT max(last_seq) FROM growth.chain) AS "lastSeq",
    (SELECT max(period) FROM growth.rollups) AS period`);
  return rows[0] as { steps: number; copies: number; lastSeq: string; period: string };
}

/** Steps that are stored. */
export async function storedSteps(client: pg.Client): Promise<number> {
  const { rows } = await client.query("SELECT count(*)::integer AS steps FROM steps");
  return rows[0]?.steps as number;
}

/** Copies until so many steps are stored; what is there already is kept, and goes on. */
export async function fill(client: pg.Client, steps: number): Promise<void> {
  if ((await patternOf(client)) === null) await keepPattern(client);
  const bar = new ProgressBar(process.stderr);
  const columns = await columnsOf(client);
  let stored = await storedSteps(client);
  for (;;) {
    const pattern = await patternOf(client);
    if (pattern === null || stored + pattern.steps / 2 > steps) break;
    await copy(client, columns, pattern);
    stored += pattern.steps;
    if (process.stderr.isTTY) bar.show({ label: "filling", done: stored, total: steps, note: "" });
    else process.stderr.write(`filling: ${stored} of ${steps}\n`);
  }
  bar.clear();
  // What the server would do in the minutes after, beside what is measured.
  process.stderr.write("tidying up\n");
  await client.query("VACUUM (ANALYZE)");
  await client.query("CHECKPOINT");
}

async function columnsOf(client: pg.Client): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await client.query(
    `SELECT table_name AS name, array_agg(column_name::text ORDER BY ordinal_position) AS columns
     FROM information_schema.columns WHERE table_schema = 'growth' GROUP BY table_name`,
  );
  return new Map(rows.map(({ name, columns }) => [name as string, columns as string[]]));
}

type Pattern = NonNullable<Awaited<ReturnType<typeof patternOf>>>;

/** One more copy, in a transaction under the lock that every unit of work takes. */
async function copy(
  client: pg.Client,
  columns: ReadonlyMap<string, readonly string[]>,
  { copies, lastSeq, period }: Pattern,
): Promise<void> {
  const month = FIRST_MONTH + (copies % MONTHS);
  const start = new Date(Date.UTC(1970, month, 1));
  const to = start.toISOString().slice(0, 10);
  await client.query("SELECT tollgate_month($1)", [month]);
  await client.query("BEGIN");
  const locked = await client.query(
    "SELECT last_seq FROM workspaces WHERE id = 'default' FOR UPDATE",
  );
  const values: Readonly<Record<string, string>> = {
    n: `'${copies}'`,
    month: String(month),
    agoMs: String(Date.parse(period) - start.getTime()),
    from: `'${period}'`,
    to: `'${to}'`,
    seq: String(locked.rows[0]?.last_seq),
  };
  for (const [table, changed] of Object.entries(COPIED)) {
    const names = columns.get(table) ?? [];
    const made = names.map((name) => changed[name] ?? name).join(", ");
    const filled = made.replaceAll(/\$(\w+)/g, (_, name: string) => values[name] ?? "");
    await client.query(`INSERT INTO ${table} (${names.join(", ")})
      SELECT ${filled} FROM growth.${table} ON CONFLICT DO NOTHING`);
  }
  // As after a commit of another node: nodes that are up forget what they knew.
  await client.query(`UPDATE workspaces SET last_seq = last_seq + ${lastSeq}, commits = commits + 1,
    chain = (SELECT digest FROM chain WHERE ws = workspaces.ws ORDER BY first_seq DESC LIMIT 1)
    WHERE id = 'default'`);
  await client.query("INSERT INTO growth.copies VALUES ($1)", [copies]);
  await client.query("COMMIT");
}
