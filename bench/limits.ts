/**
 * How fast holds are decided and on disk, over HTTP and one a request, against the limit of this
 * machine for requests of the same bytes; spread over customers, and all of one. Then through the
 * engine alone, beside counters in Redis, and while events are ingested. At the end everything is
 * settled, and what budgets came to must be exactly what the steps cost.
 */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkBudgets } from "./check-budgets.ts";
import { benchEngineHolds } from "./engine-holds.ts";
import type { RunsOf } from "./hold-workload.ts";
import type { Content, RoundAnswer } from "./load-process.ts";
import * as measured from "./measured.ts";
import { benchRedis } from "./redis-holds.ts";

const { median, rounded, sendRound } = measured;

const ROUNDS = 5;
/** Callers, and the share of a round's holds that they ask for. */
const CALLERS = [
  { callers: 1, share: 0.1 },
  { callers: 16, share: 0.5 },
  { callers: 64, share: 1 },
  { callers: 256, share: 1 },
] as const;

/** Options of the bench. */
export interface LimitsOptions {
  /** Holds a round of 64 callers. (Default: 6,000.) */
  readonly steps: number;
}

interface Against {
  readonly load: ChildProcess;
  readonly limit: measured.Target;
  readonly product: measured.Target;
}

/** Runs it and returns what `--json` prints. */
export async function benchLimits({ steps: count }: LimitsOptions): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-bench-"));
  const limit = await measured.startServer("limit-server.ts", [join(folder, "limit.log")]);
  const product = await measured.startServer("server.ts", [join(folder, "data"), "budgets"]);
  const [load, other] = [measured.startLoad(), measured.startLoad()];
  const against = { load, limit, product };
  try {
    const opening = { of: "openings" } as const;
    await sendRound(load, product, { content: opening, requests: 0, connections: 1 });
    await inTurns(against, { callers: 64, count, rounds: 2 });
    const byCallers: Record<string, object> = {};
    for (const { callers, share } of CALLERS) {
      const turns = { callers, count: Math.ceil(share * count), rounds: ROUNDS };
      byCallers[`callers${callers}`] = await inTurns(against, turns);
    }
    const ingesting = await whileIngesting(against, other, count);
    const exact = await checkBudgets(product);
    product.child.kill("SIGTERM");
    const alone = { rounds: ROUNDS, count: 2 * count };
    const engine = await benchEngineHolds(join(folder, "engine"), alone);
    const redis = await benchRedis(folder, alone);
    const about = { ...measured.aboutThis(), bench: "limits", rounds: ROUNDS, noise: NOISE };
    return { ...about, ...byCallers, engine, redis, whileIngesting: ingesting, ...exact };
  } finally {
    for (const child of [limit.child, product.child, load, other]) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

const NOISE = "medians of the rounds; ratioLeast and ratioMost are the extremes of the same rounds";

interface Turns {
  readonly callers: number;
  readonly count: number;
  readonly rounds: number;
}

/** What was measured of one kind of holds. */
interface Kept {
  readonly rates: number[];
  readonly ratios: number[];
  readonly p50: number[];
  readonly p99: number[];
  readonly cpu: number[];
}

/** Rounds in turns, so that what disturbs the machine disturbs all. */
async function inTurns(against: Against, { callers, count, rounds }: Turns): Promise<object> {
  const { load, limit, product } = against;
  const limits: number[] = [];
  const kept = { spread: noneKept(), hot: noneKept() };
  const send = (target: measured.Target, content: Content) =>
    sendRound(load, target, { content, requests: count, connections: callers });
  for (let round = 1; round <= rounds; round += 1) {
    process.stderr.write(`${callers} callers: round ${round} of ${rounds}\n`);
    const bare = rateOf(await send(limit, { of: "holds", runs: "spread" }));
    limits.push(bare);
    for (const runs of ["spread", "hot"] as const satisfies readonly RunsOf[]) {
      const cpuMs = measured.cpuMsOf(product.child);
      const answer = await send(product, { of: "holds", runs });
      const { rates, ratios, p50, p99, cpu } = kept[runs];
      if (cpuMs !== null) {
        const took = (measured.cpuMsOf(product.child) ?? cpuMs) - cpuMs;
        cpu.push((1_000 * took) / count);
      }
      rates.push(rateOf(answer));
      ratios.push(rateOf(answer) / bare);
      p50.push(answer.p50Ms);
      p99.push(answer.p99Ms);
      await settle(against);
    }
  }
  const limitPerSecond = rounded(median(limits));
  return { limitPerSecond, ...figures(kept.spread), hot: figures(kept.hot) };
}

function noneKept(): Kept {
  return { rates: [], ratios: [], p50: [], p99: [], cpu: [] };
}

function figures({ rates, ratios, p50, p99, cpu }: Kept) {
  return {
    holdsPerSecond: rounded(median(rates)),
    ratioToLimit: rounded(median(ratios), 4),
    ratioLeast: rounded(Math.min(...ratios), 4),
    ratioMost: rounded(Math.max(...ratios), 4),
    p50Ms: rounded(median(p50), 2),
    p99Ms: rounded(median(p99), 2),
    cpuMicrosPerHold: cpu.length === 0 ? null : rounded(median(cpu), 1),
  };
}

function rateOf({ requests, seconds }: RoundAnswer): number {
  return requests / seconds;
}

/** The steps of all holds are recorded: each settles its own. */
async function settle({ load, product }: Against): Promise<void> {
  await sendRound(load, product, {
    content: { of: "settlements" },
    requests: 0,
    connections: 8,
  });
}

const WANTED_EVENTS_PER_SECOND = 50_000;
/** What a machine sustains is less than what it does for a moment. */
const SUSTAINED_SHARE = 0.7;
const EVENTS_PER_REQUEST = 100;
const SENDERS = 16;
const SATURATING_REQUESTS = 300;
const PACED_SECONDS = 4;
const PACED_CALLERS = 8;
const HOLDS_PER_SECOND = 250;

/** Holds at a steady rate, while another process sends events at a steady rate. */
async function whileIngesting(
  against: Against,
  other: ChildProcess,
  count: number,
): Promise<object> {
  const { load, product } = against;
  const content = {
    of: "events",
    workload: "product",
    eventsPerRequest: EVENTS_PER_REQUEST,
  } as const;
  const events = { content, connections: SENDERS };
  const seconds = Math.min(PACED_SECONDS, count / HOLDS_PER_SECOND);
  process.stderr.write("holds while ingesting: what can be sustained\n");
  let most = 0;
  for (let round = 0; round < 2; round += 1) {
    const free = await sendRound(other, product, { ...events, requests: SATURATING_REQUESTS });
    most = EVENTS_PER_REQUEST * rateOf(free);
  }
  const target = Math.min(WANTED_EVENTS_PER_SECOND, Math.floor(SUSTAINED_SHARE * most));
  const perSecond = target / EVENTS_PER_REQUEST;
  const rounds = { ingested: [] as number[], p50: [] as number[], p99: [] as number[] };
  for (let round = 1; round <= ROUNDS; round += 1) {
    process.stderr.write(`holds while ingesting ${target}/s: round ${round} of ${ROUNDS}\n`);
    const requests = Math.ceil(seconds * perSecond);
    const ingest = sendRound(other, product, { ...events, requests, perSecond });
    const holds = await sendRound(load, product, {
      content: { of: "holds", runs: "spread" },
      requests: Math.ceil(seconds * HOLDS_PER_SECOND),
      connections: PACED_CALLERS,
      perSecond: HOLDS_PER_SECOND,
    });
    rounds.ingested.push(EVENTS_PER_REQUEST * rateOf(await ingest));
    rounds.p50.push(holds.p50Ms);
    rounds.p99.push(holds.p99Ms);
    await settle(against);
  }
  return {
    wantedEventsPerSecond: WANTED_EVENTS_PER_SECOND,
    isAsWanted: target === WANTED_EVENTS_PER_SECOND,
    eventsPerSecondDue: target,
    eventsPerSecond: rounded(median(rounds.ingested)),
    holdsPerSecondDue: HOLDS_PER_SECOND,
    p50Ms: rounded(median(rounds.p50), 2),
    p99Ms: rounded(median(rounds.p99), 2),
    p99LeastMs: rounded(Math.min(...rounds.p99), 2),
    p99MostMs: rounded(Math.max(...rounds.p99), 2),
  };
}
