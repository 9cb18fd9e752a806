/** Answers that need steps, where old ones were removed: refused rather than too small. */
import { TollgateError } from "../../domain/errors.ts";
import { FUTURE_TOLERANCE_MS } from "../../domain/limits.ts";
import type { Run } from "../../domain/run/run.ts";
import { recordedActs } from "../acts/recorded-acts.ts";
import type { Reads } from "../ports.ts";
import { mayBeCondensed } from "./condensed-runs.ts";

/** That runs which were last heard of before an instant may be condensed, and steps removed. */
export interface RetentionBegun {
  readonly beforeMs: number;
}

/**
 * Throws `steps.removed` where steps since an instant (null: since ever) may be gone. A step may be
 * dated ahead of its receipt by as much as a clock is let go wrong.
 */
export async function requireSteps(
  store: Pick<Reads, "acts">,
  workspace: string,
  sinceMs: number | null,
): Promise<void> {
  const beforeMs = await wholeFrom(store, workspace);
  if (beforeMs === Number.NEGATIVE_INFINITY) return;
  if (sinceMs !== null && sinceMs >= beforeMs + FUTURE_TOLERANCE_MS) return;
  throw removedUntil(beforeMs);
}

/** `steps.removed`: steps of runs that were last heard of before an instant may be gone. */
export function removedUntil(beforeMs: number): TollgateError {
  const from = new Date(beforeMs + FUTURE_TOLERANCE_MS).toISOString();
  const detail = `Steps of runs that ended long ago were removed; from ${from} on all are there.`;
  return new TollgateError("steps.removed", detail);
}

/**
 * Runs that were heard of at this instant or later have all their steps. Never: minus infinity. A
 * later removal may have kept more months than one before it, and brings nothing back.
 */
export async function wholeFrom(store: Pick<Reads, "acts">, workspace: string): Promise<number> {
  const begun = await recordedActs<RetentionBegun>(store, workspace, { kind: "retention.begun" });
  return begun.reduce((most, one) => Math.max(most, one.beforeMs), Number.NEGATIVE_INFINITY);
}

/** Whether steps of a run may be gone, where runs are whole from an instant on. */
export function mayLackSteps(run: Run, wholeFromMs: number): boolean {
  return run.lastSeenAtMs < wholeFromMs && mayBeCondensed(run);
}
