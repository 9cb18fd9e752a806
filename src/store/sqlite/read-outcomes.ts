/** Reads of outcomes: those of a run, and those that are not final yet. */
import type { OutcomeState } from "../../domain/run/run.ts";
import type { ProvisionalFilter } from "../../engine/ports.ts";
import { conditionsOfProvisional, together } from "../conditions.ts";
import { decodeOutcome } from "../stored-rows.ts";
import type { ReadParts } from "./read-steps.ts";

/** Outcomes of a run, in the order of their seq. */
export function outcomesOfRun({ reads, ws }: Pick<ReadParts, "reads" | "ws">, run: string) {
  const sql = "SELECT * FROM outcomes WHERE ws = ? AND run = ? ORDER BY seq";
  return reads.of(sql).all(ws, run).map(decodeOutcome);
}

/** A page of outcomes that are not final yet, by customer, run and key. */
export function provisionalOutcomes(
  { reads, ws }: Pick<ReadParts, "reads" | "ws">,
  filter: ProvisionalFilter,
): OutcomeState[] {
  const { where, values } = together(conditionsOfProvisional(filter));
  const sql = `SELECT * FROM outcomes INDEXED BY outcomes_waiting WHERE ws = ?${where}
    ORDER BY customer, run, key LIMIT ?`;
  const rows = reads.of(sql).all(ws, ...values, filter.limit);
  return rows.map(decodeOutcome);
}
