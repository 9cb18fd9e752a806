/** What budgets stand at, read outside any unit of work: as of the last commit. */

import {
  type BudgetRecord,
  balanceText,
  countsRuns,
  isPrepaid,
  scopeText,
} from "../../domain/budget/budget.ts";
import { freeOf, isStoppedBy, type Room } from "../../domain/budget/decide.ts";
import { type Spender, scopesOf } from "../../domain/budget/spend.ts";
import {
  decidingStop,
  STOP_SCOPES,
  type Stop,
  type StopKey,
  stopKeysOf,
} from "../../domain/budget/stop.ts";
import { TollgateError } from "../../domain/errors.ts";
import { RUN_DEPTH_MAX } from "../../domain/limits.ts";
import { mayGoOn, type Run } from "../../domain/run/run.ts";
import type { EngineContext, Tariffs } from "../context.ts";
import { prepaidInStore, prepaidRoomsOf } from "../credit/prepaid-rooms.ts";
import type { Customer } from "../ports.ts";
import { type BudgetBooks, windowOfKey } from "./budget-books.ts";
import type { BudgetState, RunState } from "./hold-answers.ts";
import { pathOf } from "./spend-of.ts";

type Reading = Pick<EngineContext, "store" | "clocks"> & {
  readonly budgets: Pick<BudgetBooks, "of">;
  readonly tariffs: Pick<Tariffs, "of">;
};

/** The same by rules that are asked for once: what is kept is compared with them at each use. */
async function bySameRules(reading: Reading, workspace: string): Promise<Reading> {
  const { store, clocks, budgets, tariffs } = reading;
  const rules = await store.rules(workspace);
  return {
    ...{ store, clocks },
    budgets: { of: (id) => budgets.of(id, rules) },
    tariffs: { of: (id) => tariffs.of(id, rules) },
  };
}

/** The state of a run and of every budget that it counts in. Throws `run.not_found`. */
export async function readRunState(
  context: Reading,
  workspace: string,
  id: string,
): Promise<RunState> {
  const reading = await bySameRules(context, workspace);
  const rooms = await readRunRooms(reading, workspace, id);
  const { run, spender, budgets } = rooms;
  const stops = await reading.store.spending.stops(workspace, stopKeysOf(spender));
  const own = await Promise.all(stops.map((stop) => roomOf(reading, workspace, { stop, rooms })));
  const inForce = stops.filter((stop, at) => isInForce(stop, own[at], rooms));
  const stop = decidingStop(inForce);
  const ends = own.flatMap((room) => room?.window.endMs ?? []);
  const nowMs = ends.length === 0 ? 0 : (await reading.clocks.of(workspace)).nowMs();
  const nextWindowInMs = ends.length === 0 ? null : Math.max(0, Math.min(...ends) - nowMs);
  return { run: id, state: stateOf(run, stop), stop, budgets, nextWindowInMs };
}

interface RunRooms {
  readonly run: Run;
  /** Runs of its path that have ended, itself included. */
  readonly ended: ReadonlySet<string>;
  readonly customer: Customer | null;
  readonly spender: Spender;
  readonly budgets: readonly Room[];
}

async function readRunRooms(reading: Reading, workspace: string, id: string): Promise<RunRooms> {
  const runs = await readPath(reading, workspace, id);
  const run = runs[0] as Run;
  const customer = run.customer === null ? undefined : await customerOf(reading, workspace, run);
  const tariff = await reading.tariffs.of(workspace);
  const cardKey = await cardKeyOf(reading, workspace, customer);
  const { agent, labels } = run;
  const path = pathOf(id, (of) => runs.find((one) => one.id === of), tariff);
  const spender = { customer: run.customer ?? "", agent, labels, cardKey, path };
  const budgets =
    customer === undefined ? [] : await readRooms(reading, workspace, { spender, customer });
  const ended = new Set(runs.flatMap((one) => (mayGoOn(one) ? [] : one.id)));
  return { run, ended, customer: customer ?? null, spender, budgets };
}

/** A balance of a run by which its next hold is refused, whatever it is for; null: none. */
export async function readShort(
  reading: Reading,
  workspace: string,
  id: string,
): Promise<Room | null> {
  const { budgets } = await readRunRooms(reading, workspace, id);
  const isFull = (room: Room) => {
    const { measure, enforcement } = room.record.budget;
    const isLimit = enforcement === "hard" && room.limit !== null && !countsRuns(measure);
    return isLimit && freeOf(room, false) <= 0n;
  };
  return budgets.find((room) => isStoppedBy(room) || isFull(room)) ?? null;
}

function stateOf(run: Run, stop: Stop | null): RunState["state"] {
  if (!mayGoOn(run)) return "ended";
  if (stop === null) return "running";
  return stop.mode === "pause" ? "paused" : "stopped";
}

/**
 * The balance that paused a run, in its present window. It may be none of the run's own: a step
 * names its agent and labels itself. Undefined: no budget did, or one that is in force no more.
 */
async function roomOf(
  reading: Reading,
  workspace: string,
  { stop, rooms }: { readonly stop: Stop; readonly rooms: RunRooms },
): Promise<Room | undefined> {
  const { budget } = stop;
  if (budget === null) return undefined;
  const { budgetId, scope } = budget;
  const isSame = (room: Room) => room.record.id === budgetId && room.scope === scope;
  const known = rooms.budgets.find(isSame);
  const record = (await reading.budgets.of(workspace)).byId(budgetId);
  if (known !== undefined || record === undefined || isPrepaid(record.budget.measure)) return known;
  const { customer } = rooms;
  const [room] = await readPlaces(reading, workspace, [{ record, scope, customer }]);
  return room;
}

