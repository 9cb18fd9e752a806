/**
 * What end users came to. A run states whom of its customer's it works for, so usage by end user is
 * added up from the runs that have one, with their steps: there may be as many end users as runs,
 * and rows for each would make every total of their customer slower to keep and to read.
 */

import { FUTURE_TOLERANCE_MS, REPORT_STEPS_MAX_COUNT } from "../../domain/limits.ts";
import type { RollupRow } from "../../domain/run/rollup.ts";
import type { Run, RunFacts } from "../../domain/run/run.ts";
import type { Tariff } from "../cards/tariff.ts";
import { othersTurn } from "../commit/others-turn.ts";
import type { Reads, UsageFilter } from "../ports.ts";
import { requireSteps } from "../retention/require-steps.ts";
import { tooLarge } from "./report-periods.ts";
import { RollupSums } from "./rollup-sums.ts";

const RUNS_A_READ = 100;
/** Runs and steps read before others have their turn. */
const READS_A_TURN = 250;

/** Which usage to read, of whom. */
export interface EndUserFilter extends UsageFilter {
  readonly endUser?: string;
}

/** What one run of an end user came to. */
export interface EndUserRow extends RollupRow {
  readonly endUser: string;
}

interface Reading {
  readonly store: Reads;
  readonly workspace: string;
  readonly tariff: Pick<Tariff, "boundsRuns">;
  /** When the period that is asked for starts; what rests since before it is not read. */
  readonly fromMs: number;
  /** Most runs and steps. (Default: REPORT_STEPS_MAX_COUNT.) */
  readonly max?: number;
}

/** Goes through all runs that have an end user. Throws `report.too_large`, `steps.removed`. */
export async function* usageOfEndUsers(
  { store, workspace, tariff, fromMs, max = REPORT_STEPS_MAX_COUNT }: Reading,
  filter: EndUserFilter,
): AsyncGenerator<EndUserRow> {
  const { agent, period } = filter;
  await requireSteps(store, workspace, fromMs);
  let read = 0;
  let readAtPause = 0;
  const isWanted = (row: RollupRow) =>
    (agent === undefined || row.agent === agent) && row.period.startsWith(period ?? "");
  for await (const run of runsOf(store, workspace, filter)) {
    const mayHaveSteps = !("lastSeenAtMs" in run) || isAlive(run, fromMs);
    const steps = mayHaveSteps ? await store.stepsOfRun(workspace, run.id) : [];
    read += 1 + steps.length;
    if (read > max) throw tooLarge("runs and steps", max);
    if (run.customer === null) continue;
    const sums = new RollupSums();
    for (const step of steps) sums.addStep(step);
    for (const one of await store.outcomesOfRun(workspace, run.id)) sums.addOutcome(one);
    if (run.rating !== null) sums.addRating(run.customer, run.rating);
    // A listing as of an instant may tell of totals as they are now.
    const root = tariff.boundsRuns && run.parent === null ? run.id : null;
    const whole = root === null ? undefined : await store.run(workspace, root);
    sums.addCorrections(run.customer, whole?.corrections ?? []);
    for (const row of sums.rows) if (isWanted(row)) yield { ...row, endUser: run.endUser ?? "" };
    if (read - readAtPause < READS_A_TURN) continue;
    readAtPause = read;
    await othersTurn();
  }
}

/** Nothing is rated later than this much after its receipt, which is a sign of life. */
function isAlive({ lastSeenAtMs }: Run, fromMs: number): boolean {
  return lastSeenAtMs + FUTURE_TOLERANCE_MS >= fromMs;
}

async function* runsOf(
  store: Reads,
  workspace: string,
  { customer, endUser }: EndUserFilter,
): AsyncGenerator<RunFacts | Run> {
  const who = customer === undefined ? {} : { customer };
  const whose = endUser === undefined ? { hasEndUser: true } : { endUser };
  // Of runs that open meanwhile, a listing by ids shows some and skips none that was there.
  const filter = { ...who, ...whose, byId: true, limit: RUNS_A_READ };
  for (let after = ""; ; ) {
    const runs = await store.listRuns(workspace, { ...filter, ...(after !== "" && { after }) });
    yield* runs;
    after = runs.at(-1)?.id ?? after;
    if (runs.length < RUNS_A_READ) return;
  }
}
