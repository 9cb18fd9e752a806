/**
 * `limits --store postgres`: durable holds on PostgreSQL, one a request over HTTP and through the
 * engine alone, spread over customers and all of one. At the end everything is settled, and what
 * budgets came to must be exactly what the steps cost.
 */
import { startPostgres } from "../test/postgres-server.ts";
import { checkBudgets } from "./check-budgets.ts";
import { benchEngineHolds } from "./engine-holds.ts";
import type { RunsOf } from "./hold-workload.ts";
import { BENCH_SETTINGS } from "./ingest-postgres.ts";
import type { RoundAnswer } from "./load-process.ts";
import * as measured from "./measured.ts";

const { median, rounded, sendRound } = measured;
const ROUNDS = 3;
const CALLERS = 64;

/** Runs it and returns what `--json` prints. */
export async function benchLimitsPostgres({ steps: count }: { steps: number }): Promise<object> {
  const server = await startPostgres({ settings: BENCH_SETTINGS });
  const url = await server.createDatabase();
  const product = await measured.startServer("server.ts", [url, "budgets"]);
  const load = measured.startLoad();
  try {
    const send = (content: Parameters<typeof sendRound>[2]["content"], requests: number) =>
      sendRound(load, product, { content, requests, connections: CALLERS });
    await send({ of: "openings" }, 0);
    const rounds = new Map<RunsOf, RoundAnswer[]>([
      ["spread", []],
      ["hot", []],
    ]);
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const [runs, answers] of rounds) {
        process.stderr.write(`${CALLERS} callers, ${runs}: round ${round} of ${ROUNDS}\n`);
        const answer = await send({ of: "holds", runs }, count);
        // The first round is for the compiler.
        if (round > 0) answers.push(answer);
        await send({ of: "settlements" }, 0);
      }
    }
    const exact = await checkBudgets(product);
    product.child.kill("SIGTERM");
    const alone = { rounds: ROUNDS, count: 2 * count };
    const engine = await benchEngineHolds(await server.createDatabase(), alone);
    const about = { ...measured.aboutThis(), bench: "limits", store: "postgres", rounds: ROUNDS };
    const overHttp = figures(rounds.get("spread"));
    return {
      ...about,
      callers64: { ...overHttp, hot: figures(rounds.get("hot")) },
      engine,
      ...exact,
    };
  } finally {
    product.child.kill("SIGKILL");
    load.kill("SIGKILL");
    await server.stop();
  }
}

function figures(answers: readonly RoundAnswer[] = []) {
  return {
    holdsPerSecond: rounded(median(answers.map(({ requests, seconds }) => requests / seconds))),
    p50Ms: rounded(median(answers.map(({ p50Ms }) => p50Ms)), 2),
    p99Ms: rounded(median(answers.map(({ p99Ms }) => p99Ms)), 2),
  };
}
