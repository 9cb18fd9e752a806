/** What a meter may select by: the fields that what it counts has. */
import type { MatrixDimension, Meter, Where } from "./rate-card.ts";

/** What a meter looks at. A `sum` adds up what steps state. */
export type Subject = "runs" | "steps" | "outcomes";

type WhereField = keyof Where;

/** Filters by subject. An outcome knows its name and the agent of its run. */
export const WHERE_FIELDS: Readonly<Record<Subject, readonly WhereField[]>> = {
  runs: ["agent", "label"],
  steps: ["agent", "kind", "provider", "model", "tool", "status", "payer", "attempt", "label"],
  outcomes: ["outcome", "agent"],
};

/** Dimensions of a matrix by subject; where labels are known, `label.NAME` is one too. */
export const MATRIX_DIMENSIONS: Readonly<Record<Subject, readonly MatrixDimension[]>> = {
  runs: ["agent"],
  steps: ["agent", "kind", "provider", "model", "tool", "status"],
  outcomes: ["outcome", "agent"],
};

const LABEL = "label.";
const COST = "cost";

/** Measure of a charge on cost: its quantities are amounts. */
export const COST_MEASURE = `sum:${COST}`;

/** The subject of a meter. */
export function subjectOfMeter(meter: Meter): Subject {
  return "count" in meter ? meter.count : "steps";
}

/** Whether a meter sums what steps cost us: its quantities are amounts. */
export function isCostMeter(meter: Meter): boolean {
  return "sum" in meter && meter.sum === COST;
}

/**
 * What a charge counts, as text: `runs`, `steps`, `outcomes`, or `sum:seconds`. Quantities of
 * different measures are never added up.
 */
export function measureOf(meter: Meter): string {
  return "count" in meter ? meter.count : `sum:${meter.sum}`;
}

/** The label that a matrix is by; undefined where it is by something else. */
export function labelOfDimension(dimension: string): string | undefined {
  return dimension.startsWith(LABEL) ? dimension.slice(LABEL.length) : undefined;
}
