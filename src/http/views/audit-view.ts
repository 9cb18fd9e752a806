/** A change as it is told. */
import type { Actor } from "../../engine/actor.ts";
import type { Change } from "../../engine/acts/changes.ts";
import type { AuditEntry } from "../../engine/acts/read-audit.ts";
import { timeText } from "../instant.ts";

/** Who changed what, when and why, before and after. */
export function auditView({ atMs, ...entry }: AuditEntry): object {
  return { ...entry, at: timeText(atMs) };
}

/** A change that waits for a second key, as it was sent. */
export function changeView({ proposedAtMs, proposedBy, decidedBy, ...change }: Change): object {
  const actorView = ({ key, label, reason }: Actor) => ({ key, label, reason });
  return {
    ...{ ...change, body: change.body === null ? null : JSON.parse(change.body) },
    ...{ proposedAt: timeText(proposedAtMs), proposedBy: actorView(proposedBy) },
    decidedBy: decidedBy === null ? null : actorView(decidedBy),
  };
}
