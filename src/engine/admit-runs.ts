/**
 * Whether runs may open: budgets of runs and of parallel runs are asked before a run is opened
 * through the holds route. Metering asks nobody: a run that opens by an event is counted.
 */

import { countsRuns } from "../domain/budget/budget.ts";
import type { Room } from "../domain/budget/decide.ts";
import type { RunOpened, TollgateEvent } from "../domain/event/event.ts";
import { ONE_UNIT } from "../domain/money/decimal.ts";
import { newCustomer } from "./customer-defaults.ts";
import { type Granting, roomsOf } from "./grant-holds.ts";
import type { HoldsRequest } from "./hold-answers.ts";

/** Runs that may not open, with the balance that refuses. */
export type Admission = ReadonlyMap<string, Room>;

const ALL: Admission = new Map();

/** Decides on every run that a request opens and nobody has heard of before. */
export async function admitRuns(
  granting: Granting,
  {
    events,
    holds,
  }: {
    readonly events: readonly TollgateEvent[];
    readonly holds: readonly HoldsRequest[];
  },
): Promise<Admission> {
  const { state, book } = granting;
  if (holds.length === 0 || !book.records.some(({ budget }) => countsRuns(budget.measure))) {
    return ALL;
  }
  const asked = new Set(holds.map(({ run }) => run));
  const refused = new Map<string, Room>();
  const opened = new Map<string, bigint>();
  for (const event of events) {
    if (event.type !== "run.opened" || !asked.has(event.run) || state.runs.has(event.run)) continue;
    const rooms = await roomsOfOpening(granting, event);
    const short = rooms.find((room) => isFull(room, opened.get(placeOf(room)) ?? 0n));
    if (short !== undefined) refused.set(event.run, short);
    else
      for (const room of rooms) opened.set(placeOf(room), (opened.get(placeOf(room)) ?? 0n) + 1n);
  }
  return refused;
}

async function roomsOfOpening(granting: Granting, event: RunOpened): Promise<Room[]> {
  const { state } = granting;
  // A run below another is no root: it opens with its parent's leave.
  if (event.customer === null || event.parentRun !== null) return [];
  const customer = state.customers.get(event.customer) ?? newCustomer(event.customer, 0);
  const { run, agent, labels } = event;
  const path = [{ id: run, agent, labels }];
  const rooms = await roomsOf(granting, { customer: customer.id, agent, labels, path }, customer);
  return rooms.filter(({ record: { budget } }) => {
    return countsRuns(budget.measure) && budget.enforcement === "hard";
  });
}

function isFull({ limit, settled }: Room, openedNow: bigint): boolean {
  return limit !== null && settled + openedNow * ONE_UNIT >= limit;
}

function placeOf({ record, scope, window }: Room): string {
  return JSON.stringify([record.id, scope, window.key]);
}
