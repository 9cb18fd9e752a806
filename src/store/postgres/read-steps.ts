/** Reads of steps as they are now. */
import type { Step } from "../../domain/event/step.ts";
import type { StepPage } from "../../engine/ports.ts";
import { type Queries, rowsOf } from "./connection.ts";
import { decodeStep } from "./step-rows.ts";

/** What reads of one workspace stand on. */
export interface ReadParts {
  readonly queries: Queries;
  readonly ws: number;
}

/** The steps of a run, so many of them. (Default: all.) */
export async function stepsOfRun(
  { queries, ws }: ReadParts,
  run: string,
  limit?: number,
): Promise<Step[]> {
  const sql = `SELECT s.* FROM runs r
    JOIN steps s ON s.ws = r.ws AND s.customer = r.customer AND s.run = r.id AND s.month = r.month
    WHERE r.ws = $1 AND r.id = $2 ORDER BY s.source, s.id LIMIT $3`;
  return (await rowsOf(queries, sql, [ws, run, limit ?? null])).map(decodeStep);
}

/** A page of all steps, in the order of their identities. */
export async function stepPage(
  { queries, ws }: ReadParts,
  after: string,
  limit: number,
): Promise<StepPage> {
  const place = after === "" ? ["", "", "", ""] : (JSON.parse(after) as string[]);
  const sql = `SELECT * FROM steps WHERE ws = $1
    AND (customer, run, source, id) > ($2, $3, $4, $5)
    ORDER BY customer, run, source, id LIMIT $6`;
  const steps = (await rowsOf(queries, sql, [ws, ...place, limit])).map(decodeStep);
  const last = steps.at(-1);
  if (last === undefined || steps.length < limit) return { steps, next: null };
  return { steps, next: JSON.stringify([last.customer, last.run, last.source, last.id]) };
}
