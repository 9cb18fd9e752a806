/**
 * The life of a line:
 *
 *   ready → in_flight → accepted → confirmed
 *     ↑         │     ↘ rejected → superseded (a later revision stands for it) | voided (by hand)
 *     └─────────┴──→ unknown → accepted | ready, by what a look-up finds
 *
 * (accepted → ready: a batch that they took was thrown away whole, for one line of it.)
 *
 * `in_flight` is on disk before the first byte leaves, so a crash leaves a line that may have been
 * sent, never one that is thought unsent. The number of attempts never turns unknown into failed.
 */
import { assert } from "../assert.ts";
import { EXPORT_LEASE_MS } from "../limits.ts";
import type { Capability, Outcome } from "./capability.ts";
import { attemptsWith, type ExportLine, type LineState } from "./export-line.ts";

/** Where a line may go from each state. */
const NEXT: Readonly<Record<LineState, readonly LineState[]>> = {
  ready: ["in_flight", "superseded", "voided"],
  in_flight: ["ready", "accepted", "confirmed", "rejected", "unknown"],
  accepted: ["confirmed", "rejected", "ready"],
  confirmed: [],
  rejected: ["ready", "superseded", "voided"],
  unknown: ["in_flight", "accepted", "confirmed", "ready", "rejected", "voided"],
  superseded: [],
  voided: [],
};

/** Whether a line may go from one state to another. */
export function canMove(from: LineState, to: LineState): boolean {
  return NEXT[from].includes(to);
}

function moved(line: ExportLine, to: LineState, change: Partial<ExportLine>): ExportLine {
  assert(canMove(line.state, to), `a line goes from ${line.state} to ${to}`);
  return { ...line, claim: "", ...change, state: to, version: line.version + 1 };
}

/** Who sends, and until when nobody else may. */
export interface Claim {
  readonly claim: string;
  readonly nowMs: number;
  readonly leaseMs: number;
}

/** Claims a line for sending. Must be on disk before anything is sent. */
export function claimed(line: ExportLine, { claim, nowMs, leaseMs }: Claim): ExportLine {
  return moved(line, "in_flight", {
    ...{ claim, dueAtMs: nowMs + leaseMs, attempts: line.attempts + 1 },
    attemptIds: attemptsWith(line, claim),
    ...{ firstSentAtMs: line.firstSentAtMs ?? nowMs, lastSentAtMs: nowMs },
  });
}

/** What an answer is judged with. */
export interface Judging {
  readonly capability: Pick<Capability, "readBack" | "validation" | "settlesAfterMs">;
  readonly nowMs: number;
  /** How long to wait before the next attempt, in milliseconds. */
  readonly waitMs: number;
}

/** A line after the answer to it. */
export function answered(line: ExportLine, outcome: Outcome, judging: Judging): ExportLine {
  const { capability, nowMs, waitMs } = judging;
  const said = { note: outcome.note, outcome: outcome.class };
  const retryAtMs = nowMs + Math.max(waitMs, outcome.retryAfterMs ?? 0);
  switch (outcome.class) {
    case "accepted":
    case "delivered_duplicate":
      return taken(line, { said, capability, nowMs });
    case "retry_same_bytes": {
      // An earlier attempt may have arrived: this one says nothing about it.
      return moved(line, line.isUnclear ? "unknown" : "ready", { ...said, dueAtMs: retryAtMs });
    }
    case "unknown_outcome": {
      const dueAtMs = nowMs + Math.max(waitMs, capability.settlesAfterMs);
      const lastSentAtMs = nowMs;
      return moved(line, "unknown", { ...said, dueAtMs, lastSentAtMs, isUnclear: true });
    }
    case "auth":
      // Refused at the door, so nothing was taken, and nothing is wrong with the line.
      return moved(line, line.isUnclear ? "unknown" : "ready", { ...said, dueAtMs: retryAtMs });
    case "permanent_data":
    case "permanent_config":
    case "closed_period":
      return refused(line, said, judging);
  }
}

/** Refused now, and an earlier attempt may have arrived all the same: that is asked first. */
function refused(
  line: ExportLine,
  said: Taken["said"],
  { capability, nowMs, waitMs }: Judging,
): ExportLine {
  const isAskable = line.isUnclear && capability.readBack.kind !== "none";
  const dueAtMs = isAskable ? nowMs + Math.max(waitMs, capability.settlesAfterMs) : nowMs;
  return moved(line, isAskable ? "unknown" : "rejected", { ...said, dueAtMs });
}

