/**
 * Whether runs may go on, and what their budgets stand at, read outside any unit of work: as of the
 * last commit. Of however many runs by the same few queries.
 *
 * Rules are read behind runs and stops: these may name a card or a budget that was new when they
 * were written, and a stop whose budget is not known would be taken for one that is over.
 */
import { countsRuns, isPrepaid } from "../../domain/budget/budget.ts";
import { freeOf, isStoppedBy, type Room } from "../../domain/budget/decide.ts";
import {
  decidingStop,
  type Stop,
  type StopKey,
  stopKeysOf,
  stopText,
} from "../../domain/budget/stop.ts";
import { RUN_DEPTH_MAX } from "../../domain/limits.ts";
import { mayGoOn, type Run } from "../../domain/run/run.ts";
import type { Customer } from "../ports.ts";
import { noRun, type RunState, type RunStates } from "./hold-answers.ts";
import {
  bySameRules,
  type Counting,
  type Place,
  type Reading,
  readPlaces,
  readRooms,
} from "./read-rooms.ts";
import { pathOf, runsOnPath } from "./spend-of.ts";

/** A run with what it is looked at by. */
interface Looked {
  readonly run: Run;
  /** Runs of its path that have ended, itself included. */
  readonly ended: ReadonlySet<string>;
  readonly customer: Customer | null;
  readonly stops: readonly Stop[];
  readonly budgets: readonly Room[];
}

/** The states of runs and of every budget that they count in. */
export async function readRunStates(
  context: Reading,
  workspace: string,
  ids: readonly string[],
): Promise<RunStates> {
  const { reading, looked } = await lookAt(context, workspace, ids);
  const own = await pausingRooms(reading, workspace, looked);
  const nowMs = (await reading.clocks.of(workspace)).nowMs();
  const states = looked.map((one): [string, RunState] => {
    const { run, budgets, stops } = one;
    const stop = decidingStop(stops.filter((each) => isInForce(each, own, one)));
    const ends = stops.flatMap((each) => own.get(each)?.window.endMs ?? []);
    const nextWindowInMs = ends.length === 0 ? null : Math.max(0, Math.min(...ends) - nowMs);
    return [run.id, { run: run.id, state: stateOf(run, stop), stop, budgets, nextWindowInMs }];
  });
  return new Map(states);
}

/** The state of one run. Throws `run.not_found`. */
export async function readRunState(
  context: Reading,
  workspace: string,
  id: string,
): Promise<RunState> {
  const state = (await readRunStates(context, workspace, [id])).get(id);
  if (state === undefined) throw noRun(id);
  return state;
}

/** A balance of a run by which its next hold is refused, whatever it is for; null: none. */
export async function readShort(
  context: Reading,
  workspace: string,
  id: string,
): Promise<Room | null> {
  const { looked } = await lookAt(context, workspace, [id]);
  const [one] = looked;
  if (one === undefined) throw noRun(id);
  const isFull = (room: Room) => {
    const { measure, enforcement } = room.record.budget;
    const isLimit = enforcement === "hard" && room.limit !== null && !countsRuns(measure);
    return isLimit && freeOf(room, false) <= 0n;
  };
  return one.budgets.find((room) => isStoppedBy(room) || isFull(room)) ?? null;
}

/** Those of these stops that keep work from going on; a person's do. */
export async function stopsInForce(
  context: Reading,
  workspace: string,
  stops: readonly Stop[],
): Promise<readonly Stop[]> {
  const ids = stops.flatMap(({ budget, id }) => (budget === null ? [] : id));
  if (ids.length === 0) return stops;
  const { reading, looked } = await lookAt(context, workspace, ids);
  const byRun = new Map(looked.map((one) => [one.run.id, one]));
  const asked = stops.flatMap((stop) => {
    const one = stop.budget === null ? undefined : byRun.get(stop.id);
    return one === undefined ? [] : { ...one, stops: [stop] };
  });
  const own = await pausingRooms(reading, workspace, asked);
  const over = new Set(asked.flatMap((one) => one.stops.filter((s) => !isInForce(s, own, one))));
  return stops.filter((stop) => !over.has(stop));
}

