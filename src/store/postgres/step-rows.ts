/** Steps as rows: the parts of their sealed text beside the key. */
import type { Step } from "../../domain/event/step.ts";
import { type StepParts, stepOfParts } from "../../domain/event/step-text.ts";
import type { Digest } from "../../engine/ports.ts";
import type { Bound, Row } from "../stored-rows.ts";

/** Columns that steps and former steps share, behind `ws`. */
export const STEP_COLUMNS = "customer run source id seq:int8 facets body labels checksum:int8";

/** The sealed text of a step, whole and in parts; what is bytes is ASCII. */
export interface SealedParts {
  readonly parts: Pick<StepParts, "facets" | "labels"> & { readonly body: string | Uint8Array };
  readonly text: string | Uint8Array;
}

/** Values in the order of STEP_COLUMNS, and the month behind them: former steps have none. */
export function encodeStep(
  { customer, run, source, id, seq }: Step,
  { parts, text }: SealedParts,
  { digest, month }: { readonly digest: Digest; readonly month: number | null },
): Bound[] {
  const { facets, body, labels } = parts;
  return [customer, run, source, id, seq, facets, body, labels, digest.checksum(text), month];
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
