/**
 * `reads`: how long one reads what a customer, its budgets and a run stand at, against `/health` of
 * the same server in the same rounds; then again once the customer has very many steps. Totals are
 * rows, so neither the steps of a run nor those of a customer should show.
 */
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as measured from "./measured.ts";

const { median, rounded } = measured;

/** One customer's steps, as the bars' workload makes them. */
const WORKLOAD = "hot-reads";
const CUSTOMER = "customer-0000";
const FILL = { eventsPerRequest: 1_000, connections: 4 } as const;
const FIRST_STEPS = 1_000;
const ROUNDS = 5;
const READS_PER_ROUND = 2_000;
const WARM_UP_READS = 2_000;

/** What is read, and under which name it is told. */
const PATHS = {
  health: "/health",
  customerTotal: `/v1/usage?groupBy=customer&customer=${CUSTOMER}`,
  customerBudgets: `/v1/customers/${CUSTOMER}/budgets`,
} as const;
type Name = keyof typeof PATHS;
const NAMES = Object.keys(PATHS) as Name[];

/** Options of the bench. */
interface ReadsOptions {
  /** Steps of the customer before the second measurement. */
  readonly steps: number;
}

/** Runs it and returns what `--json` prints; times are milliseconds of one read after another. */
export async function benchReads({ steps }: ReadsOptions): Promise<object> {
  const folder = await mkdtemp(join(tmpdir(), "tollgate-bench-"));
  const target = await measured.startServer("server.ts", [join(folder, "data"), "budgets"]);
  const load = measured.startLoad();
  const fill = (count: number) =>
    measured.sendRound(load, target, {
      content: { of: "events", workload: WORKLOAD, eventsPerRequest: FILL.eventsPerRequest },
      connections: FILL.connections,
      requests: Math.ceil(count / FILL.eventsPerRequest),
    });
  try {
    await fill(FIRST_STEPS);
    for (const name of NAMES) await timesOf(target, name, WARM_UP_READS);
    const fresh = await readAll(target, "few steps");
    process.stderr.write(`filling: ${steps} steps of one customer\n`);
    const { sent } = await fill(steps);
    const grown = await readAll(target, `${sent.steps} steps`);
    return { ...measured.aboutThis(), steps: sent.steps, ...compared(fresh, grown) };
  } finally {
    target.child.kill("SIGKILL");
    load.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Times {
  readonly p50Ms: number;
  readonly p99Ms: number;
}
type AllTimes = Readonly<Record<Name, Times>>;

/** Reads in turns, so that what disturbs the machine disturbs all; medians of the rounds. */
async function readAll(target: measured.Target, when: string): Promise<AllTimes> {
  const rounds: Record<Name, Times[]> = { health: [], customerTotal: [], customerBudgets: [] };
  for (let turn = 1; turn <= ROUNDS; turn += 1) {
    process.stderr.write(`reads, ${when}: round ${turn} of ${ROUNDS}\n`);
    for (const name of NAMES) {
      rounds[name].push(await timesOf(target, name, READS_PER_ROUND));
    }
  }
  const middle = (times: readonly Times[]): Times => ({
    p50Ms: rounded(median(times.map(({ p50Ms }) => p50Ms)), 3),
    p99Ms: rounded(median(times.map(({ p99Ms }) => p99Ms)), 3),
  });
  return {
    health: middle(rounds.health),
    customerTotal: middle(rounds.customerTotal),
    customerBudgets: middle(rounds.customerBudgets),
  };
}

function timesOf(target: measured.Target, name: Name, count: number): Promise<Times> {
  return measured.readTimes(target, () => PATHS[name], count);
}

/** Each read against `/health`, and with many steps against few. */
function compared(fresh: AllTimes, grown: AllTimes) {
  const of = (name: "customerTotal" | "customerBudgets") => ({
    fresh: fresh[name],
    grown: grown[name],
    ratioToHealth: rounded(fresh[name].p99Ms / fresh.health.p99Ms, 2),
    ratioToHealthGrown: rounded(grown[name].p99Ms / grown.health.p99Ms, 2),
    ratioToFresh: rounded(grown[name].p99Ms / fresh[name].p99Ms, 2),
  });
  return {
    health: { fresh: fresh.health, grown: grown.health },
    customerTotal: of("customerTotal"),
    customerBudgets: of("customerBudgets"),
  };
}