/**
 * Whether a stop keeps work from going on. A budget's own pause is over with its run, also where
 * one of an older version stands in the store: those below that outlive it are paused themselves.
 */
function isInForce(stop: Stop, own: Room | undefined, { ended }: RunRooms): boolean {
  if (stop.budget === null) return true;
  return !ended.has(stop.id) && isShort(stop, own);
}

/** A budget's own pause is over as soon as it has more room than it refused with. */
function isShort({ budget }: Stop, own: Room | undefined): boolean {
  if (own === undefined) return false;
  return isStoppedBy(own) || freeOf(own, false) <= BigInt(budget?.free ?? "0");
}

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
  const isListed = await Promise.all(
    stops.map(async (stop) => {
      if (stop.budget === null) return true;
      const rooms = await readRunRooms(reading, workspace, stop.id);
      return isInForce(stop, await roomOf(reading, workspace, { stop, rooms }), rooms);
    }),
  );
  const last = stops.length < limit ? undefined : stops.at(-1);
  return {
    stops: stops.filter((_, at) => isListed[at]),
    next: last === undefined ? null : `${last.of}|${last.id}`,
  };
}

function stopOf(cursor: string): StopKey {
  const [word, id] = partsOf(cursor);
  const of = STOP_SCOPES.find((scope) => scope === word);
  if (of === undefined) throw notOfListing();
  return { of, id };
}

async function readPath({ store }: Reading, workspace: string, id: string): Promise<Run[]> {
  const runs: Run[] = [];
  for (let next: string | null = id; next !== null && runs.length < RUN_DEPTH_MAX; ) {
    const run: Run | undefined = await store.run(workspace, next);
    if (run === undefined) break;
    runs.push(run);
    next = run.parent;
  }
  if (runs.length > 0) return runs;
  throw new TollgateError("run.not_found", `There is no run "${id}".`, "run");
}

async function customerOf({ store }: Reading, workspace: string, { customer }: Run) {
  return store.customer(workspace, customer ?? "");
}

/** Key of the card that charges what a customer does now. */
async function cardKeyOf(
  { tariffs, clocks }: Reading,
  workspace: string,
  customer: Customer | undefined,
): Promise<string | null> {
  if (customer === undefined) return null;
  const nowMs = (await clocks.of(workspace)).nowMs();
  return (await tariffs.of(workspace)).cardFor(customer, nowMs)?.cardKey ?? null;
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
  const cardKey = await cardKeyOf(reading, workspace, customer);
  const spender = { customer: id, agent: null, labels: null, cardKey, path: [] };
  return readRooms(reading, workspace, { spender, customer });
}

/** The budgets that all work of a workspace counts in together. */
export async function readWorkspaceBudgets(
  reading: Reading,
  workspace: string,
): Promise<readonly Room[]> {
  const spender = { customer: "", agent: null, labels: null, cardKey: null, path: [] };
  const rooms = await readRooms(reading, workspace, { spender, customer: null });
  return rooms.filter(({ record }) => record.budget.each === "workspace");
}

async function readRooms(
  reading: Reading,
  workspace: string,
  { spender, customer }: { readonly spender: Spender; readonly customer: Customer | null },
): Promise<Room[]> {
  const { budgets, clocks } = reading;
  const book = await budgets.of(workspace);
  const nowMs = (await clocks.of(workspace)).nowMs();
  const prepaid = await prepaidInStore(reading, workspace, { book, nowMs });
  const ofCredit =
    customer === null
      ? []
      : await prepaidRoomsOf({ book, prepaid }, { spender, customer, charges: [] });
  const ofRows = book.records.filter(({ budget }) => !isPrepaid(budget.measure));
  const places = ofRows.flatMap((record) => {
    return scopesOf(record.budget, spender).map((scope) => ({ record, scope, customer }));
  });
  return [...(await readPlaces(reading, workspace, places)), ...ofCredit];
}

interface Place {
  readonly record: BudgetRecord;
  readonly scope: string;
  readonly customer: Customer | null;
}

/** What these scopes stand at in their present windows. */
async function readPlaces(
  { store, budgets, clocks }: Reading,
  workspace: string,
  wanted: readonly Place[],
): Promise<Room[]> {
  const book = await budgets.of(workspace);
  const nowMs = (await clocks.of(workspace)).nowMs();
  const places = wanted.map(({ record, scope, customer }) => {
    return { record, scope, window: book.windowOf(record.budget, nowMs, customer) };
  });
  const keys = places.map(({ record, scope, window }) => {
    return { budgetId: record.id, scope, window: window.key };
  });
  const kept = await store.spending.balances(workspace, keys);
  const limits = await store.spending.ownLimits(workspace, keys);
  // A run below many others counts in thousands where budgets are many.
  const balances = new Map(kept.map((one) => [balanceText(one), one]));
  const own = new Map(limits.map((one) => [scopeText(one), one.limit]));
  return places.map(({ record, scope, window }) => {
    const key = { budgetId: record.id, scope, window: window.key };
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
  const last = kept.at(-1);
  return {
    balances: kept.map(({ scope: of, window: key, settled, held }) => {
      const window = windowOfKey(book, record, key);
      return { record, scope: of, window, limit: limits.get(of) ?? budget.limit, settled, held };
    }),
    next: last === undefined || kept.length < limit ? null : `${last.window}|${last.scope}`,
  };
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
