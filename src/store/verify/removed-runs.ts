/** What checks of single rows need to know of steps that were removed. */
import type { Marked } from "../../domain/event/step-marks.ts";

/** Runs whose steps may be gone. */
export interface RemovedRuns {
  /** Whether a run's steps count by what an act says, and not by their rows. */
  isCovered(ws: number, run: string): boolean;
  /** Whether it is covered by the removal that is being prepared. */
  isChosen(ws: number, run: string): boolean;
  /** Whether a condensed run has, or had, a step of this identity. */
  had(ws: number, run: string, step: Omit<Marked, "contentHash">): boolean;
  /** When the covered runs of a workspace were last heard of; null: there are none. */
  lastHeardMs(ws: number): number | null;
  /** How many steps a condensed run has, or had. */
  stepsOf(ws: number, run: string): number;
  /** What remains of a link that lost rows, by the newest act that tells of it. */
  restOf(ws: number, first: number): string | undefined;
}

/** Of a file from which nothing was removed, or nobody has read what was. */
export const NOTHING_REMOVED: RemovedRuns = {
  isCovered: () => false,
  isChosen: () => false,
  had: () => false,
  lastHeardMs: () => null,
  stepsOf: () => 0,
  restOf: () => undefined,
};
