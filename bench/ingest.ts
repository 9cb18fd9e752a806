/**
 * How fast events become durable, deduplicated, costed, rated and summed, against the limit of
 * this machine for the same bytes, measured in turns. Then the same again over many stored steps,
 * and the proof that nothing was lost or doubled on the way.
 */
import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadResult } from "./load.ts";
import type { Round } from "./load-process.ts";

interface Answer extends LoadResult {
  readonly sent: {
    readonly steps: number;
    readonly duplicates: number;
    readonly inputTokens: string;
    readonly outputTokens: string;
  };
}

/** Rounds of one size; the median of several counts. */
interface Shape {
  readonly eventsPerRequest: number;
  readonly connections: number;
  readonly requests: number;
}

const BATCHES: Shape = { eventsPerRequest: 100, connections: 16, requests: 600 };
const SINGLES: Shape = { eventsPerRequest: 1, connections: 64, requests: 15_000 };
const ROUNDS = 5;
const FILL: Shape = { eventsPerRequest: 1_000, connections: 8, requests: 100 };

/** Options of the bench. */
export interface IngestOptions {
  /** Stored steps at which the rounds are repeated. (Default: 2,000,000.) */
  readonly steps: number;
}

/** Runs it and returns what `--json` prints. */
export async function benchIngest({ steps }: IngestOptions): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-bench-"));
  const here = import.meta.dirname;
  const limit = spawn(process.execPath, [join(here, "limit-server.ts"), join(folder, "limit.log")]);
  const product = spawn(process.execPath, [join(here, "server.ts"), join(folder, "data")]);
  product.stderr.pipe(process.stderr);
  const load = fork(join(here, "load-process.ts"), { stdio: "inherit" });
  try {
    const [limitUrl = ""] = await firstLine(limit);
    const [url = "", key = ""] = await firstLine(product);
    const against = { load, limitUrl, url, key };
    await warmUp(against);
    const fresh = await compare(against, "fresh");
    const filled = await fill(against, steps);
    const full = await compare(against, `at ${filled.sent.steps} steps`);
    const exact = await checkSums(against);
    const rssBytes = rssOf(product);
    product.kill("SIGTERM");
    await once(product, "exit");
    const bytes = folderBytes(join(folder, "data"));
    return {
      machine: { cpu: cpus()[0]?.model, cores: availableParallelism(), node: process.version },
      commit: commit(),
      ...fresh,
      rssMiB: Math.round(rssBytes / 2 ** 20),
      bytesPerStep: Number((bytes / exact.steps).toFixed(1)),
      storedSteps: filled.sent.steps,
      atStoredSteps: full,
      sumsAreExact: exact.isExact,
      sums: exact,
    };
  } finally {
    for (const child of [limit, product, load]) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A server runs for weeks, so what counts is what it does once its code is compiled: the rate still
 * grows for some 100,000 events. Both servers get the same.
 */
async function warmUp(against: Against): Promise<void> {
  for (const workload of ["limit", "product"] as const) {
    process.stderr.write(`warming up: ${workload}\n`);
    for (const shape of [BATCHES, SINGLES, BATCHES]) await round(against, workload, shape);
  }
}

interface Against {
  readonly load: ChildProcess;
  readonly limitUrl: string;
  readonly url: string;
  readonly key: string;
}

async function firstLine(child: ChildProcess): Promise<string[]> {
  const [data] = await once(child.stdout ?? child, "data");
  return String(data).trim().split(" ");
}

async function round(
  { load, limitUrl, url, key }: Against,
  workload: Round["workload"],
  shape: Shape,
): Promise<Answer> {
  const target =
    workload === "limit"
      ? { url: limitUrl, path: "/", key: null }
      : { url, path: "/v1/events", key };
  const sent: Round = { ...target, ...shape, workload };
  load.send(sent);
  const [answer] = (await once(load, "message")) as [Answer];
  const failures = Object.keys(answer.failures);
  if (failures.length > 0) throw new Error(`answers that are not 200: ${failures.join(", ")}`);
  return answer;
}

/** Rounds in turns, so that what disturbs the machine disturbs both. */
async function compare(against: Against, when: string) {
  const batches = await inTurns(against, BATCHES, `batches of 100, ${when}`);
  const singles = await inTurns(against, SINGLES, `single events, ${when}`);
  return {
    eventsPerSecond: batches.ours,
    limitEventsPerSecond: batches.limit,
    ratioToLimit: batches.ratio,
    ackP50Ms: batches.p50Ms,
    ackP99Ms: batches.p99Ms,
    eventsPerSecondSingle: singles.ours,
    limitEventsPerSecondSingle: singles.limit,
    ratioToLimitSingle: singles.ratio,
    ackSingleP50Ms: singles.p50Ms,
    ackSingleP99Ms: singles.p99Ms,
  };
}

async function inTurns(against: Against, shape: Shape, label: string) {
  const limits: number[] = [];
  const ours: number[] = [];
  const ratios: number[] = [];
  const p50: number[] = [];
  const p99: number[] = [];
  for (let turn = 1; turn <= ROUNDS; turn += 1) {
    process.stderr.write(`${label}: round ${turn} of ${ROUNDS}\n`);
    const bare = rateOf(await round(against, "limit", shape), shape);
    const answer = await round(against, "product", shape);
    const rate = rateOf(answer, shape);
    limits.push(bare);
    ours.push(rate);
    ratios.push(rate / bare);
    p50.push(answer.p50Ms);
    p99.push(answer.p99Ms);
  }
  return {
    limit: Math.round(median(limits)),
    ours: Math.round(median(ours)),
    ratio: Number(median(ratios).toFixed(4)),
    p50Ms: Number(median(p50).toFixed(2)),
    p99Ms: Number(median(p99).toFixed(2)),
  };
}

function rateOf(answer: LoadResult, { eventsPerRequest }: Shape): number {
  return (answer.requests * eventsPerRequest) / answer.seconds;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function fill(against: Against, steps: number): Promise<Answer> {
  let answer = await round(against, "product", { ...FILL, requests: 1 });
  while (answer.sent.steps < steps) {
    answer = await round(against, "product", FILL);
    const share = Math.min(100, Math.floor((100 * answer.sent.steps) / steps));
    process.stderr.write(`filling: ${answer.sent.steps} of ${steps} steps (${share} %)\n`);
  }
  return answer;
}

interface UsageAnswer {
  readonly rows: readonly {
    readonly steps: number;
    readonly inputTokens: string;
    readonly outputTokens: string;
  }[];
}

/** What the store says must be exactly what was sent. */
async function checkSums(against: Against) {
  const { sent } = await round(against, "product", { ...FILL, requests: 1 });
  const response = await fetch(`${against.url}/v1/usage?groupBy=period`, {
    headers: { authorization: `Bearer ${against.key}` },
  });
  const { rows } = (await response.json()) as UsageAnswer;
  const sum = (read: (row: UsageAnswer["rows"][number]) => bigint) =>
    rows.reduce((total, row) => total + read(row), 0n);
  const stored = {
    steps: Number(sum((row) => BigInt(row.steps))),
    inputTokens: `${sum((row) => BigInt(row.inputTokens))}`,
    outputTokens: `${sum((row) => BigInt(row.outputTokens))}`,
  };
  const isExact =
    stored.steps === sent.steps &&
    stored.inputTokens === sent.inputTokens &&
    stored.outputTokens === sent.outputTokens;
  return { ...stored, duplicatesSent: sent.duplicates, isExact };
}

/** Resident memory of a process; 0 where the system does not tell. */
function rssOf({ pid }: ChildProcess): number {
  const kibibytes = execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" });
  return Number(kibibytes) * 1024;
}

function folderBytes(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

function commit(): string | null {
  try {
    return readFileSync(join(import.meta.dirname, "../.git/HEAD"), "utf8").trim() === ""
      ? null
      : execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return null;
  }
}