/** Runs with their stops and balances; what is not there is left out. */
async function lookAt(
  context: Reading,
  workspace: string,
  ids: readonly string[],
): Promise<{ readonly reading: Reading; readonly looked: readonly Looked[] }> {
  const { store } = context;
  const runs = await readPaths(context, workspace, ids);
  const runOf = (id: string) => runs.get(id);
  const found = [...new Set(ids)].flatMap((id) => runs.get(id) ?? []);
  const named = found.map((run) => {
    const path = runsOnPath(run.id, runOf);
    return { run, path, keys: stopKeysOf({ ...run, customer: run.customer ?? "", path }) };
  });
  const keys = new Map<string, StopKey>();
  for (const key of named.flatMap((one) => one.keys)) keys.set(stopText(key), key);
  const customerIds = new Set(found.flatMap(({ customer }) => customer ?? []));
  const [known, stopped] = await Promise.all([
    store.customers(workspace, [...customerIds]),
    store.spending.stops(workspace, [...keys.values()]),
  ]);
  const customers = new Map(known.map((one) => [one.id, one]));
  const stops = new Map(stopped.map((stop) => [stopText(stop), stop]));
  const reading = await bySameRules(context, workspace);
  const budgets = await roomsOf(reading, workspace, { found, runOf, customers });
  const looked = named.map(({ run, path, keys: own }, at): Looked => {
    return {
      run,
      ended: new Set([run, ...path].flatMap((one) => (mayGoOn(one) ? [] : one.id))),
      customer: customers.get(run.customer ?? "") ?? null,
      stops: own.flatMap((key) => stops.get(stopText(key)) ?? []),
      budgets: budgets[at] ?? [],
    };
  });
  return { reading, looked };
}

/** Runs and all above them, level by level. */
async function readPaths(
  { store }: Reading,
  workspace: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Run>> {
  const runs = new Map<string, Run>();
  let wanted = new Set(ids);
  for (let depth = 0; wanted.size > 0 && depth < RUN_DEPTH_MAX; depth += 1) {
    const found = await store.runs(workspace, [...wanted]);
    for (const run of found) runs.set(run.id, run);
    const above = found.flatMap(({ parent }) => parent ?? []);
    wanted = new Set(above.filter((id) => !runs.has(id)));
  }
  return runs;
}

interface Found {
  readonly found: readonly Run[];
  readonly runOf: (id: string) => Run | undefined;
  readonly customers: ReadonlyMap<string, Customer>;
}

/** What runs count in, in their order; nothing where the customer is not known yet. */
async function roomsOf(
  reading: Reading,
  workspace: string,
  { found, runOf, customers }: Found,
): Promise<readonly (readonly Room[])[]> {
  const tariff = await reading.tariffs.of(workspace);
  const nowMs = (await reading.clocks.of(workspace)).nowMs();
  const counting = found.map(({ id, customer: named, agent, labels }): Counting | null => {
    const customer = customers.get(named ?? "");
    if (customer === undefined) return null;
    const cardKey = tariff.cardFor(customer, nowMs)?.cardKey ?? null;
    const path = pathOf(id, runOf, tariff);
    return { spender: { customer: customer.id, agent, labels, cardKey, path }, customer };
  });
  const known = counting.flatMap((one) => one ?? []);
  const rooms = (await readRooms(reading, workspace, known)).values();
  return counting.map((one) => (one === null ? [] : (rooms.next().value ?? [])));
}

function stateOf(run: Run, stop: Stop | null): RunState["state"] {
  if (!mayGoOn(run)) return "ended";
  if (stop === null) return "running";
  return stop.mode === "pause" ? "paused" : "stopped";
}

/** Balances that paused runs, by the stop of each run looked at. */
type PausingRooms = ReadonlyMap<Stop, Room>;

/**
 * The balances that paused runs, in their present windows. One may be none of the run's own: a step
 * names its agent and labels itself. Of a budget that is in force no more there is none.
 */
async function pausingRooms(
  reading: Reading,
  workspace: string,
  looked: readonly Looked[],
): Promise<PausingRooms> {
  const book = await reading.budgets.of(workspace);
  const rooms = new Map<Stop, Room>();
  const others: (Place & { readonly stop: Stop })[] = [];
  for (const { stops, budgets, customer } of looked) {
    for (const stop of stops) {
      const { budget } = stop;
      if (budget === null) continue;
      const { budgetId, scope } = budget;
      const isSame = (room: Room) => room.record.id === budgetId && room.scope === scope;
      const known = budgets.find(isSame);
      const record = book.byId(budgetId);
      if (known !== undefined) rooms.set(stop, known);
      else if (record !== undefined && !isPrepaid(record.budget.measure)) {
        others.push({ record, scope, customer, stop });
      }
    }
  }
  const read = others.length === 0 ? [] : await readPlaces(reading, workspace, others);
  for (const [at, room] of read.entries()) rooms.set((others[at] as { stop: Stop }).stop, room);
  return rooms;
}

/**
 * Whether a stop keeps work from going on. A budget's own pause is over with its run, also where
 * one of an older version stands in the store: those below that outlive it are paused themselves.
 */
function isInForce(stop: Stop, own: PausingRooms, { ended }: Looked): boolean {
  if (stop.budget === null) return true;
  return !ended.has(stop.id) && isShort(stop, own.get(stop));
}

/** A budget's own pause is over as soon as it has more room than it refused with. */
function isShort({ budget }: Stop, own: Room | undefined): boolean {
  if (own === undefined) return false;
  return isStoppedBy(own) || freeOf(own, false) <= BigInt(budget?.free ?? "0");
}
