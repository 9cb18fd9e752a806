/**
 * How many steps a second a simulation rates, engine and store included: a history in the embedded
 * store under a card of five charges, simulated under another. Two sizes of history say whether
 * memory grows with it. The baseline reads the same rows and adds up their lengths: what no
 * simulation can do without. Each measurement is a process of its own, in turns.
 *
 * A part of the history is ingested; the rest are copies of its steps, in copies of its runs, since
 * a simulation reads rows and nothing else.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { composeEngine, composeHttp, nodeDigest } from "../src/compose.ts";
import { storedRateCard } from "../src/domain/rating/stored-rate-card.ts";
import { readPriceDocument } from "../src/ingest/price-list/own-format.ts";
import { openSqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { BENCH_PRICES } from "./prices.ts";
import { BENCH_CARD, Workload } from "./workload.ts";

/** The workspace of the bench. */
export const BENCH_WORKSPACE = "bench";
const SEED = 7;
const START_MS = Date.UTC(2026, 10, 1);
const NOW_MS = Date.UTC(2026, 10, 20);
const INGESTED_STEPS = 100_000;
const EVENTS_A_REQUEST = 1_000;
const ROUNDS = 5;
/** The smaller history has this part of the larger one's steps. */
const SMALLER = 5;

/** Options of the bench. */
export interface SimulateOptions {
  /** Steps of the larger history. (Default: 1,000,000.) */
  readonly steps: number;
}

/** What one process measured. */
interface Measured {
  readonly steps: number;
  readonly seconds: number;
  /** Time of processors, all threads together: it says the same on a machine that others use. */
  readonly cpuSeconds: number;
  readonly rssMiB: number;
}

