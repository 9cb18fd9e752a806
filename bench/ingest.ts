/**
 * How fast events become durable, deduplicated, costed, rated and summed, against the limit of
 * this machine for the same bytes, measured in turns. Then the same again over many stored steps,
 * and the proof that nothing was lost or doubled on the way.
 */
import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadResult } from "./load.ts";
import type { RoundAnswer } from "./load-process.ts";
import * as measured from "./measured.ts";

const { median, rounded, startServer } = measured;

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
/** What 500 runs that do not end have together before they are measured. */
const LONG_RUNS_STEPS = 600_000;

/** Options of the bench. */
export interface IngestOptions {
  /** Stored steps at which the rounds are repeated. (Default: 2,000,000.) */
  readonly steps: number;
}

/** Runs it and returns what `--json` prints. */
export async function benchIngest({ steps }: IngestOptions): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-bench-"));
  const limit = await startServer("limit-server.ts", [join(folder, "limit.log")]);
  const product = await startServer("server.ts", [join(folder, "data")]);
  const budgeted = await startServer("server.ts", [join(folder, "budgeted"), "budgets"]);
  const long = await startServer("server.ts", [join(folder, "long")]);
  const load = measured.startLoad();
  try {
    const against = { load, limit, product, budgeted, long };
    await warmUp(against);
    const fresh = await compare(against, "product", "fresh");
    const withBudgets = await compare(against, "budgeted", "with budgets");
    budgeted.child.kill("SIGTERM");
    const filled = await fill(against, "product", steps);
    const full = await compare(against, "product", `at ${filled.sent.steps} steps`);
    const exact = await checkSums(against);
    const rssBytes = rssOf(product.child);
    product.child.kill("SIGTERM");
    await once(product.child, "exit");
    const bytes = folderBytes(join(folder, "data"));
    const longRuns = await benchLongRuns(against);
    return {
      ...measured.aboutThis(),
      ...fresh,
      withBudgets,
      rssMiB: Math.round(rssBytes / 2 ** 20),
      bytesPerStep: rounded(bytes / exact.steps, 1),
      storedSteps: filled.sent.steps,
      atStoredSteps: full,
      longRuns,
      sumsAreExact: exact.isExact,
      sums: exact,
    };
  } finally {
    const servers = [limit, product, budgeted, long];
    for (const child of [load, ...servers.map((one) => one.child)]) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A server runs for weeks, so what counts is what it does once its code is compiled: the rate still
 * grows for some 100,000 events. All servers get the same.
 */
async function warmUp(against: Against): Promise<void> {
  for (const name of ["limit", "product", "budgeted"] as const) {
    process.stderr.write(`warming up: ${name}\n`);
    for (const shape of [BATCHES, SINGLES, BATCHES]) await round(against, name, shape);
  }
}

type Name = "limit" | "product" | "budgeted" | "long";

interface Against extends Readonly<Record<Name, measured.Target>> {
  readonly load: ChildProcess;
}

/** Each server gets a workload of its own. */
function round(against: Against, workload: Name, shape: Shape): Promise<RoundAnswer> {
  const { eventsPerRequest, connections, requests } = shape;
  const content = { of: "events", workload, eventsPerRequest } as const;
  return measured.sendRound(against.load, against[workload], { content, connections, requests });
}

/** Rounds in turns, so that what disturbs the machine disturbs both. */
async function compare(against: Against, name: Name, when: string) {
  const batches = await inTurns(against, name, {
    shape: BATCHES,
    label: `batches of 100, ${when}`,
  });
  const singles = await inTurns(against, name, { shape: SINGLES, label: `single events, ${when}` });
  return {
    eventsPerSecond: batches.ours,
    limitEventsPerSecond: batches.limit,
    ratioToLimit: batches.ratio,
    cpuMicrosPerEvent: batches.cpuMicros,
    ackP50Ms: batches.p50Ms,
    ackP99Ms: batches.p99Ms,
    eventsPerSecondSingle: singles.ours,
    limitEventsPerSecondSingle: singles.limit,
    ratioToLimitSingle: singles.ratio,
    cpuMicrosPerSingle: singles.cpuMicros,
    ackSingleP50Ms: singles.p50Ms,
    ackSingleP99Ms: singles.p99Ms,
  };
}

async function inTurns(
  against: Against,
  name: Name,
  { shape, label }: { readonly shape: Shape; readonly label: string },
) {
  const { child } = against[name];
  const limits: number[] = [];
  const ours: number[] = [];
  const ratios: number[] = [];
  const p50: number[] = [];
  const p99: number[] = [];
  const cpu: number[] = [];
  for (let turn = 1; turn <= ROUNDS; turn += 1) {
    process.stderr.write(`${label}: round ${turn} of ${ROUNDS}\n`);
    const bare = rateOf(await round(against, "limit", shape), shape);
    const cpuMs = measured.cpuMsOf(child);
    const answer = await round(against, name, shape);
    const rate = rateOf(answer, shape);
    limits.push(bare);
    ours.push(rate);
    ratios.push(rate / bare);
    p50.push(answer.p50Ms);
    p99.push(answer.p99Ms);
    const took = (measured.cpuMsOf(child) ?? 0) - (cpuMs ?? 0);
    cpu.push((1_000 * took) / (shape.requests * shape.eventsPerRequest));
  }
  return {
    limit: Math.round(median(limits)),
    ours: Math.round(median(ours)),
    ratio: rounded(median(ratios), 4),
    p50Ms: rounded(median(p50), 2),
    p99Ms: rounded(median(p99), 2),
    /** 0 where the system does not tell. */
    cpuMicros: rounded(median(cpu), 1),
  };
}

function rateOf(answer: LoadResult, { eventsPerRequest }: Shape): number {
  return (answer.requests * eventsPerRequest) / answer.seconds;
}

async function fill(against: Against, name: Name, steps: number): Promise<RoundAnswer> {
  let answer = await round(against, name, { ...FILL, requests: 1 });
  while (answer.sent.steps < steps) {
    answer = await round(against, name, FILL);
    const share = Math.min(100, Math.floor((100 * answer.sent.steps) / steps));
    process.stderr.write(`filling: ${answer.sent.steps} of ${steps} steps (${share} %)\n`);
  }
  return answer;
}

/** Runs of a thousand steps, such as customers have who state no runs. */
async function benchLongRuns(against: Against) {
  const { sent } = await fill(against, "long", LONG_RUNS_STEPS);
  const rounds = { shape: BATCHES, label: `batches of 100, ${sent.steps} steps of 500 runs` };
  const { ours, limit, ratio } = await inTurns(against, "long", rounds);
  const rates = { eventsPerSecond: ours, limitEventsPerSecond: limit, ratioToLimit: ratio };
  return { storedSteps: sent.steps, ...rates };
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
  const response = await fetch(`${against.product.url}/v1/usage?groupBy=period`, {
    headers: { authorization: `Bearer ${against.product.key}` },
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
