/** A person decides between two differing exact records of one step. */

import { TollgateError } from "../../domain/errors.ts";
import { decodeEvent } from "../../domain/event/codec.ts";
import { runAct } from "../commit/act.ts";
import { loadBatch } from "../commit/load-batch.ts";
import type { EngineContext } from "../context.ts";
import type { Conflict } from "../ports.ts";
import { requireNotCondensed } from "../retention/condensed-runs.ts";
import { correctRuns } from "../runs/correct-runs.ts";
import { amendStep } from "./apply-correction.ts";
import { Ledger } from "./book.ts";

/** A person's decision on a conflict. */
export interface Settlement {
  /** `seq` of the conflict, as listed. */
  readonly conflict: number;
  /** The record that counts from now on. */
  readonly keep: "first" | "second";
  readonly reason: string;
}

/** Keeping the second amends the step by it. Throws `conflict.not_found`, `run.condensed`. */
export async function settleConflict(
  context: EngineContext,
  workspace: string,
  { conflict: seq, keep, reason }: Settlement,
): Promise<Conflict> {
  return runAct(context, workspace, async ({ unit, state, tariff, journal }) => {
    const found = await findOpen(context, workspace, seq);
    const event = decodeEvent(found.document);
    if (keep === "second" && event.type === "step") {
      const { run, source, id, occurredAtMs, contentHash } = event;
      await requireNotCondensed(unit, run);
      const identity = { run, source: "tollgate", id: `settle-${seq}` };
      const amendment = {
        type: "step.amended",
        ...identity,
        occurredAtMs: Math.max(occurredAtMs, state.receivedAtMs),
        contentHash,
        target: { source, id },
        facts: event,
        reason,
      } as const;
      await loadBatch(unit, tariff, { state, events: [amendment] });
      const ledger = new Ledger(state, tariff);
      const result = amendStep(ledger, amendment);
      correctRuns(ledger);
      if (result.error !== undefined) {
        throw new TollgateError(result.error.code, result.error.detail, result.error.field);
      }
    }
    const settled: Conflict = { ...found, settled: keep };
    state.conflicts.set(String(seq), settled);
    journal("conflict.settled", String(seq), { conflict: seq, keep, reason });
    return settled;
  });
}

async function findOpen(context: EngineContext, workspace: string, seq: number): Promise<Conflict> {
  const [found] = await context.store.listConflicts(workspace, 1, seq - 1);
  if (found?.seq === seq) return found;
  throw new TollgateError("conflict.not_found", `There is no open conflict ${seq}.`);
}