/** Runs it and returns what `--json` prints. */
export async function benchSimulate({ steps }: SimulateOptions): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-bench-simulate-"));
  try {
    const sizes = [Math.max(INGESTED_STEPS, Math.round(steps / SMALLER)), steps];
    const histories = [];
    for (const size of sizes) histories.push(await makeHistory(join(folder, String(size)), size));
    const [smaller = "", larger = ""] = histories;
    const rounds = Array.from({ length: ROUNDS }, (_, round) => {
      const found = {
        baseline: measure("baseline", larger),
        larger: measure("simulate", larger),
        smaller: measure("simulate", smaller),
      };
      const rates = Object.values(found).map((one) => Math.round(rateOf(one)));
      process.stderr.write(`round ${round + 1}: ${rates.join(" ")} steps/s\n`);
      return found;
    });
    return report(rounds);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rateOf({ steps, seconds }: Measured): number {
  return steps / seconds;
}

function report(
  rounds: readonly Readonly<Record<"baseline" | "larger" | "smaller", Measured>>[],
): object {
  const of = (name: "baseline" | "larger" | "smaller") => rounds.map((round) => round[name]);
  const rates = of("larger").map(rateOf);
  const stepsPerSecond = median(rates);
  const baseline = median(of("baseline").map(rateOf));
  const memory = (name: "larger" | "smaller") => ({
    steps: of(name)[0]?.steps ?? 0,
    stepsPerSecond: Math.round(median(of(name).map(rateOf))),
    cpuMicrosecondsPerStep: cpuMicroseconds(of(name)),
    rssMiB: Math.round(median(of(name).map(({ rssMiB }) => rssMiB))),
  });
  return {
    ...{ bench: "simulate", node: process.version, rounds: ROUNDS },
    stepsPerSecond: Math.round(stepsPerSecond),
    ...{ least: Math.round(Math.min(...rates)), most: Math.round(Math.max(...rates)) },
    cpuMicrosecondsPerStep: cpuMicroseconds(of("larger")),
    baselineStepsPerSecond: Math.round(baseline),
    ratio: Number((stepsPerSecond / baseline).toFixed(3)),
    histories: [memory("smaller"), memory("larger")],
  };
}

function cpuMicroseconds(measured: readonly Measured[]): number {
  const each = measured.map(({ cpuSeconds, steps }) => (cpuSeconds / steps) * 1e6);
  return Number(median(each).toFixed(3));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function measure(what: "simulate" | "baseline", dataDir: string): Measured {
  const file = join(import.meta.dirname, "simulate-process.ts");
  const text = execFileSync(process.execPath, [file, what, dataDir], { encoding: "utf8" });
  return JSON.parse(text) as Measured;
}

/** The card that is simulated: every price and tier is another one. */
export const OTHER_CARD = {
  ...BENCH_CARD,
  key: "other",
  charges: BENCH_CARD.charges.map(({ price, ...charge }) =>
    price.model === "graduated"
      ? { ...charge, price: { ...price, tiers: [{ upTo: 500, unit: "0.002" }, { unit: "0.001" }] } }
      : { ...charge, price },
  ),
};

/** A card as it is stored. */
export function benchCard(card: object) {
  const document = JSON.stringify(card, (_key, value: unknown) => {
    return typeof value === "number" ? String(value) : value;
  });
  return { card: storedRateCard(document), document };
}

/** An engine over a data folder, with the time of the bench. */
export function openBench(dataDir: string) {
  const store = openSqliteStore({ dataDir, digest: nodeDigest });
  return { store, engine: composeEngine(store, { clock: { nowMs: () => NOW_MS } }) };
}

async function makeHistory(dataDir: string, steps: number): Promise<string> {
  const { store, engine } = openBench(dataDir);
  await store.createWorkspace(BENCH_WORKSPACE);
  await engine.importPrices(BENCH_WORKSPACE, readPriceDocument(BENCH_PRICES));
  await engine.applyRateCard(BENCH_WORKSPACE, { ...benchCard(BENCH_CARD), effectiveFromMs: 0 });
  const { intake } = composeHttp(engine);
  const workload = new Workload(SEED, { startMs: START_MS });
  for (let sent = 0; sent < INGESTED_STEPS; sent += EVENTS_A_REQUEST) {
    await intake.ingestBody(BENCH_WORKSPACE, workload.batch(EVENTS_A_REQUEST), "json");
  }
  await store.settle(BENCH_WORKSPACE);
  await store.close();
  copySteps(join(dataDir, "tollgate.db"), steps);
  return dataDir;
}

/** Copies the steps that there are, and their runs, until there are so many. */
function copySteps(path: string, steps: number): void {
  const db = new DatabaseSync(path);
  const numberOf = (sql: string) => db.prepare(`SELECT ${sql} AS n`).get()?.n as number;
  const count = () => numberOf("(SELECT count(*) FROM steps)");
  db.exec("PRAGMA synchronous = OFF; DROP INDEX steps_by_identity; BEGIN");
  for (let held = count(); held < steps; held = count()) {
    const runs = numberOf("(SELECT max(run_no) FROM runs)");
    copyRuns(db, runs);
    const copy = `INSERT INTO steps
        (run_no, source_no, id, seq, facets_no, body, labels_no, checksum)
      SELECT run_no + ?, source_no, randomblob(16), seq, facets_no, body, labels_no, checksum
      FROM steps ORDER BY step_no LIMIT ?`;
    db.prepare(copy).run(runs, Math.min(held, steps - held));
  }
  const index = "CREATE UNIQUE INDEX steps_by_identity ON steps (run_no, source_no, id)";
  // Nothing is to be recovered: the copies are of no total.
  const summed = "UPDATE workspaces SET summed_step_no = (SELECT max(step_no) FROM steps)";
  db.exec(`${summed}; COMMIT; ${index}; PRAGMA wal_checkpoint(TRUNCATE)`);
  db.close();
}

/** Every run once more, by a number that is higher by so much and an id that says it. */
function copyRuns(db: DatabaseSync, above: number): void {
  const all = db.prepare("SELECT name FROM pragma_table_info('runs')").all();
  const kept = all.map(({ name }) => String(name)).filter((name) => !/^(run_no|id)$/.test(name));
  const copy = `INSERT INTO runs (run_no, id, ${kept})
    SELECT run_no + ?1, id || '+' || ?1, ${kept} FROM runs`;
  db.prepare(copy).run(above);
}
