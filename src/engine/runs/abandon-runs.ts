/** Periodic work: runs without a sign of life are abandoned. */
import type { RunClosed } from "../../domain/event/event.ts";
import { RUN_ABANDON_AFTER_MS } from "../../domain/limits.ts";
import type { Run } from "../../domain/run/run.ts";
import { Ledger } from "../booking/book.ts";
import { runAct } from "../commit/act.ts";
import { loadBatch } from "../commit/load-batch.ts";
import type { EngineContext } from "../context.ts";
import { abandonRun } from "./apply-run.ts";
import { correctRuns } from "./correct-runs.ts";

const RUNS_PER_ACT_MAX_COUNT = 500;

/** Abandons what has been silent for `afterMs` (Default: a day). Returns how many runs. */
export async function abandonSilentRuns(
  context: EngineContext,
  workspace: string,
  afterMs: number = RUN_ABANDON_AFTER_MS,
): Promise<number> {
  let total = 0;
  for (;;) {
    const count = await runAct(context, workspace, async ({ unit, state, tariff }) => {
      const beforeMs = state.receivedAtMs - afterMs;
      const silent = await unit.silentRuns(beforeMs, RUNS_PER_ACT_MAX_COUNT);
      const isAsked = tariff.waitsForEnd || tariff.boundsRuns;
      if (isAsked) await loadBatch(unit, tariff, { state, events: silent.map(endOf) });
      const ledger = new Ledger(state, tariff);
      for (const run of silent) abandonRun(ledger, run);
      correctRuns(ledger);
      return silent.length;
    });
    total += count;
    if (count < RUNS_PER_ACT_MAX_COUNT) return total;
  }
}

/** What loads all that the end of a run may move. */
function endOf({ id: run, lastSeenAtMs }: Run): RunClosed {
  const identity = { run, source: "tollgate", id: `abandoned-${lastSeenAtMs}`, contentHash: "" };
  return { type: "run.closed", ...identity, occurredAtMs: lastSeenAtMs, ending: "cancelled" };
}
