/**
 * `growth`: what stored steps cost a node on PostgreSQL. Rows are made by the server itself, in the
 * product's own tables: runs of 40 steps, of a thousand customers, over 24 months. What is measured,
 * at several sizes, is processor time (node and server together, which other work on the machine
 * does not change): of an event of new work, of reading a run, and of a customer's bill so far.
 *
 * Rows that were filled in are sealed by no link, so this is nothing to verify.
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
/** Steps at which it is measured, beside the last. */
const STAGES = [1_000_000, 5_000_000, 20_000_000];
const READS = 100;
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
  const readMicros = async (pathOf: (turn: number) => string): Promise<number> => {
    const headers = { authorization: `Bearer ${product.key}` };
    const read = async (turn: number) => {
      const answer = await fetch(product.url + pathOf(turn), { headers });
      if (!answer.ok) throw new Error(`${pathOf(turn)}: ${await answer.text()}`);
      await answer.arrayBuffer();
    };
    for (let turn = 0; turn < READS; turn += 1) await read(turn);
    const before = (measured.cpuMsOf(product.child) ?? 0) + server.cpuMs();
    for (let turn = 0; turn < READS; turn += 1) await read(READS + turn);
    const spent = (measured.cpuMsOf(product.child) ?? 0) + server.cpuMs() - before;
    return measured.rounded((1_000 * spent) / READS, 0);
  };
  const measure = async () => {
    await client.query("CHECKPOINT");
    await client.query("ANALYZE");
    const counted = await client.query(`SELECT count(*) AS steps,
      pg_database_size(current_database()) AS bytes FROM steps`);
    const { steps: stored, bytes } = counted.rows[0] as { steps: string; bytes: string };
    const customer = (turn: number) => `customer-${String(turn % 1_000).padStart(4, "0")}`;
    return {
      storedSteps: Number(stored),
      bytesPerStep: Math.round(Number(bytes) / Number(stored)),
      cpuMicrosPerEvent: await cpuMicros(),
      cpuMicrosPerRunRead: await readMicros((turn) => `/v1/runs/grown-${7 * turn}`),
      cpuMicrosPerBill: await readMicros((turn) => `/v1/customers/${customer(turn)}/bill`),
    };
  };
  try {
    // The first rounds are for the compiler.
    await cpuMicros();
    const fresh = await cpuMicros();
    const stages: object[] = [];
    for (let month = 0; month < MONTHS; month += 1) {
      await client.query("SELECT tollgate_month($1)", [FIRST_MONTH + month]);
    }
    const startedMs = performance.now();
    for (let from = 0; from * STEPS_PER_RUN < steps; from += PIECE / STEPS_PER_RUN) {
      await client.query(FILL, [from, from + PIECE / STEPS_PER_RUN - 1]);
      process.stderr.write(
        `filling: ${Math.min(steps, from * STEPS_PER_RUN + PIECE)} of ${steps}\n`,
      );
      const filled = from * STEPS_PER_RUN + PIECE;
      if (filled < steps && STAGES.includes(filled)) stages.push(await measure());
    }
    const fillSeconds = Math.round((performance.now() - startedMs) / 1_000);
    const last = await measure();
    return {
      ...measured.aboutThis(),
      cpuMicrosPerEventFresh: fresh,
      growth: measured.rounded(last.cpuMicrosPerEvent / fresh, 2),
      stages: [...stages, last],
      fillSeconds,
    };
  } finally {
    await client.end();
    product.child.kill("SIGKILL");
    load.kill("SIGKILL");
    await server.stop();
  }
}
