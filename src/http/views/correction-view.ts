/** Acts by hand as they are told. */
import { createHash } from "node:crypto";
import type { CreditNote } from "../../engine/periods/correction-records.ts";
import type { DisputeState } from "../../engine/periods/credited.ts";
import type { Goodwill } from "../../engine/periods/give-goodwill.ts";
import { creditNoteDocument } from "../../engine/periods/issue-credit-note.ts";
import { timeText } from "../instant.ts";

/** A credit. */
export function goodwillView({ key: _key, description: _text, ...goodwill }: Goodwill): object {
  return goodwill;
}

/** A dispute, with how it ended. */
export function disputeView(dispute: DisputeState): object {
  const { key: _key, target, resolution, description: _text, ...rest } = dispute;
  const line = target.kind === "line" ? target : { statement: null, line: null };
  const outcome = target.kind === "outcome" ? target : { run: null, outcome: null };
  return {
    ...rest,
    statement: line.statement,
    line: line.line,
    run: outcome.run,
    outcome: outcome.outcome,
    resolution:
      resolution === null
        ? null
        : {
            favor: resolution.favor,
            period: resolution.period,
            reason: resolution.reason,
            by: resolution.by,
          },
  };
}

/** A credit note with the digest of its document. */
export function creditNoteView(note: CreditNote): object {
  const { key: _key, act: _act, issuedAtMs, ...rest } = note;
  const digest = createHash("sha256").update(creditNoteDocument(note)).digest("hex");
  return { ...rest, issuedAt: timeText(issuedAtMs), digest };
}
