/**
 * Conditions of lists: one for what is asked for, and none for what is not. A text that holds for
 * both (`? IS NULL OR customer = ?`) is planned for the worse of them.
 */
import type { DeliveryFilter } from "../engine/alerts/alert-ports.ts";
import type { ProvisionalFilter, RunFilter, UsageFilter } from "../engine/ports.ts";
import type { HoldPlace } from "../engine/spending-ports.ts";
import type { Bound } from "./stored-rows.ts";

/** A condition with its values; `?` stands for each value. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly Bound[];
}

/** A condition as it stands. */
export function condition(sql: string, ...values: readonly Bound[]): Condition {
  return { sql, values };
}

/** Columns that have these values; undefined: any. */
export function equal(columns: Readonly<Record<string, Bound | undefined>>): Condition[] {
  return Object.entries(columns).flatMap(([name, value]) =>
    value === undefined ? [] : [condition(`${name} = ?`, value)],
  );
}

/** Conditions behind another one, and their values in order. */
export function together(conditions: readonly Condition[]): {
  readonly where: string;
  readonly values: readonly Bound[];
} {
  const where = conditions.map(({ sql }) => ` AND ${sql}`).join("");
  return { where, values: conditions.flatMap((one) => one.values) };
}

/** Runs that a filter lets through. `last`: the last one of the page before, if known. */
export function conditionsOfRuns(
  filter: RunFilter,
  last: { readonly openedAtMs: number; readonly id: string } | undefined,
): Condition[] {
  const { customer, agent, status, endUser, roots, hasEndUser, byId, after = "" } = filter;
  const found = equal({ customer, agent, status, end_user: endUser });
  if (roots === true) found.push(condition("parent IS NULL"));
  if (hasEndUser === true) found.push(condition("end_user IS NOT NULL"));
  if (byId === true) found.push(condition("id > ?", after));
  if (last === undefined) return found;
  return [...found, condition("(opened_at, id) < (?, ?)", last.openedAtMs, last.id)];
}

const MONTH_CHARS = "2026-11".length;

/** Roll-ups that a filter lets through. */
export function conditionsOfUsage({ customer, agent, period }: UsageFilter): Condition[] {
  if (period?.length !== MONTH_CHARS) return equal({ customer, agent, period });
  const ofMonth = condition(`substr(period, 1, ${MONTH_CHARS}) = ?`, period);
  return [...equal({ customer, agent }), ofMonth];
}

/** Outcomes of a page that are not final yet, in the order of customer, run and key. */
export function conditionsOfProvisional({ customer, after }: ProvisionalFilter): Condition[] {
  const found = [condition("status = 'provisional'"), ...equal({ customer })];
  if (after === undefined) return found;
  const place = [after.customer, after.run, after.key];
  return [...found, condition("(customer, run, key) > (?, ?, ?)", ...place)];
}

/** Outcomes that are due at an instant. */
export function conditionsOfDue(atMs: number, customer: string | undefined): Condition[] {
  const due = [condition("status = 'provisional'"), condition("final_at <= ?", atMs)];
  return [...due, ...equal({ customer })];
}

/**
 * Runs of customers with steps to be restated, or events that still wait to be counted. `restating`
 * is how SQL finds the mark of such steps in `head`.
 */
export function conditionsOfUnfinished(
  restating: string,
  customer: string | undefined,
): Condition[] {
  const isLeft = `customer IS NOT NULL AND (${restating} > 0 OR suspended > 0)`;
  return [condition(isLeft), ...equal({ customer })];
}

/** Messages of a page of a workspace, the newest first. */
export function conditionsOfDeliveries(
  ws: number,
  { route, state, after }: DeliveryFilter,
): Condition[] {
  const found = equal({ route, state });
  if (after === undefined) return found;
  const last = "SELECT created_at, id FROM alert_deliveries WHERE ws = ? AND id = ?";
  return [...found, condition(`(created_at, id) < (${last})`, ws, after)];
}

/** Holds of a run behind one of them, the newest first, then by identity. */
export function conditionsOfHolds(run: string, after: HoldPlace | undefined): Condition[] {
  const found = equal({ run });
  if (after === undefined) return found;
  const { grantedAtMs, source, id } = after;
  const behind = "(granted_at < ? OR (granted_at = ? AND (source, id) > (?, ?)))";
  return [...found, condition(behind, grantedAtMs, grantedAtMs, source, id)];
}
