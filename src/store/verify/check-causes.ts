/**
 * What rows beside the books name is what they were written with, whatever a checksum says:
 * causes of adjustments and overruns, events that wait or contradict others, and what was decided
 * on these.
 */
import { decodeEvent } from "../../domain/event/codec.ts";
import { ADJUSTMENT_REASONS } from "../../domain/period/records.ts";
import { decodeId } from "../sqlite/stored-id.ts";
import { decodeAdjustedId } from "../stored-adjustment.ts";
import type { Row } from "../stored-rows.ts";
import type { Acts } from "./acts.ts";
import { type DataFile, readable } from "./data-file.ts";
import { keyText } from "./findings.ts";
import { isRecordedBelow, isRecordedCause } from "./recorded.ts";

const CAUSES: readonly unknown[] = ["no_hold", "above_hold", "within_hold", "revised", "run"];
const LATE = "late_event";
const REASONS: readonly unknown[] = ADJUSTMENT_REASONS;

/** Checks that each says why it is, and that this happened. */
export function checkCauses(file: DataFile, acts: Acts): void {
  checkDocuments(file);
  checkDecided(file, acts);
  for (const row of file.each("SELECT * FROM adjustments ORDER BY ws, seq")) {
    const key = keyText(file.workspace(row.ws as number), row.seq as number);
    const cause = { ...row, id: decodeAdjustedId(row.id as string).id };
    const isKnown = REASONS.includes(row.reason);
    expectCause(file, ["adjustments", key], { row: cause, isKnown });
  }
  for (const row of file.each("SELECT * FROM overruns")) {
    const parts = [row.budget_id, row.scope, row.window_key] as (string | number)[];
    const key = keyText(file.workspace(row.ws as number), ...parts);
    expectCause(file, ["overruns", key], { row, isKnown: CAUSES.includes(row.cause) });
  }
}

const KEPT = ["witnesses", "suspended", "conflicts"] as const;

/** A row is found by its identity, and counted by its document. */
function checkDocuments(file: DataFile): void {
  for (const table of KEPT) {
    for (const row of file.each(`SELECT * FROM ${table}`)) {
      const { ws, run, source, seq } = row as {
        ws: number;
        run: string;
        source: string;
        seq: number;
      };
      const id = decodeId(row.id);
      const parts = table === "conflicts" ? [seq] : [run, source, id];
      const at = { table, key: keyText(file.workspace(ws), ...parts) };
      const event = readable(file, at, () => decodeEvent(row.document as string));
      const isIts = event?.run === run && event.source === source && event.id === id;
      file.findings.expect(isIts, [table, at.key, "is of another event than its document tells"]);
    }
  }
}

/** Which record counts is an act of a person. */
function checkDecided(file: DataFile, acts: Acts): void {
  for (const { ws, seq, settled } of file.each("SELECT ws, seq, settled FROM conflicts")) {
    const [act] = acts.of("conflict.settled", ws as number, String(seq)).slice(-1);
    const key = keyText(file.workspace(ws as number), seq as number);
    const isSame = settled === (act?.document.keep ?? null);
    file.findings.expect(isSame, ["conflicts", key, "is settled otherwise than the journal says"]);
  }
}

function expectCause(
  file: DataFile,
  [table, key]: readonly [string, string],
  { row, isKnown }: { readonly row: Row; readonly isKnown: boolean },
): void {
  file.findings.expect(isKnown, [table, key, "says no reason that there is"]);
  const { ws, run, source } = row as { ws: number; run: string; source: string };
  // Acts of people stand in no run: they are compared with their rows one by one.
  if (run === "") return;
  const id = decodeId(row.id);
  const own = isRecordedCause(file, ws, { run, source, id });
  const isRecorded = own || (row.reason === LATE && isRecordedBelow(file, ws, { run, source, id }));
  const problem = `names ${keyText(run, source, id)} as its cause, which is not on record`;
  file.findings.expect(isRecorded, [table, key, problem]);
}
