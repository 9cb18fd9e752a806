/** What a contender counts of customers whose credit moves, apart for each stretch of time. */
import type { Counted } from "../../domain/simulation/step-sums.ts";

/** What changed of a counter between two moments. */
export type DatedRow = Omit<Counted, "contender" | "customer">;

/** Rows of one contender, by customer. */
export type DatedRows = Map<string, DatedRow[]>;

/** Adds a row to those of its customer. */
export function addDated(dated: DatedRows, row: Omit<Counted, "contender">): void {
  const { customer, epoch, period, cardVersionId, chargeKey, cell, quantity } = row;
  const rows = dated.get(customer) ?? [];
  rows.push({ epoch, period, cardVersionId, chargeKey, cell, quantity });
  dated.set(customer, rows);
}
