/**
 * `growth`: what stored steps cost a node on PostgreSQL. Rows are made by the server itself, in the
 * product's own tables: runs of 40 steps, of a thousand customers, over 24 months. What is
 * measured, at several sizes, is processor time (node and server together, which other work on the
 * machine does not change): of an event of new work, of reading a run, of a customer's bill so far.
 *
 * Rows that were filled in are sealed by no link, so there is nothing to verify.
 */
import pg from "pg";
import { type PostgresServer, postgresServer } from "../test/postgres-server.ts";
import { BENCH_SETTINGS } from "./ingest-postgres.ts";
import * as measured from "./measured.ts";

const ROUND = { connections: 16, requests: 100 } as const;
const CONTENT = { of: "events", workload: "node-1", eventsPerRequest: 100 } as const;
const STEPS_PER_RUN = 40;
const MONTHS = 24;
const PIECE = 250_000;
/** Steps at which it is measured, beside the last. */
const STAGES = [1_000_000, 5_000_000, 20_000_000];
const READS = 100;
const TURNS = 3;
/** September 2024. */
const FIRST_MONTH = 656;

/** Options of the bench. */
interface GrowthOptions {
  /** Steps to store before the second measurement. */
  readonly steps: number;
}

/** Rows of runs and steps, from one number of a run to another. */
const FILL = `WITH made AS (
    SELECT ws, 'grown-' || n AS run, 'customer-' || lpad((n % 1000)::text, 4, '0') AS customer,
      ${FIRST_MONTH} + (n % ${MONTHS})::integer AS month
    FROM workspaces, generate_series($1::bigint, $2::bigint) AS n WHERE id = 'default'),
  runs_made AS (INSERT INTO runs SELECT (r).* FROM (
    SELECT jsonb_populate_record(t.whole,
      jsonb_build_object('id', m.run, 'customer', m.customer, 'month', m.month)) AS r
    FROM made m, (SELECT o AS whole FROM runs o WHERE customer IS NOT NULL LIMIT 1) AS t) AS more)
  INSERT INTO steps
  SELECT m.ws, m.customer, m.run, 'bench', gen_random_uuid()::text, m.month, 1, t.facets, t.body,
    t.labels, t.checksum
  FROM made m, generate_series(1, ${STEPS_PER_RUN}) AS s, (SELECT * FROM steps LIMIT 1) AS t`;

/** Everything that is measured with. */
interface Bench {
  readonly server: PostgresServer;
  readonly product: measured.Target;
  readonly load: ReturnType<typeof measured.startLoad>;
  readonly client: pg.Client;
}

/** Runs it and returns what `--json` prints. */
export async function benchGrowth({ steps }: GrowthOptions): Promise<object> {
  const server = await postgresServer({ ...BENCH_SETTINGS, checkpoint_timeout: "30min" });
  const url = await server.createDatabase();
  const product = await measured.startServer("server.ts", [url]);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const bench: Bench = { server, product, client, load: measured.startLoad() };
  try {
    // The first rounds are for the compiler.
    await eventMicros(bench);
    const fresh = await eventMicros(bench);
    const stages: Stage[] = [];
    let stored = 0;
    for (const size of [...STAGES.filter((stage) => stage < steps), steps]) {
      await fill(bench, { from: stored, to: size });
      stored = size;
      stages.push(await measure(bench));
    }
    const growth = (stages.at(-1)?.cpuMicrosPerEvent ?? 0) / fresh;
    const about = { ...measured.aboutThis(), cpuMicrosPerEventFresh: fresh };
    return { ...about, growth: measured.rounded(growth, 2), stages };
  } finally {
    await client.end();
    product.child.kill("SIGKILL");
    bench.load.kill("SIGKILL");
    await server.stop();
  }
}

/** Stores steps until there are so many of them. */
async function fill(
  { client }: Bench,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  for (let month = 0; month < MONTHS; month += 1) {
    await client.query("SELECT tollgate_month($1)", [FIRST_MONTH + month]);
  }
  for (let filled = from; filled < to; filled += PIECE) {
    const [first, next] = [filled, Math.min(to, filled + PIECE)].map((n) => n / STEPS_PER_RUN);
    await client.query(FILL, [first, (next ?? 0) - 1]);
    process.stderr.write(`filling: ${Math.min(to, filled + PIECE)} of ${to}\n`);
  }
  await client.query("CHECKPOINT");
  await client.query("ANALYZE");
}

/** What is measured at one size. */
interface Stage {
  readonly storedSteps: number;
  readonly bytesPerStep: number;
  readonly cpuMicrosPerEvent: number;
  readonly cpuMicrosPerRunRead: number;
  readonly cpuMicrosPerBill: number;
}

async function measure(bench: Bench): Promise<Stage> {
  const counted = await bench.client.query(`SELECT count(*) AS steps,
    pg_database_size(current_database()) AS bytes FROM steps`);
  const { steps: stored, bytes } = counted.rows[0] as { steps: string; bytes: string };
  const listed = await bench.client.query("SELECT id FROM customers ORDER BY id LIMIT $1", [READS]);
  const customers = (listed.rows as { id: string }[]).map(({ id }) => id);
  const { runs } = (
    await bench.client.query("SELECT count(*)::integer AS runs FROM runs WHERE id LIKE 'grown-%'")
  ).rows[0] as { runs: number };
  const customer = (turn: number) => customers[turn % customers.length] ?? "";
  return {
    storedSteps: Number(stored),
    bytesPerStep: Math.round(Number(bytes) / Number(stored)),
    cpuMicrosPerEvent: await eventMicros(bench),
    cpuMicrosPerRunRead: await readMicros(bench, (turn) => `/v1/runs/grown-${(7 * turn) % runs}`),
    cpuMicrosPerBill: await readMicros(bench, (turn) => `/v1/customers/${customer(turn)}/bill`),
  };
}

/** Processor time that node and server have spent, in milliseconds. */
function spentMs({ product, server }: Bench): number {
  return (measured.cpuMsOf(product.child) ?? 0) + server.cpuMs();
}

async function eventMicros(bench: Bench): Promise<number> {
  const figures: number[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const before = spentMs(bench);
    await measured.sendRound(bench.load, bench.product, { content: CONTENT, ...ROUND });
    const events = ROUND.requests * CONTENT.eventsPerRequest;
    figures.push((1_000 * (spentMs(bench) - before)) / events);
  }
  return measured.rounded(measured.median(figures), 1);
}

async function readMicros(bench: Bench, pathOf: (turn: number) => string): Promise<number> {
  const headers = { authorization: `Bearer ${bench.product.key}` };
  const readAll = async (first: number) => {
    for (let turn = first; turn < first + READS; turn += 1) {
      const answer = await fetch(bench.product.url + pathOf(turn), { headers });
      if (!answer.ok) throw new Error(`${pathOf(turn)}: ${await answer.text()}`);
      await answer.arrayBuffer();
    }
  };
  await readAll(0);
  const before = spentMs(bench);
  await readAll(READS);
  return measured.rounded((1_000 * (spentMs(bench) - before)) / READS, 0);
}
