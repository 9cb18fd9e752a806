/**
 * A page of statements as stretches of the order in which they are listed (newest period first,
 * then by customer; of one period, the one that was closed last first). Each is one range of an
 * index; a comparison of whole places, of which some go up and some down, would be none.
 */
import type { StatementFilter } from "../engine/periods/statement-list.ts";
import { type Condition, condition, equal } from "./conditions.ts";

/** The order, as SQL. */
export const STATEMENT_ORDER = "period DESC, customer, closed_at DESC, id";

/** What a list tells of a statement. */
export const STATEMENT_HEAD = "id, customer, period, currency, closed_at, total, digest";

/** Conditions of each stretch, one behind the other. */
export function stretchesOf(filter: StatementFilter): readonly (readonly Condition[])[] {
  const { customer, closedUntilMs, after } = filter;
  const closed = closedUntilMs === undefined ? [] : [condition("closed_at <= ?", closedUntilMs)];
  const wanted = [...equal({ customer }), ...closed];
  if (after === undefined) return [wanted];
  const { period, closedAtMs, id } = after;
  const place = "(closed_at < ? OR (closed_at = ? AND id > ?))";
  const again = condition(place, closedAtMs, closedAtMs, id);
  const ofPeriod = [...equal({ period, customer: after.customer }), ...closed, again];
  const earlier = [condition("period < ?", period), ...wanted];
  if (customer !== undefined) return [ofPeriod, earlier];
  const others = [...equal({ period }), condition("customer > ?", after.customer), ...closed];
  return [ofPeriod, others, earlier];
}
