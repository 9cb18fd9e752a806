/** Since when steps, runs and outcomes are on record, as seqs: that of their first version. */
import type { Step } from "../../domain/event/step.ts";
import type { OutcomeState, Run } from "../../domain/run/run.ts";
import { encodeId } from "../sqlite/stored-id.ts";
import type { DataFile } from "./data-file.ts";

const STEP = `SELECT min(f.seq) AS seq FROM former_steps f
  JOIN runs r USING (run_no) JOIN names n ON n.name_no = f.source_no
  WHERE r.ws = ? AND r.id = ? AND n.text = ? AND f.id = ?`;
const RUN = "SELECT min(since_seq) AS seq FROM former_runs WHERE ws = ? AND run = ?";
const OUTCOME = `SELECT min(since_seq) AS seq FROM former_outcomes
  WHERE ws = ? AND run = ? AND key = ?`;

/** Of any revision of a step, that of the first one. */
export function firstSeqOfStep(file: DataFile, ws: number, step: Step): number {
  const { run, source, id, seq, revision } = step;
  if (revision === 1) return seq;
  return firstOf(file.first(STEP, ws, run, source, encodeId(id))) ?? seq;
}

/** Of any version of a run, that of the first one. */
export function firstSeqOfRun(
  file: DataFile,
  ws: number,
  { id, sinceSeq }: Pick<Run, "id" | "sinceSeq">,
): number {
  return firstOf(file.first(RUN, ws, id)) ?? sinceSeq;
}

/** Of any version of an outcome, that of its first version. */
export function firstSeqOfOutcome(file: DataFile, ws: number, outcome: OutcomeState): number {
  const { run, key, sinceSeq } = outcome;
  return firstOf(file.first(OUTCOME, ws, run, key)) ?? sinceSeq;
}

function firstOf(row: { readonly seq?: unknown } | undefined): number | null {
  return (row?.seq ?? null) as number | null;
}
