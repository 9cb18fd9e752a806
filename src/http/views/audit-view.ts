/** A change as it is told. */
import type { AuditEntry } from "../../engine/read-audit.ts";
import { timeText } from "../instant.ts";

/** Who changed what, when and why, before and after. */
export function auditView({ atMs, ...entry }: AuditEntry): object {
  return { ...entry, at: timeText(atMs) };
}
