/**
 * The unit of work, pure: events and loaded state in, results and writes out. Events apply one
 * after the other in the order of their request; no event spoils another.
 */
import { unreachable } from "../../domain/assert.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import { isUnfinished } from "../../domain/run/run.ts";
import { amendStep, voidStep } from "../booking/apply-correction.ts";
import { recordOutcome, reverseOutcome } from "../booking/apply-outcome.ts";
import { applyStep } from "../booking/apply-step.ts";
import { Ledger } from "../booking/book.ts";
import { linkWitness } from "../booking/count-step.ts";
import type { Tariff } from "../cards/tariff.ts";
import { answerStep, refuseCondensed } from "../retention/condensed-runs.ts";
import { closeRun, openRun, restateSteps } from "../runs/apply-run.ts";
import { releaseOwn } from "../runs/attribute.ts";
import { correctRuns } from "../runs/correct-runs.ts";
import type { BatchState } from "./batch-state.ts";
import { stepKeyText } from "./batch-state.ts";
import type { BatchResult, EventResult, RunResult } from "./result.ts";

/** Applies events in their order and tells what became of each. */
export function applyBatch(
  state: BatchState,
  tariff: Tariff,
  events: readonly TollgateEvent[],
): BatchResult {
  const ledger = ledgerOf(state, tariff);
  const results = events.map((event) => applyEvent(ledger, event));
  correctRuns(ledger);
  // The totals alone: the rows of the unit would be kept alive until it is on disk.
  const runs = new Map<string, RunResult>();
  for (const event of events) {
    if (runs.has(event.run)) continue;
    const run = state.runs.get(event.run);
    if (run !== undefined) runs.set(run.id, { own: run.own, tree: run.tree });
  }
  if (state.left.length === 0) return { results, runs, holds: [] };
  const left = state.left.filter(({ run }) => isUnfinished(state.runOrNew(run)));
  return { results, runs, holds: [], left };
}

function ledgerOf(state: BatchState, tariff: Tariff): Ledger {
  const ledger = new Ledger(state, tariff);
  ledger.replay = (event) => applyEvent(ledger, event);
  return ledger;
}

/**
 * Restates the steps at hand of a run that was opened behind them; with the last of them that is
 * done. Returns how many had to be.
 */
export function applyRestatement(
  state: BatchState,
  tariff: Tariff,
  { run, isLast }: { readonly run: string; readonly isLast: boolean },
): number {
  const { restating } = state.runOrNew(run);
  if (restating === null) return 0;
  const ledger = ledgerOf(state, tariff);
  const own = [...state.steps.values()].filter((step) => step.run === run);
  const count = restateSteps(ledger, restating, own);
  if (isLast) state.editRun(run).restating = null;
  correctRuns(ledger);
  return count;
}

/** Applies one event; used for arriving events and for those that leave suspense. */
function applyEvent(ledger: Ledger, event: TollgateEvent): EventResult {
  if (ledger.state.condensed.size > 0) {
    const answer = answerCondensed(ledger, event);
    if (answer !== null) return answer;
  }
  if (!ledger.state.suspended.isEmpty) releaseOwn(ledger, event);
  if (event.type === "step") return applyStep(ledger, event);
  const seen = ledger.state.journal.get(stepKeyText(event));
  if (seen !== undefined) {
    const isLeft = (ledger.state.runs.get(event.run)?.restating ?? null) !== null;
    if (isLeft) ledger.state.left.push({ run: event.run, by: event.run });
    if (seen.contentHash === event.contentHash) {
      return { status: "duplicate", run: event.run, seq: seen.seq };
    }
    const detail = `Event "${event.id}" of run "${event.run}" was accepted with other content.`;
    return { status: "conflict", run: event.run, error: { code: "event.conflict", detail } };
  }
  switch (event.type) {
    case "run.opened":
      return openRun(ledger, event);
    case "run.closed":
      return closeRun(ledger, event);
    case "outcome.recorded":
      return recordOutcome(ledger, event);
    case "outcome.reversed":
      return reverseOutcome(ledger, event);
    case "step.amended":
      return amendStep(ledger, event);
    case "step.voided":
      return voidStep(ledger, event);
    default:
      return unreachable(event);
  }
}

/**
 * What concerns a condensed run, or would hang a run below one. An event that the journal has is
 * answered as ever, and so is another witness of a call that is counted. Null: nothing of it.
 */
function answerCondensed(ledger: Ledger, event: TollgateEvent): EventResult | null {
  const { condensed, journal } = ledger.state;
  const parent = "parentRun" in event ? event.parentRun : null;
  const known = condensed.get(event.run);
  if (known === undefined) {
    return parent !== null && condensed.has(parent) ? refuseCondensed(parent) : null;
  }
  if (event.type !== "step")
    return journal.has(stepKeyText(event)) ? null : refuseCondensed(event.run);
  const { customer = null } = ledger.state.runs.get(event.run) ?? {};
  const answer = answerStep(known(event), event) ?? linkWitness(ledger, customer, event);
  return answer ?? refuseCondensed(event.run);
}
