/** Removing old steps: what the engine decides of it. The store's part is store/retain. */
import { TollgateError } from "../../domain/errors.ts";
import { RETAINED_MONTHS_MAX, RETAINED_MONTHS_MIN } from "../../domain/limits.ts";
import { runAct } from "../commit/act.ts";
import type { EngineContext } from "../context.ts";
import { type Condensed, condenseRuns } from "./condense-runs.ts";

/** One document of an act that records a removal. */
export interface RemovalRecord {
  /** Which part of the removal it is; unique in the workspace. */
  readonly subject: string;
  readonly document: unknown;
}

/** What steps are removed by. */
export class RetentionCases {
  readonly #context: EngineContext;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /**
   * Condenses what is older than so many whole months before the present one, by the clock of the
   * workspace. Throws `field.out_of_range`.
   */
  async condense(workspace: string, keepMonths: number): Promise<Condensed> {
    requireMonths(keepMonths);
    const now = new Date((await this.#context.clocks.of(workspace)).nowMs());
    const beforeMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - keepMonths, 1);
    return condenseRuns(this.#context, workspace, beforeMs);
  }

  /** Puts on record, in one unit, what the steps that are about to be removed came to. */
  recordRemoval(workspace: string, records: readonly RemovalRecord[]): Promise<void> {
    return runAct(this.#context, workspace, async ({ journal }) => {
      for (const { subject, document } of records) journal("steps.removed", subject, document);
    });
  }
}

/** Throws `field.out_of_range`. */
export function requireMonths(keepMonths: number): void {
  const isSound =
    Number.isInteger(keepMonths) &&
    keepMonths >= RETAINED_MONTHS_MIN &&
    keepMonths <= RETAINED_MONTHS_MAX;
  if (isSound) return;
  const range = `${RETAINED_MONTHS_MIN} to ${RETAINED_MONTHS_MAX}`;
  throw new TollgateError("field.out_of_range", `Keep ${range} whole months.`, "keepMonths");
}
