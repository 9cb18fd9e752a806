/** Whether something that a row names is on record. */
import type { Identity } from "../../domain/event/event.ts";
import type { DataFile } from "./data-file.ts";
import { findStep } from "./step-row.ts";

const WITNESS = "SELECT 1 FROM witnesses WHERE ws = ? AND run = ? AND source = ? AND id = ?";
const RUN = "SELECT 1 FROM runs WHERE ws = ? AND id = ?";
const OUTCOME = "SELECT 1 FROM outcomes WHERE ws = ? AND run = ? AND key = ?";
const EVENT = `SELECT 1 FROM journal
  WHERE ws = ? AND run = ? AND source = ? AND id = ? AND run <> ''`;

/** Whether a step came, also one that is only a witness of its call, or was removed since. */
export function isRecordedStep(file: DataFile, ws: number, of: Identity): boolean {
  const { run, source, id } = of;
  if (file.first(WITNESS, ws, run, source, id) !== undefined) return true;
  if (findStep(file, ws, { run, source, id }) !== undefined) return true;
  return file.removed.had(ws, run, { source, id });
}

/**
 * Whether a cause is on record: a step, an event of a run, an outcome by its key, or a run alone.
 * Of what people decide, the journal is compared elsewhere.
 */
export function isRecordedCause(file: DataFile, ws: number, of: Identity): boolean {
  const { run, source, id } = of;
  if (file.first(RUN, ws, run) === undefined) return false;
  if (id === "") return true;
  if (file.first(EVENT, ws, run, source, id) !== undefined) return true;
  if (source === "" && file.first(OUTCOME, ws, run, id) !== undefined) return true;
  return isRecordedStep(file, ws, of);
}

const BELOW = "SELECT id FROM runs INDEXED BY runs_by_parent WHERE ws = ? AND parent = ?";

/**
 * Whether a cause is on record of a run right below the one that it names: an event that told a run
 * above when it began was named as that one's by versions before this one.
 */
export function isRecordedBelow(file: DataFile, ws: number, of: Identity): boolean {
  if (of.id === "") return false;
  return file.all(BELOW, ws, of.run).some(({ id: run }) => {
    return isRecordedCause(file, ws, { ...of, run: run as string });
  });
}