interface Taken {
  readonly said: Pick<ExportLine, "note" | "outcome">;
  readonly capability: Judging["capability"];
  readonly nowMs: number;
}

/** What is taken is confirmed by reading it back, unless there is nothing to read. */
function taken(line: ExportLine, { said, capability, nowMs }: Taken): ExportLine {
  const { readBack } = capability;
  const known = { ...said, isUnclear: false };
  if (readBack.kind === "none") return moved(line, "confirmed", { ...known, dueAtMs: nowMs });
  return moved(line, "accepted", { ...known, dueAtMs: nowMs + readBack.lagMs });
}

/** A claim that ran out: whoever held it may have sent the line. */
export function abandoned(line: ExportLine, nowMs: number, settlesAfterMs: number): ExportLine {
  const note = "its sender did not come back";
  const dueAtMs = nowMs + settlesAfterMs;
  return moved(line, "unknown", { note, dueAtMs, lastSentAtMs: nowMs, isUnclear: true });
}

/** What a look-up of a line found. */
export type Found =
  /** They have it. */
  | "present"
  /** They do not have it, and it cannot arrive any more. */
  | "absent"
  /** They refused it after taking it. */
  | "refused"
  /** They threw it away with others, such as a file of which one row is wrong: it may go again. */
  | "dropped"
  /** They cannot tell. */
  | "unclear";

/** What a look-up is booked with. */
export interface LookedUpAt {
  readonly nowMs: number;
  readonly waitMs: number;
  readonly note: string;
  /** The reading back that found it. (Default: they told it of their own accord.) */
  readonly attempt?: string;
}

/** A line after it was looked up at the target. */
export function lookedUp(line: ExportLine, found: Found, at: LookedUpAt): ExportLine {
  const { nowMs, waitMs, note, attempt } = at;
  const attemptIds = attempt === undefined ? line.attemptIds : attemptsWith(line, attempt);
  const known = { note, outcome: null, isUnclear: false, dueAtMs: nowMs, attemptIds };
  if (found === "present") return moved(line, "confirmed", known);
  if (found === "refused") return moved(line, "rejected", known);
  if (found === "dropped") return moved(line, "ready", known);
  // What they took and do not have was thrown away behind our back: the same would happen again.
  if (found === "absent")
    return moved(line, line.state === "accepted" ? "rejected" : "ready", known);
  return { ...line, note, attemptIds, dueAtMs: nowMs + waitMs, version: line.version + 1 };
}

/** By hand: it is looked at again at once. */
export function dueNow(line: ExportLine, nowMs: number): ExportLine {
  return { ...line, dueAtMs: nowMs, version: line.version + 1 };
}

/** By hand: what was refused is sent again as it is. */
export function sentAgain(line: ExportLine, nowMs: number): ExportLine {
  return moved(line, "ready", { dueAtMs: nowMs });
}

/** By hand: it is not sent, or not sent again; what it was for is settled elsewhere. */
export function voidedByHand(line: ExportLine, reason: string): ExportLine {
  return moved(line, "voided", { note: reason, outcome: null });
}

/** It was not taken and cannot be told in its window any more: the next plan tells it elsewhere. */
export function plannedAnew(line: ExportLine): ExportLine {
  return moved(line, "superseded", { note: PLANNED_ANEW });
}

/** Note of a line that no other line stands for: what it said is owed again. */
export const PLANNED_ANEW = "planned anew, because its window is closed";

/** A revision stands for it now. */
export function supersededBy(line: ExportLine, key: string): ExportLine {
  return moved(line, "superseded", { note: noteOfReplaced(key) });
}

function noteOfReplaced(key: string): string {
  return `superseded by ${key}`;
}

/** Whether the line of a key was put in this one's place. */
export function isReplacedBy({ state, note }: ExportLine, key: string): boolean {
  return state === "superseded" && note === noteOfReplaced(key);
}

/**
 * Whether the same bytes may be sent again without asking. A tenth of the window and one lease are
 * kept clear of: clocks differ, and a request takes its time.
 */
export function isSafeToResend(
  line: Pick<ExportLine, "firstSentAtMs" | "isUnclear">,
  { dedup, values }: Pick<Capability, "dedup" | "values">,
  nowMs: number,
): boolean {
  if (!line.isUnclear || line.firstSentAtMs === null) return true;
  if (values === "absolute" || dedup.windowMs === null) return true;
  const safeMs = dedup.windowMs - Math.ceil(dedup.windowMs / 10) - EXPORT_LEASE_MS;
  return nowMs - line.firstSentAtMs < safeMs;
}
