/**
 * What balances stand at, read outside any unit of work: as of the last commit. Of however many
 * spenders by one query of each kind, since where a database is asked each query takes its time.
 */
import {
  type BudgetRecord,
  balanceText,
  isPrepaid,
  scopeText,
} from "../../domain/budget/budget.ts";
import type { Room } from "../../domain/budget/decide.ts";
import { type Spender, scopesOf } from "../../domain/budget/spend.ts";
import type { EngineContext, Tariffs } from "../context.ts";
import { prepaidInStore, prepaidRoomsOf } from "../credit/prepaid-rooms.ts";
import type { Customer } from "../ports.ts";
import type { BudgetBooks } from "./budget-books.ts";

/** What is read with. */
export interface Reading extends Pick<EngineContext, "store"> {
  readonly clocks: Pick<EngineContext["clocks"], "of">;
  readonly budgets: Pick<BudgetBooks, "of">;
  readonly tariffs: Pick<Tariffs, "of">;
}

/** The same by rules that are asked for once: what is kept is compared with them at each use. */
export async function bySameRules(reading: Reading, workspace: string): Promise<Reading> {
  const { store, budgets, tariffs } = reading;
  const rules = await store.rules(workspace);
  // A sandbox's clock is read from the store.
  const clock = await reading.clocks.of(workspace);
  return {
    ...{ store, clocks: { of: async () => clock } },
    budgets: { of: (id) => budgets.of(id, rules) },
    tariffs: { of: (id) => tariffs.of(id, rules) },
  };
}

/** Whose work is asked about. */
export interface Counting {
  readonly spender: Spender;
  readonly customer: Customer | null;
}

/** What the work of each counts in now, in their order. */
export async function readRooms(
  reading: Reading,
  workspace: string,
  all: readonly Counting[],
): Promise<Room[][]> {
  const book = await reading.budgets.of(workspace);
  const nowMs = (await reading.clocks.of(workspace)).nowMs();
  const prepaid = await prepaidInStore(reading, workspace, { book, nowMs });
  const ofRows = book.records.filter(({ budget }) => !isPrepaid(budget.measure));
  const places = all.map(({ spender, customer }) => {
    return ofRows.flatMap((record) => {
      return scopesOf(record.budget, spender).map((scope) => ({ record, scope, customer }));
    });
  });
  const rooms = await readPlaces(reading, workspace, places.flat());
  const found: Room[][] = [];
  let next = 0;
  for (const [at, { spender, customer }] of all.entries()) {
    const from = next;
    next += places[at]?.length ?? 0;
    const ofCredit =
      customer === null
        ? []
        : await prepaidRoomsOf({ book, prepaid }, { spender, customer, charges: [] });
    found.push([...rooms.slice(from, next), ...ofCredit]);
  }
  return found;
}

/** A scope of a budget, and whose periods its windows may follow. */
export interface Place {
  readonly record: BudgetRecord;
  readonly scope: string;
  readonly customer: Customer | null;
}

/** What these scopes stand at in their present windows, in their order. */
export async function readPlaces(
  { store, budgets, clocks }: Reading,
  workspace: string,
  wanted: readonly Place[],
): Promise<Room[]> {
  const book = await budgets.of(workspace);
  const nowMs = (await clocks.of(workspace)).nowMs();
  const places = wanted.map(({ record, scope, customer }) => {
    const window = book.windowOf(record.budget, nowMs, customer);
    return { record, scope, window, key: { budgetId: record.id, scope, window: window.key } };
  });
  // Many runs of one customer count in its balance.
  const keys = new Map(places.map(({ key }) => [balanceText(key), key]));
  const scopes = new Map(places.map(({ key }) => [scopeText(key), key]));
  const [kept, limits] = await Promise.all([
    store.spending.balances(workspace, [...keys.values()]),
    store.spending.ownLimits(workspace, [...scopes.values()]),
  ]);
  const balances = new Map(kept.map((one) => [balanceText(one), one]));
  const own = new Map(limits.map((one) => [scopeText(one), one.limit]));
  return places.map(({ record, scope, window, key }) => {
    const balance = balances.get(balanceText(key));
    return {
      ...{ record, scope, window },
      limit: own.get(scopeText(key)) ?? record.budget.limit,
      settled: balance?.settled ?? 0n,
      held: balance?.held ?? 0n,
      grantedAtMs: balance?.grantedAtMs ?? 0,
    };
  });
}
