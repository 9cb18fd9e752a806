/** One unit of work's part of outcomes that become final. */
import { present } from "../../domain/assert.ts";
import type { OutcomeRecorded } from "../../domain/event/event.ts";
import { OUTCOMES_SETTLED_PER_UNIT_MAX_COUNT } from "../../domain/limits.ts";
import type { OutcomeState } from "../../domain/run/run.ts";
import type { Act } from "../commit/carry-out.ts";
import { loadBatch } from "../commit/load-batch.ts";
import { correctRuns } from "../runs/correct-runs.ts";
import { outcomeKeyText, settleOutcome, settlingId } from "./apply-outcome.ts";
import { Ledger } from "./book.ts";

/**
 * Charges outcomes that are final by an instant, earliest first, as many as one unit takes. Returns
 * whether there may be more.
 */
export async function settleDueOutcomes(
  { unit, state, tariff }: Act,
  untilMs: number,
): Promise<{ readonly count: number; readonly hasMore: boolean }> {
  const limit = OUTCOMES_SETTLED_PER_UNIT_MAX_COUNT;
  const due = await unit.dueOutcomes(untilMs, { limit });
  if (due.length === 0) return { count: 0, hasMore: false };
  await loadBatch(unit, tariff, { state, events: due.map(recordingOf) });
  const ledger = new Ledger(state, tariff);
  for (const { run, key } of due) {
    settleOutcome(ledger, present(state.outcomes.get(outcomeKeyText(run, key)), "outcome"));
  }
  correctRuns(ledger);
  return { count: due.length, hasMore: due.length === limit };
}

/** What loads all that charging the outcome may move. */
function recordingOf(of: OutcomeState): OutcomeRecorded {
  const { run, key, outcome, occurredAtMs, contentHash } = of;
  const identity = { run, source: "tollgate", id: settlingId(key), contentHash };
  return { type: "outcome.recorded", ...identity, occurredAtMs, outcome, key };
}
