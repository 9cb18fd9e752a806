/** What budgets stand at, read outside any unit of work: as of the last commit. */

import {
  type BalanceKey,
  type Budget,
  type BudgetRecord,
  isPrepaid,
} from "../../domain/budget/budget.ts";
import type { Room } from "../../domain/budget/decide.ts";
import { customerOfScope } from "../../domain/budget/spend.ts";
import { STOP_SCOPES, type Stop, type StopKey } from "../../domain/budget/stop.ts";
import { TollgateError } from "../../domain/errors.ts";
import type { Customer } from "../ports.ts";
import { windowOfKey } from "./budget-books.ts";
import type { BudgetState } from "./hold-answers.ts";
import { type Reading, readRooms } from "./read-rooms.ts";
import { stopsInForce } from "./read-run-states.ts";

/** Which stops to read. */
export interface StopQuery {
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

/** A page of what is stopped. */
export interface StopList {
  readonly stops: readonly Stop[];
  /** Null: that was all. */
  readonly next: string | null;
}

/**
 * A page of what is stopped, by what it is. A budget's own pause stands in the store until the next
 * hold looks at it: where there is room again, or its run has ended, it is left out. Throws
 * `field.invalid`.
 */
export async function readStops(
  reading: Reading,
  workspace: string,
  { limit, cursor }: StopQuery,
): Promise<StopList> {
  const after = cursor === undefined ? {} : { after: stopOf(cursor) };
  const stops = await reading.store.spending.listStops(workspace, { limit, ...after });
  const last = stops.length < limit ? undefined : stops.at(-1);
  return {
    stops: await stopsInForce(reading, workspace, stops),
    next: last === undefined ? null : `${last.of}|${last.id}`,
  };
}

function stopOf(cursor: string): StopKey {
  const [word, id] = partsOf(cursor);
  const of = STOP_SCOPES.find((scope) => scope === word);
  if (of === undefined) throw notOfListing();
  return { of, id };
}

/** The budgets of a customer's own, of every agent and run of it: what its work counts in now. */
export async function readCustomerBudgets(
  reading: Reading,
  workspace: string,
  id: string,
): Promise<readonly Room[]> {
  const customer = await reading.store.customer(workspace, id);
  if (customer === undefined) {
    throw new TollgateError("customer.not_found", `There is no customer "${id}".`, "customer");
  }
  const nowMs = (await reading.clocks.of(workspace)).nowMs();
  const cardKey = (await reading.tariffs.of(workspace)).cardFor(customer, nowMs)?.cardKey ?? null;
  const spender = { customer: id, agent: null, labels: null, cardKey, path: [] };
  return (await readRooms(reading, workspace, [{ spender, customer }])).flat();
}

/** The budgets that all work of a workspace counts in together. */
export async function readWorkspaceBudgets(
  reading: Reading,
  workspace: string,
): Promise<readonly Room[]> {
  const spender = { customer: "", agent: null, labels: null, cardKey: null, path: [] };
  const rooms = await readRooms(reading, workspace, [{ spender, customer: null }]);
  return rooms.flat().filter(({ record }) => record.budget.each === "workspace");
}

/** Which balances of a budget to read. */
export interface BalanceQuery {
  readonly scope?: string;
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

/** A page of what a budget came to. Throws `budget.not_found`, `field.invalid`. */
export async function readBalances(
  reading: Reading,
  workspace: string,
  { record, query }: { readonly record: BudgetRecord; readonly query: BalanceQuery },
): Promise<{ readonly balances: readonly BudgetState[]; readonly next: string | null }> {
  const { store, budgets } = reading;
  const { id: budgetId, budget } = record;
  // What is held of credit is told by the credit itself.
  if (isPrepaid(budget.measure)) return { balances: [], next: null };
  const { scope, limit, cursor } = query;
  const filter = { budgetId, limit, ...(scope === undefined ? {} : { scope }) };
  const after = cursor === undefined ? {} : { after: { budgetId, ...placeOf(cursor) } };
  const kept = await store.spending.balancesOf(workspace, { ...filter, ...after });
  const own = await store.spending.ownLimits(workspace, kept);
  const book = await budgets.of(workspace);
  const limits = new Map(own.map((one) => [one.scope, one.limit]));
  const calendarOf = await calendarsOf(store, workspace, { budget, kept });
  const last = kept.at(-1);
  return {
    balances: kept.map(({ scope: of, window: key, settled, held }) => {
      const window = windowOfKey(book, record, { key, customer: calendarOf(of) });
      return { record, scope: of, window, limit: limits.get(of) ?? budget.limit, settled, held };
    }),
    next: last === undefined || kept.length < limit ? null : `${last.window}|${last.scope}`,
  };
}

/** The calendars of balances: those of a budget per billing period are in their customers'. */
async function calendarsOf(
  store: Reading["store"],
  workspace: string,
  { budget, kept }: { readonly budget: Budget; readonly kept: readonly BalanceKey[] },
): Promise<(scope: string) => Customer | null> {
  if (budget.per !== "billing_period") return () => null;
  const ids = new Set(kept.flatMap(({ scope }) => customerOfScope(budget, scope) ?? []));
  const found = await store.customers(workspace, [...ids]);
  const customers = new Map(found.map((customer) => [customer.id, customer]));
  return (scope) => customers.get(customerOfScope(budget, scope) ?? "") ?? null;
}

function placeOf(cursor: string): { readonly scope: string; readonly window: string } {
  const [window, scope] = partsOf(cursor);
  return { window, scope };
}

function partsOf(cursor: string): readonly [first: string, rest: string] {
  const at = cursor.indexOf("|");
  if (at < 0) throw notOfListing();
  return [cursor.slice(0, at), cursor.slice(at + 1)];
}

function notOfListing(): TollgateError {
  return new TollgateError("field.invalid", "The cursor is not of this listing.", "cursor");
}
