/**
 * `ingest --store postgres`: events over HTTP into PostgreSQL, against a plain service on the same
 * server (`plain-service.ts`), measured in turns: batches, single events, and single events of one
 * customer. Then 1, 2 and 4 nodes at once on one database, and the proof that nothing was lost.
 */
import type { ChildProcess } from "node:child_process";
import { type PostgresServer, startPostgres } from "../test/postgres-server.ts";
import type { LoadResult } from "./load.ts";
import * as measured from "./measured.ts";

const { median, rounded, sendRound, startServer } = measured;

interface Shape {
  readonly eventsPerRequest: number;
  readonly connections: number;
  readonly requests: number;
  /** Of one customer, or of all. */
  readonly isHot: boolean;
}

const BATCHES: Shape = { eventsPerRequest: 100, connections: 16, requests: 120, isHot: false };
const SINGLES: Shape = { eventsPerRequest: 1, connections: 64, requests: 3_000, isHot: false };
const HOT: Shape = { ...SINGLES, isHot: true };
const ROUNDS = 3;
/** What runs for the first time is compiled beside the rounds, on both sides. */
const WARM_UP_ROUNDS = 4;
const WRITERS = [1, 2, 4] as const;

/** Room for the bench's rows in memory, as a database of its own machine would have. */
export const BENCH_SETTINGS = {
  ...{ fsync: "on", shared_buffers: "512MB", max_wal_size: "4GB" },
} as const;

interface Node {
  readonly target: measured.Target;
  readonly load: ChildProcess;
  /** Name of its workloads: events of two nodes differ. */
  readonly name: string;
}

/** Runs it and returns what `--json` prints. */
export async function benchIngestPostgres(): Promise<object> {
  const server = await startPostgres({ settings: BENCH_SETTINGS });
  const [ours, theirs] = [await server.createDatabase(), await server.createDatabase()];
  const started: Node[] = [];
  const start = async (script: string, url: string): Promise<Node> => {
    const target = await startServer(script, [url]);
    const node = { target, load: measured.startLoad(), name: `node-${started.length + 1}` };
    started.push(node);
    return node;
  };
  try {
    const plain = await start("plain-service.ts", theirs);
    const nodes = [await start("server.ts", ours)];
    for (const node of [plain, ...nodes]) await warmUp(node);
    const [first] = nodes as [Node];
    const against = { product: first, plain, server };
    const batches = await inTurns(against, BATCHES);
    const singles = await inTurns(against, SINGLES);
    const hot = await inTurns(against, HOT);
    const writers: Record<string, number> = {};
    for (const count of WRITERS) {
      while (nodes.length < count) {
        const node = await start("server.ts", ours);
        await warmUp(node);
        nodes.push(node);
      }
      writers[`eventsPerSecondOf${count}`] = await together(nodes.slice(0, count));
    }
    return {
      ...measured.aboutThis(),
      store: "postgres",
      eventsPerSecond: batches.ours,
      plainEventsPerSecond: batches.plain,
      ratioToPlainService: batches.ratio,
      ackP99Ms: batches.p99Ms,
      eventsPerSecondSingle: singles.ours,
      plainEventsPerSecondSingle: singles.plain,
      ratioToPlainServiceSingle: singles.ratio,
      ackSingleP99Ms: singles.p99Ms,
      eventsPerSecondHot: hot.ours,
      plainEventsPerSecondHot: hot.plain,
      ratioToPlainServiceHot: hot.ratio,
      cpuMicrosPerEvent: {
        batches: { ours: batches.cpuMicros, plain: batches.plainCpuMicros },
        singles: { ours: singles.cpuMicros, plain: singles.plainCpuMicros },
        hot: { ours: hot.cpuMicros, plain: hot.plainCpuMicros },
      },
      writers,
      sumsAreExact: await isExact(nodes),
    };
  } finally {
    for (const { target, load } of started) {
      target.child.kill("SIGKILL");
      load.kill("SIGKILL");
    }
    await server.stop();
  }
}

async function warmUp(node: Node): Promise<void> {
  process.stderr.write(`warming up: ${node.name}\n`);
  for (let turn = 1; turn <= WARM_UP_ROUNDS; turn += 1) {
    for (const shape of [BATCHES, SINGLES]) await round(node, shape);
  }
}

