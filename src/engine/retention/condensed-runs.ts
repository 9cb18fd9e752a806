/**
 * Runs that are condensed: their steps may be gone, and marks are left of them (decision 0136).
 * Such a run takes nothing more. A retry is still a duplicate; a changed record is a conflict.
 */
import { TollgateError } from "../../domain/errors.ts";
import type { JournalEntry } from "../../domain/event/journal.ts";
import { type Recognised, recognise } from "../../domain/event/step-marks.ts";
import type { Run } from "../../domain/run/run.ts";
import type { BatchState } from "../commit/batch-state.ts";
import { type EventResult, rejected } from "../commit/result.ts";
import type { Answer, Digest, StepKey, UnitOfWork } from "../ports.ts";

/** What the journal keeps of a condensed run, beside its own identity. */
export interface CondensedDocument {
  /** domain/event/step-marks.ts */
  readonly marks: string;
}

/** The identity under which the journal has that a run was condensed. */
export function condensedKey(run: string): StepKey {
  return { run, source: "", id: "" };
}

/** Whether a run may be condensed at all: one that goes on never is, so nobody need ask. */
export function mayBeCondensed({ status, standing }: Pick<Run, "status" | "standing">): boolean {
  return status !== "open" && !standing;
}

/** Finds which of the runs of a batch are condensed. */
export async function loadCondensed(
  unit: UnitOfWork,
  state: BatchState,
  digest: Pick<Digest, "content">,
): Promise<void> {
  const ended = [...state.runs.values()].filter(mayBeCondensed);
  if (ended.length === 0) return;
  const hash = (text: string) => digest.content(text);
  for (const { run, document } of await entriesOf(unit, ended)) {
    const { marks } = JSON.parse(document) as CondensedDocument;
    state.condensed.set(run, (record) => recognise(marks, record, hash));
  }
}

/** The journal's entries of those of these runs that are condensed. */
export function entriesOf(
  unit: UnitOfWork,
  runs: readonly Pick<Run, "id">[],
): Answer<JournalEntry[]> {
  return unit.journalled(runs.map(({ id }) => condensedKey(id)));
}

/** What a step of a condensed run is answered; null: nobody has heard of it. */
export function answerStep(known: Recognised, { run, id }: StepKey): EventResult | null {
  if (known === "duplicate") return { status: "duplicate", run };
  if (known === "unknown") return null;
  const detail =
    `Step "${id}" of run "${run}" was kept with other content. The run is condensed, so which ` +
    "of the two is right can no longer be decided.";
  return { status: "conflict", run, error: { code: "event.conflict", detail } };
}

/** The answer to what a condensed run takes no more. */
export function refuseCondensed(run: string): EventResult {
  const detail = `Run "${run}" is condensed: its period is closed, and it takes nothing more.`;
  return rejected({ code: "run.condensed", detail });
}

/** Throws `run.condensed` where the steps of a run may be gone. */
export async function requireNotCondensed(unit: UnitOfWork, id: string): Promise<void> {
  if ((await entriesOf(unit, [{ id }])).length === 0) return;
  throw new TollgateError("run.condensed", `Run "${id}" is condensed: its steps may be gone.`);
}
