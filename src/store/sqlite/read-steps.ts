/** Reads of steps as they are now. */
import type { Step } from "../../domain/event/step.ts";
import type { StepPage } from "../../engine/ports.ts";
import type { Names } from "./names.ts";
import type { Statements } from "./statements.ts";
import { decodeStep } from "./step-rows.ts";

/** What reads of one workspace stand on. */
export interface ReadParts {
  readonly reads: Statements;
  readonly names: Names;
  readonly ws: number;
}

/** Less than nothing is no limit. */
export const ALL = -1;

/** The steps of a run, so many of them. (Default: all.) */
export function stepsOfRun({ reads, names, ws }: ReadParts, run: string, limit = ALL): Step[] {
  const sql = `SELECT s.*, r.id AS run, r.customer AS customer FROM steps s
    JOIN runs r ON r.run_no = s.run_no WHERE r.ws = ? AND r.id = ? LIMIT ?`;
  const rows = reads.of(sql).all(ws, run, limit);
  return rows.map((row) => decodeStep(row, names));
}

/** A page of all steps, in the order of their first commit. */
export function stepPage({ reads, names, ws }: ReadParts, after: string, limit: number): StepPage {
  // CROSS JOIN keeps the planner to the order of the steps' rows.
  const sql = `SELECT s.*, r.id AS run, r.customer AS customer FROM steps s
    CROSS JOIN runs r ON r.run_no = s.run_no
    WHERE s.step_no > ? AND r.ws = ? ORDER BY s.step_no LIMIT ?`;
  const rows = reads.of(sql).all(Number(after), ws, limit);
  const steps = rows.map((row) => decodeStep(row, names));
  return { steps, next: rows.length < limit ? null : String(rows.at(-1)?.step_no) };
}
