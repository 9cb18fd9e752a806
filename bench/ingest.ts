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
import * as measured from "./measured.ts";
import * as rounds from "./rounds.ts";

const { rounded, startServer } = measured;
const { BATCHES, FILL, SINGLES } = rounds;

type Servers = rounds.Against<"limit" | "product" | "budgeted">;

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
  const load = measured.startLoad();
  try {
    const against = { load, limit, product, budgeted };
    await warmUp(against);
    const fresh = await compare(against, "product", "fresh");
    const withBudgets = await compare(against, "budgeted", "with budgets");
    budgeted.child.kill("SIGTERM");
    const filled = await rounds.fill(against, "product", steps);
    const full = await compare(against, "product", `at ${filled.sent.steps} steps`);
    const exact = await checkSums(against);
    const rssBytes = rssOf(product.child);
    product.child.kill("SIGTERM");
    await once(product.child, "exit");
    const bytes = folderBytes(join(folder, "data"));
    return {
      ...measured.aboutThis(),
      ...fresh,
      withBudgets,
      rssMiB: Math.round(rssBytes / 2 ** 20),
      bytesPerStep: rounded(bytes / exact.steps, 1),
      storedSteps: filled.sent.steps,
      atStoredSteps: full,
      sumsAreExact: exact.isExact,
      sums: exact,
    };
  } finally {
    const servers = [limit, product, budgeted];
    for (const child of [load, ...servers.map((one) => one.child)]) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A server runs for weeks, so what counts is what it does once its code is compiled: the rate still
 * grows for some 100,000 events. All servers get the same.
 */
async function warmUp(against: Servers): Promise<void> {
  for (const name of ["limit", "product", "budgeted"] as const) {
    process.stderr.write(`warming up: ${name}\n`);
    for (const shape of [BATCHES, SINGLES, BATCHES]) await rounds.round(against, name, shape);
  }
}

/** Rounds in turns, so that what disturbs the machine disturbs both. */
async function compare(against: Servers, name: "product" | "budgeted", when: string) {
  const batches = await rounds.inTurns(against, name, {
    shape: BATCHES,
    label: `batches of 100, ${when}`,
  });
  const singles = await rounds.inTurns(against, name, {
    shape: SINGLES,
    label: `single events, ${when}`,
  });
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

interface UsageAnswer {
  readonly rows: readonly {
    readonly steps: number;
    readonly inputTokens: string;
    readonly outputTokens: string;
  }[];
}

/** What the store says must be exactly what was sent. */
async function checkSums(against: Servers) {
  const { sent } = await rounds.round(against, "product", { ...FILL, requests: 1 });
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
