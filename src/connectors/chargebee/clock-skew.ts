/** What has just ended here may still lie ahead there, and what lies ahead is refused. */
import type { Outcome } from "../../domain/export/capability.ts";
import type { ExportLine } from "../../domain/export/export-line.ts";
import type { Session } from "../../engine/export/connector-port.ts";
import { outcome } from "../outcome-of-status.ts";

/** By how much their clock may be behind ours. */
const SKEW_MAX_MS = 5 * 60_000;

/** The outcome of a line that waits for their clock, unsent; null: it may go. */
export function waitsForClock({ window }: ExportLine, session: Session): Outcome | null {
  const waitMs = window.endMs + SKEW_MAX_MS - session.nowMs();
  if (waitMs <= 0) return null;
  return outcome("retry_same_bytes", "not sent: its window may not have ended there yet", waitMs);
}
