/** Steps as rows: their sealed text, with what repeats as numbers of names. */
import type { Step } from "../../domain/event/step.ts";
import { stepOfParts } from "../../domain/event/step-text.ts";
import type { Row } from "../stored-rows.ts";
import type { Names } from "./names.ts";
import { decodeId } from "./stored-id.ts";

/** A row of `steps` or `former_steps` joined with its run's `run` (id) and `customer`. */
export function decodeStep(row: Row, names: Names): Step {
  const place = {
    run: row.run as string,
    source: names.textOf(row.source_no as number),
    id: decodeId(row.id),
    customer: row.customer as string,
    seq: row.seq as number,
  };
  return stepOfParts(place, {
    facets: names.textOf(row.facets_no as number),
    body: row.body as string,
    labels: row.labels_no === null ? "" : names.textOf(row.labels_no as number),
  });
}
