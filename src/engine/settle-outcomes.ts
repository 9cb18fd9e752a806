/**
 * Outcomes become final: what nobody has taken back in its window is charged. When an outcome is
 * final is fixed when it is recorded, and decides the period that bills it; when this runs decides
 * nothing.
 */
import { present } from "../domain/assert.ts";
import type { OutcomeRecorded } from "../domain/event/event.ts";
import { OUTCOMES_SETTLED_PER_UNIT_MAX_COUNT } from "../domain/limits.ts";
import type { OutcomeState } from "../domain/run/run.ts";
import { type Act, runAct } from "./act.ts";
import { outcomeKeyText, settleOutcome, settlingId } from "./apply-outcome.ts";
import { Ledger } from "./book.ts";
import type { EngineContext } from "./context.ts";
import { correctRuns } from "./correct-runs.ts";
import { loadBatch } from "./load-batch.ts";

/**
 * Charges every outcome that is final by now, earliest first. May be repeated, and goes on where it
 * was cut off. Returns how many there were.
 */
export async function settleOutcomes(context: EngineContext, workspace: string): Promise<number> {
  const tariff = await context.tariffs.of(workspace);
  if (!tariff.settlesOutcomes) return 0;
  let total = 0;
  for (;;) {
    const count = await runAct(context, workspace, settlePage);
    total += count;
    if (count < OUTCOMES_SETTLED_PER_UNIT_MAX_COUNT) return total;
  }
}

async function settlePage({ unit, state, tariff }: Act): Promise<number> {
  const due = await unit.dueOutcomes(state.receivedAtMs, {
    limit: OUTCOMES_SETTLED_PER_UNIT_MAX_COUNT,
  });
  if (due.length === 0) return 0;
  await loadBatch(unit, tariff, { state, events: due.map(recordingOf) });
  const ledger = new Ledger(state, tariff);
  for (const { run, key } of due) {
    settleOutcome(ledger, present(state.outcomes.get(outcomeKeyText(run, key)), "outcome"));
  }
  correctRuns(ledger);
  return due.length;
}

/** What loads all that charging the outcome may move. */
function recordingOf(of: OutcomeState): OutcomeRecorded {
  const { run, key, outcome, occurredAtMs, contentHash } = of;
  const identity = { run, source: "tollgate", id: settlingId(key), contentHash };
  return { type: "outcome.recorded", ...identity, occurredAtMs, outcome, key };
}
