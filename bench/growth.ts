/**
 * `growth`: what stored steps cost a node on PostgreSQL. Rows are made by the server itself, in the
 * product's own tables: runs of 40 steps, of a thousand customers, over 24 months. What is measured
 * is processor time an event of new work, node and server together, which other work on the machine
 * does not change.
 */
import pg from "pg";
import { postgresServer } from "../test/postgres-server.ts";
import { BENCH_SETTINGS } from "./ingest-postgres.ts";
import * as measured from "./measured.ts";

const ROUND = { connections: 16, requests: 100 } as const;
const CONTENT = { of: "events", workload: "node-1", eventsPerRequest: 100 } as const;
const STEPS_PER_RUN = 40;
const MONTHS = 24;
const PIECE = 250_000;
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

/** Runs it and returns what `--json` prints. */
export async function benchGrowth({ steps }: GrowthOptions): Promise<object> {
  const server = await postgresServer({ ...BENCH_SETTINGS, checkpoint_timeout: "30min" });
  const url = await server.createDatabase();
  const product = await measured.startServer("server.ts", [url]);
  const load = measured.startLoad();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const cpuMicros = async (): Promise<number> => {
    const figures: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      const spent = () => (measured.cpuMsOf(product.child) ?? 0) + server.cpuMs();
      const before = spent();
      await measured.sendRound(load, product, { content: CONTENT, ...ROUND });
      figures.push((1_000 * (spent() - before)) / (ROUND.requests * CONTENT.eventsPerRequest));
    }
    return measured.rounded(measured.median(figures), 1);
  };
  try {
    // The first rounds are for the compiler.
    await cpuMicros();
    const fresh = await cpuMicros();
    for (let month = 0; month < MONTHS; month += 1) {
      await client.query("SELECT tollgate_month($1)", [FIRST_MONTH + month]);
    }
    const startedMs = performance.now();
    for (let from = 0; from * STEPS_PER_RUN < steps; from += PIECE / STEPS_PER_RUN) {
      await client.query(FILL, [from, from + PIECE / STEPS_PER_RUN - 1]);
      process.stderr.write(
        `filling: ${Math.min(steps, from * STEPS_PER_RUN + PIECE)} of ${steps}\n`,
      );
    }
    const fillSeconds = Math.round((performance.now() - startedMs) / 1_000);
    await client.query("CHECKPOINT");
    await client.query("ANALYZE");
    const grown = await cpuMicros();
    const size = await client.query("SELECT count(*) AS steps FROM steps");
    const bytes = await client.query("SELECT pg_database_size(current_database()) AS bytes");
    const stored = Number(size.rows[0]?.steps);
    return {
      ...measured.aboutThis(),
      storedSteps: stored,
      cpuMicrosPerEventFresh: fresh,
      cpuMicrosPerEventGrown: grown,
      growth: measured.rounded(grown / fresh, 2),
      bytesPerStep: Math.round(Number(bytes.rows[0]?.bytes) / stored),
      fillSeconds,
    };
  } finally {
    await client.end();
    product.child.kill("SIGKILL");
    load.kill("SIGKILL");
    await server.stop();
  }
}
