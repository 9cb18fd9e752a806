/** Answers that need steps, where old ones were removed: refused rather than too small. */
import { TollgateError } from "../../domain/errors.ts";
import { FUTURE_TOLERANCE_MS } from "../../domain/limits.ts";
import type { Reads } from "../ports.ts";

/** That runs which were last heard of before an instant may be condensed, and steps removed. */
export interface RetentionBegun {
  readonly beforeMs: number;
}

/**
 * Throws `steps.removed` where steps since an instant (null: since ever) may be gone. A step may be
 * dated ahead of its receipt by as much as a clock is let go wrong.
 */
export async function requireSteps(
  store: Pick<Reads, "lastAct">,
  workspace: string,
  sinceMs: number | null,
): Promise<void> {
  const beforeMs = await wholeFrom(store, workspace);
  if (beforeMs === Number.NEGATIVE_INFINITY) return;
  const wholeFromMs = beforeMs + FUTURE_TOLERANCE_MS;
  if (sinceMs !== null && sinceMs >= wholeFromMs) return;
  const from = new Date(wholeFromMs).toISOString();
  const detail = `Steps of runs that ended long ago were removed; from ${from} on all are there.`;
  throw new TollgateError("steps.removed", detail);
}

/** Runs that were heard of at this instant or later have all their steps. Never: minus infinity. */
export async function wholeFrom(store: Pick<Reads, "lastAct">, workspace: string): Promise<number> {
  const act = await store.lastAct(workspace, "retention.begun", "");
  if (act === undefined) return Number.NEGATIVE_INFINITY;
  return (JSON.parse(act.document) as RetentionBegun).beforeMs;
}
