/**
 * `growth`: what stored steps cost a node on PostgreSQL: new events, holds, reads, bytes, and the
 * removal of a month. At each size a node on the filled database (`growth-rows.ts`) and one on a
 * fresh database of the same server work in turns, so that the machine is the same for both.
 *
 * TOLLGATE_GROWTH_DATABASE_URL names a database of one's own in place of one that is made and
 * removed: it is filled up to `--steps`, measured, and kept, so that the next run goes on from
 * there.
 */
import type { ChildProcess } from "node:child_process";
import pg from "pg";
import { removeFromPostgres } from "../src/store/retain/remove-from-postgres.ts";
import { cpuMsBelow, startPostgres } from "../test/postgres-server.ts";
import { fill, storedSteps } from "./growth-rows.ts";
import * as measured from "./measured.ts";

/** Steps at which it is measured, beside the last. */
const STAGES = [4_000_000, 10_000_000, 20_000_000];
const SETTINGS = {
  ...{ fsync: "on", shared_buffers: "2GB", max_wal_size: "8GB", checkpoint_timeout: "30min" },
};
const EVENTS = { of: "events", workload: "growth", eventsPerRequest: 100 } as const;
const ROUND = { connections: 16, requests: 100 } as const;
/** What is copied to fill a database. */
const PATTERN_REQUESTS = 2_500;
const HOLDS = { connections: 16, requests: 1_000 } as const;
const READS = 300;
const READ_CUSTOMERS = 50;
const WARM_UP_ROUNDS = 4;
const ROUNDS = 5;

/** Options of the bench. */
interface GrowthOptions {
  /** Steps to store before the last measurement. */
  readonly steps: number;
}

/** A node on one of the two databases. */
interface Side {
  readonly target: measured.Target;
  readonly load: ChildProcess;
}

/** Runs it and returns what `--json` prints: times in ms, processor time in µs. */
export async function benchGrowth({ steps }: GrowthOptions): Promise<object> {
  const own = process.env.TOLLGATE_GROWTH_DATABASE_URL;
  if (own !== undefined) return { ...measured.aboutThis(), stages: await grow(own, [steps]) };
  const server = await startPostgres({ settings: SETTINGS });
  try {
    const sizes = [...STAGES.filter((stage) => stage < steps), steps];
    const stages = await grow(await server.createDatabase(), sizes);
    return { ...measured.aboutThis(), stages };
  } finally {
    await server.stop();
  }
}

async function grow(url: string, sizes: readonly number[]): Promise<object[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const freshUrl = new URL(url);
  freshUrl.pathname += "_fresh";
  const name = freshUrl.pathname.slice(1);
  await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await client.query(`CREATE DATABASE ${name}`);
  const sides: Side[] = [];
  // The same for both, and another one where a database goes on: its events are new.
  const seed = Date.now() % 1_000_000_000;
  try {
    const fresh = await startSide(freshUrl.href, seed);
    sides.push(fresh);
    const startedMs = performance.now();
    const grown = await startSide(url, seed);
    sides.push(grown);
    const startMs = Math.round(performance.now() - startedMs);
    if ((await storedSteps(client)) === 0) {
      process.stderr.write("ingesting what is copied\n");
      await ingest(grown, PATTERN_REQUESTS);
    }
    const stages: object[] = [];
    for (const size of sizes) {
      await fill(client, size);
      stages.push(await measure({ client, url, grown, fresh }));
    }
    return stages.map((stage, at) => (at === 0 ? { startMs, ...stage } : stage));
  } finally {
    for (const { target, load } of sides) {
      target.child.kill("SIGKILL");
      load.kill("SIGKILL");
    }
    await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await client.end();
  }
}

async function startSide(url: string, seed: number): Promise<Side> {
  const target = await measured.startServer("server.ts", [url, "budgets"]);
  const load = measured.startLoad(seed);
  await measured.sendRound(load, target, { content: { of: "openings" }, ...HOLDS });
  return { target, load };
}

function ingest({ target, load }: Side, requests: number = ROUND.requests) {
  return measured.sendRound(load, target, { content: EVENTS, ...ROUND, requests });
}

interface Bench {
  readonly client: pg.Client;
  readonly url: string;
  readonly grown: Side;
  readonly fresh: Side;
}

/** What is measured at one size. */
async function measure(bench: Bench): Promise<object> {
  const size = await sizes(bench.client);
  const spent = await spentBy(bench.client);
  const found = { fresh: [] as Round[], grown: [] as Round[] };
  for (let turn = 1 - WARM_UP_ROUNDS; turn <= ROUNDS; turn += 1) {
    process.stderr.write(`measuring: round ${turn} of ${ROUNDS}\n`);
    for (const name of turn % 2 === 0 ? (["fresh", "grown"] as const) : BACKWARDS) {
      const round = await measureRound(bench[name], spent);
      if (turn > 0) found[name].push(round);
    }
  }
  const [fresh, grown] = [middle(found.fresh), middle(found.grown)];
  const ratio = grown.cpuMicrosPerEvent / fresh.cpuMicrosPerEvent;
  const removal = await removeMonth(bench);
  return { ...size, cpuRatio: measured.rounded(ratio, 2), grown, fresh, removal };
}

const BACKWARDS = ["grown", "fresh"] as const;

/** Processor time of a node and the server together, in milliseconds. */
type Spent = (side: Side) => number;

