/**
 * What a good engineer writes in a day to count usage: Fastify, `pg` with a pool of 16, and one
 * transaction a request that inserts what is new and updates the counters of its customers. It is
 * one prepared statement, so a request is one round trip and one commit; rows are written in key
 * order, so there are no deadlocks. It knows no prices, cards, limits, runs or chain.
 *
 * `plain-service.ts DATABASE_URL`. Prints `URL`.
 */
import Fastify from "fastify";
import pg from "pg";

const CONNECTIONS = 16;

const SCHEMA = `
  CREATE TABLE plain_events (
    run text COLLATE "C" NOT NULL, source text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL,
    customer text COLLATE "C" NOT NULL, agent text, kind text NOT NULL, model text, tool text,
    occurred_at timestamptz NOT NULL, usage jsonb NOT NULL, labels jsonb,
    PRIMARY KEY (run, source, id));
  CREATE TABLE plain_counters (
    customer text COLLATE "C" PRIMARY KEY, events bigint NOT NULL, tokens bigint NOT NULL
  ) WITH (fillfactor = 50);`;

const RECORD = `WITH added AS (
    INSERT INTO plain_events
    SELECT run, source, id, customer, agent, kind, model, tool, occurred_at, usage, labels
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
      $8::text[], $9::timestamptz[], $10::jsonb[], $11::jsonb[])
      AS e (run, source, id, customer, agent, kind, model, tool, occurred_at, usage, labels)
    ORDER BY run, source, id
    ON CONFLICT DO NOTHING
    RETURNING customer, coalesce((usage ->> 'input_uncached')::bigint, 0)
      + coalesce((usage ->> 'cache_read')::bigint, 0)
      + coalesce((usage ->> 'output_text')::bigint, 0) AS tokens)
  INSERT INTO plain_counters
  SELECT customer, count(*), sum(tokens) FROM added GROUP BY customer ORDER BY customer
  ON CONFLICT (customer) DO UPDATE SET events = plain_counters.events + excluded.events,
    tokens = plain_counters.tokens + excluded.tokens`;

interface PlainEvent {
  readonly run: string;
  readonly source: string;
  readonly id: string;
  readonly customer: string;
  readonly agent?: string;
  readonly kind: string;
  readonly model?: string;
  readonly tool?: string;
  readonly occurredAt: string;
  readonly usage: object;
  readonly labels?: object;
}

const COLUMNS: readonly ((event: PlainEvent) => string | null)[] = [
  ({ run }) => run,
  ({ source }) => source,
  ({ id }) => id,
  ({ customer }) => customer,
  ({ agent }) => agent ?? null,
  ({ kind }) => kind,
  ({ model }) => model ?? null,
  ({ tool }) => tool ?? null,
  ({ occurredAt }) => occurredAt,
  ({ usage }) => JSON.stringify(usage),
  ({ labels }) => (labels === undefined ? null : JSON.stringify(labels)),
];

const pool = new pg.Pool({ connectionString: process.argv[2], max: CONNECTIONS });
await pool.query(SCHEMA);
const app = Fastify({ bodyLimit: 2 ** 23 });
app.post<{ Body: PlainEvent[] }>("/v1/events", async ({ body }) => {
  const values = COLUMNS.map((read) => body.map(read));
  await pool.query({ name: "record", text: RECORD, values });
  return { ok: true };
});
console.log(await app.listen({ port: 0, host: "127.0.0.1" }));
process.once("SIGTERM", () => void app.close().then(() => pool.end()));
