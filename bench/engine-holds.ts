/** Holds a second through the engine over the embedded store: durable, no HTTP, nothing parsed. */
import { composeHttp, DEFAULT_WORKSPACE } from "../src/compose.ts";
import type { Engine } from "../src/engine/engine.ts";
import type { HoldsRequest } from "../src/engine/limits/hold-answers.ts";
import { startBenchServer } from "./bench-server.ts";
import { HoldWorkload, type RunsOf } from "./hold-workload.ts";
import { median, rounded } from "./measured.ts";

const CALLERS = 64;
const SEED = 7;

interface Rates {
  readonly perSecond: number[];
  readonly cpuMicros: number[];
}

/** Measures `rounds` rounds of `count` holds, spread and hot in turns, over a fresh data folder. */
export async function benchEngineHolds(
  dataDir: string,
  { rounds, count }: { readonly rounds: number; readonly count: number },
): Promise<object> {
  const { server } = await startBenchServer(dataDir, true);
  const { intake, readHolds } = composeHttp(server.engine);
  const workload = new HoldWorkload(SEED);
  const ingest = async (bodies: readonly string[]): Promise<void> => {
    for (const body of bodies) await intake.ingestBody(DEFAULT_WORKSPACE, body, "json");
  };
  const requestOf = (runs: RunsOf): HoldsRequest => {
    const { run, body } = workload.askOf(runs, true);
    const { asks } = readHolds(body, { run, nowText: new Date().toISOString() });
    return { run, asks, releases: [], renewals: [], caps: [] };
  };
  await ingest(workload.openings());
  const measured = new Map<RunsOf, Rates>();
  for (const runs of ["spread", "hot"] as const)
    measured.set(runs, { perSecond: [], cpuMicros: [] });
  for (let round = 0; round <= rounds; round += 1) {
    for (const [runs, { perSecond, cpuMicros }] of measured) {
      process.stderr.write(`engine, ${runs}: round ${round} of ${rounds}\n`);
      const requests = Array.from({ length: count }, () => requestOf(runs));
      const took = await askAll(server.engine, requests);
      await ingest(workload.settlements());
      // The first round is for the compiler.
      if (round === 0) continue;
      perSecond.push(count / took.seconds);
      cpuMicros.push(took.cpuMicros / count);
    }
  }
  await server.stop();
  return {
    callers: CALLERS,
    ...figures(measured.get("spread")),
    hot: figures(measured.get("hot")),
  };
}

/** Asks for all, so many at a time. */
async function askAll(engine: Engine, requests: readonly HoldsRequest[]) {
  const queue = requests.values();
  const startedMs = performance.now();
  const before = process.cpuUsage();
  const callers = Array.from({ length: CALLERS }, async () => {
    for (const request of queue) {
      const { answer } = await engine.hold(DEFAULT_WORKSPACE, [], request);
      if (answer.decisions[0]?.decision !== "allow") throw new Error("a hold was refused");
    }
  });
  await Promise.all(callers);
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - startedMs) / 1_000, cpuMicros: user + system };
}

function figures({ perSecond, cpuMicros }: Rates = { perSecond: [], cpuMicros: [] }) {
  return {
    holdsPerSecond: rounded(median(perSecond)),
    least: rounded(Math.min(...perSecond)),
    most: rounded(Math.max(...perSecond)),
    cpuMicrosPerHold: rounded(median(cpuMicros), 1),
  };
}