function round({ load, target, name }: Node, shape: Shape): Promise<LoadResult> {
  const { eventsPerRequest, connections, requests, isHot } = shape;
  const workload = isHot ? `hot-${name}` : name;
  const content = { of: "events", workload, eventsPerRequest } as const;
  return sendRound(load, target, { content, connections, requests });
}

function rateOf(answer: LoadResult, { eventsPerRequest }: Shape): number {
  return (answer.requests * eventsPerRequest) / answer.seconds;
}

/** Rounds in turns, so that what disturbs the machine disturbs both. */
async function inTurns(
  { product, plain, server }: { product: Node; plain: Node; server: PostgresServer },
  shape: Shape,
) {
  const rates: { ours: number; plain: number; p99Ms: number }[] = [];
  const cpu = { ours: [] as number[], plain: [] as number[] };
  /** Processor time an event, of the service and of the database; other work does not change it. */
  const timed = async (node: Node, into: number[]) => {
    const spent = () => (measured.cpuMsOf(node.target.child) ?? 0) + server.cpuMs();
    const before = spent();
    const answer = await round(node, shape);
    into.push((1_000 * (spent() - before)) / (shape.requests * shape.eventsPerRequest));
    return answer;
  };
  for (let turn = 1; turn <= ROUNDS; turn += 1) {
    const what = `${shape.eventsPerRequest} a request${shape.isHot ? ", one customer" : ""}`;
    process.stderr.write(`${what}: round ${turn} of ${ROUNDS}\n`);
    const theirs = rateOf(await timed(plain, cpu.plain), shape);
    const answer = await timed(product, cpu.ours);
    const told = `${Math.round(rateOf(answer, shape))} against ${Math.round(theirs)} a second`;
    process.stderr.write(`${what}: ${told}\n`);
    rates.push({ ours: rateOf(answer, shape), plain: theirs, p99Ms: answer.p99Ms });
  }
  return {
    ours: Math.round(median(rates.map(({ ours }) => ours))),
    plain: Math.round(median(rates.map((rate) => rate.plain))),
    ratio: rounded(median(rates.map((rate) => rate.ours / rate.plain)), 2),
    p99Ms: rounded(median(rates.map(({ p99Ms }) => p99Ms)), 1),
    cpuMicros: rounded(median(cpu.ours), 1),
    plainCpuMicros: rounded(median(cpu.plain), 1),
  };
}

/**
 * Events a second of several nodes, each with a load of its own, all at once. The first round does
 * not count: while the newest node warmed up, the others were told more than they keep.
 */
async function together(nodes: readonly Node[]): Promise<number> {
  const rates: number[] = [];
  for (let turn = 0; turn <= ROUNDS; turn += 1) {
    process.stderr.write(`${nodes.length} nodes at once: round ${turn} of ${ROUNDS}\n`);
    const startedMs = performance.now();
    const answers = await Promise.all(nodes.map((node) => round(node, BATCHES)));
    const events = answers.reduce((sum, { requests }) => sum + requests, 0);
    const ms = performance.now() - startedMs;
    if (turn > 0) rates.push((1_000 * events * BATCHES.eventsPerRequest) / ms);
  }
  return Math.round(median(rates));
}

/** What the store says must be exactly what all nodes were sent. */
async function isExact(nodes: readonly Node[]): Promise<boolean> {
  const [first] = nodes;
  if (first === undefined) return false;
  let sent = 0;
  for (const [at, node] of nodes.entries()) {
    const names = at === 0 ? [node.name, `hot-${node.name}`] : [node.name];
    for (const workload of names) {
      const content = { of: "events", workload, eventsPerRequest: 1 } as const;
      const { sent: all } = await sendRound(node.load, node.target, {
        content,
        connections: 1,
        requests: 1,
      });
      sent += all.steps;
    }
  }
  const headers = { authorization: `Bearer ${first.target.key}` };
  const answer = await fetch(`${first.target.url}/v1/usage?groupBy=period`, { headers });
  const { rows } = (await answer.json()) as { rows: { steps: number }[] };
  return rows.reduce((sum, { steps }) => sum + steps, 0) === sent;
}
