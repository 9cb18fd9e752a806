/** Reads of outcomes: those of a run, and those that are not final yet. */
import type { OutcomeState } from "../../domain/run/run.ts";
import type { ProvisionalFilter } from "../../engine/ports.ts";
import { conditionsOfProvisional } from "../conditions.ts";
import { decodeOutcome } from "../stored-rows.ts";
import { rowsOf } from "./connection.ts";
import { listQuery } from "./list-query.ts";
import type { ReadParts } from "./read-steps.ts";

/** Outcomes of a run, in the order of their seq. */
export async function outcomesOfRun(
  { queries, ws }: ReadParts,
  run: string,
): Promise<OutcomeState[]> {
  const sql = `SELECT o.* FROM runs r
    JOIN outcomes o ON o.ws = r.ws AND o.customer = r.customer AND o.run = r.id
    WHERE r.ws = $1 AND r.id = $2 ORDER BY o.seq`;
  return (await rowsOf(queries, sql, [ws, run])).map(decodeOutcome);
}

/** Outcomes of many runs, run by run. */
export async function outcomesOfRuns(
  { queries, ws }: ReadParts,
  runs: readonly string[],
): Promise<OutcomeState[]> {
  const sql = `SELECT o.* FROM unnest($2::text[]) WITH ORDINALITY AS k (run, place)
    CROSS JOIN LATERAL (SELECT o.* FROM runs r
      JOIN outcomes o ON o.ws = r.ws AND o.customer = r.customer AND o.run = r.id
      WHERE r.ws = $1 AND r.id = k.run COLLATE "C" OFFSET 0) AS o
    ORDER BY k.place, o.seq`;
  return (await rowsOf(queries, sql, [ws, runs])).map(decodeOutcome);
}

/** A page of outcomes that are not final yet, by customer, run and key. */
export async function provisionalOutcomes(
  { queries, ws }: ReadParts,
  filter: ProvisionalFilter,
): Promise<OutcomeState[]> {
  const list = { conditions: conditionsOfProvisional(filter), order: "customer, run, key" };
  const [sql, ...values] = listQuery("outcomes", { ...list, limit: filter.limit });
  return (await rowsOf(queries, sql, [ws, ...values])).map(decodeOutcome);
}
