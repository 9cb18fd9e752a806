/** Steps as rows: the parts of their sealed text beside the key. */
import type { Step } from "../../domain/event/step.ts";
import { type SealedStep, stepOfParts } from "../../domain/event/step-text.ts";
import type { Bound, Row } from "../stored-rows.ts";

/** Columns that steps and former steps share, behind `ws`. */
export const STEP_COLUMNS = "customer run source id seq:int8 facets body labels checksum:int8";

/** Values in the order of STEP_COLUMNS. */
export function encodeStep(step: Step, sealed: SealedStep, checksum: number): Bound[] {
  const { facets, body, labels } = sealed.parts;
  const { customer, run, source, id, seq } = step;
  return [customer, run, source, id, seq, facets, body, labels, checksum];
}

/** Reads a row of `steps` or `former_steps`. */
export function decodeStep(row: Row): Step {
  const text = (name: string) => row[name] as string;
  const place = {
    run: text("run"),
    source: text("source"),
    id: text("id"),
    customer: text("customer"),
    seq: row.seq as number,
  };
  return stepOfParts(place, { facets: text("facets"), body: text("body"), labels: text("labels") });
}