/** The server counts where it runs on this machine. */
async function spentBy(client: pg.Client): Promise<Spent> {
  const { rows } = await client.query(`SELECT pg_backend_pid() AS pid,
    inet_server_addr() IS NULL OR inet_server_addr() << '127.0.0.0/8' AS is_here`);
  const { pid, is_here: isHere } = rows[0] as { pid: number; is_here: boolean };
  const serverMs = isHere ? () => cpuMsBelow(measured.parentOf(pid)) : () => 0;
  return ({ target }) => (measured.cpuMsOf(target.child) ?? 0) + serverMs();
}

type Round = Record<
  "cpuMicrosPerEvent" | "eventsPerSecond" | `${"hold" | "total" | "bill" | "run"}P${50 | 99}Ms`,
  number
>;

async function measureRound(side: Side, spent: Spent): Promise<Round> {
  const before = spent(side);
  const { requests, seconds } = await ingest(side);
  const events = requests * EVENTS.eventsPerRequest;
  const cpuMicrosPerEvent = (1_000 * (spent(side) - before)) / events;
  const { load, target } = side;
  const content = { of: "holds", runs: "spread" } as const;
  const hold = await measured.sendRound(load, target, { content, ...HOLDS });
  await measured.sendRound(load, target, { content: { of: "settlements" }, ...HOLDS });
  const runs = await someRuns(side);
  const at = (turn: number) => runs[turn % runs.length];
  const read = (path: (turn: number) => string) => measured.readTimes(target, path, READS);
  const total = await read((turn) => `/v1/usage?groupBy=customer&customer=${at(turn)?.customer}`);
  const bill = await read((turn) => `/v1/customers/${at(turn)?.customer}/bill`);
  const run = await read((turn) => `/v1/runs/${at(turn)?.run}`);
  return {
    cpuMicrosPerEvent,
    eventsPerSecond: events / seconds,
    ...{ holdP50Ms: hold.p50Ms, holdP99Ms: hold.p99Ms },
    ...{ totalP50Ms: total.p50Ms, totalP99Ms: total.p99Ms },
    ...{ billP50Ms: bill.p50Ms, billP99Ms: bill.p99Ms, runP50Ms: run.p50Ms, runP99Ms: run.p99Ms },
  };
}

/** Customers, and of each a run out of its newest hundred. */
async function someRuns({ target: { url, key } }: Side) {
  const list = async (query: string) => {
    const headers = { authorization: `Bearer ${key}` };
    const answer = await fetch(`${url}/v1/runs?${query}`, { headers });
    return ((await answer.json()) as { runs: readonly { run: string; customer: string }[] }).runs;
  };
  const customers = new Set((await list("limit=100")).map(({ customer }) => customer));
  const runs: { readonly run: string; readonly customer: string }[] = [];
  for (const customer of [...customers].slice(0, READ_CUSTOMERS)) {
    const own = await list(`limit=100&customer=${customer}`);
    runs.push(...own.slice((7 * runs.length) % own.length).slice(0, 1));
  }
  return runs;
}

function middle(rounds: readonly Round[]): Round {
  const names = Object.keys(rounds[0] ?? {}) as (keyof Round)[];
  const of = (name: keyof Round) => measured.median(rounds.map((round) => round[name]));
  const figures = names.map((name) => [name, measured.rounded(of(name), 1)]);
  return Object.fromEntries(figures) as Round;
}

/** Bytes a step: of its row, of its entry in the index, and of everything else. */
async function sizes(client: pg.Client) {
  const { rows } = await client.query(`SELECT (SELECT count(*) FROM steps)::integer AS steps,
    sum(pg_table_size(c.oid)) FILTER (WHERE c.relname LIKE 'steps_%')::bigint AS heap,
    sum(pg_indexes_size(c.oid)) FILTER (WHERE c.relname LIKE 'steps_%')::bigint AS index,
    sum(pg_total_relation_size(c.oid)) FILTER (WHERE c.relname = 'runs')::bigint AS runs,
    sum(pg_total_relation_size(c.oid))::bigint AS whole
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'`);
  const row = rows[0] as Record<"steps" | "heap" | "index" | "runs" | "whole", number | string>;
  const each = (bytes: number) => measured.rounded(bytes / Number(row.steps));
  const [heap, index, runs] = [Number(row.heap), Number(row.index), Number(row.runs)];
  const rest = Number(row.whole) - heap - index - runs;
  return {
    storedSteps: Number(row.steps),
    gigabytes: measured.rounded(Number(row.whole) / 1e9, 2),
    bytesPerStep: { row: each(heap), index: each(index), runs: each(runs), rest: each(rest) },
  };
}

/** The second half of `retain`, which is all that waits for nodes: what goes has been recorded. */
async function removeMonth({ client, url }: Bench): Promise<object> {
  const { rows } = await client.query(`SELECT ws, id AS run, own_steps::integer AS steps FROM runs
    WHERE own_steps > 0 AND month = (SELECT month FROM (SELECT DISTINCT month FROM runs) AS months
      WHERE EXISTS (SELECT FROM steps s WHERE s.month = months.month) ORDER BY month LIMIT 1)`);
  const startedMs = performance.now();
  const steps = await removeFromPostgres(url, { runs: rows });
  return { steps, runs: rows.length, ms: Math.round(performance.now() - startedMs) };
}
