/**
 * Whether runs may open: what their customer is entitled to, and budgets of runs and of parallel
 * runs, are asked before a run is opened through the holds route. Metering asks nobody: a run that
 * opens by an event is counted.
 */
import { countsRuns } from "../../domain/budget/budget.ts";
import type { Room } from "../../domain/budget/decide.ts";
import { notEntitled } from "../../domain/budget/entitlements.ts";
import type { RunOpened, TollgateEvent } from "../../domain/event/event.ts";
import { ONE_UNIT } from "../../domain/money/decimal.ts";
import { ratedAt } from "../booking/rated-at.ts";
import { newCustomer } from "../customers/customer-defaults.ts";
import type { Customer } from "../ports.ts";
import { PARALLEL_RUNS_KEY } from "./entitlements.ts";
import { type Granting, roomsOf } from "./grant-holds.ts";
import type { Admission, HoldsRequest, NotAdmitted } from "./hold-answers.ts";

/** What a unit of work is about to do. */
interface Asked {
  readonly events: readonly TollgateEvent[];
  readonly holds: readonly HoldsRequest[];
}

/** Decides on every run that a request opens and nobody has heard of before. */
export async function admitRuns(granting: Granting, { events, holds }: Asked): Promise<Admission> {
  const { state } = granting;
  const refused = new Map<string, NotAdmitted>();
  if (holds.length === 0) return refused;
  const asked = new Set(holds.map(({ run }) => run));
  const begun = { opened: new Map<string, bigint>(), named: new Set<string>() };
  for (const event of events) {
    const { type, run } = event;
    if (type !== "run.opened" || !asked.has(run) || state.runs.has(run)) begun.named.add(run);
    else {
      const refusal = await refusalOf(granting, event, begun);
      if (refusal !== null) refused.set(run, refusal);
    }
  }
  return refused;
}

/** What this unit begins. */
interface Begun {
  /** Runs by the balance that they count in. */
  readonly opened: Map<string, bigint>;
  /** Runs that are there by its events. */
  readonly named: Set<string>;
}

/** Why a run may not open; where it may, it is added to what the unit begins. */
async function refusalOf(
  granting: Granting,
  event: RunOpened,
  { opened, named }: Begun,
): Promise<NotAdmitted | null> {
  const customer = customerOf(granting, event);
  if (customer === null) return null;
  const entitled = granting.entitlements(customer);
  const { agent } = event;
  const wanted = { agent, provider: null, model: null, tool: null };
  const missing = notEntitled(entitled, wanted);
  if (missing !== null) return { by: null, notEntitled: missing };
  const { parentRun } = event;
  // A run below another is no root: it opens with its parent's leave.
  const isBelow =
    parentRun !== null && (granting.state.runs.has(parentRun) || named.has(parentRun));
  if (isBelow) return null;
  // One that nobody has heard of comes to be with it, and is the root that counts.
  const root = parentRun === null ? event : { ...event, run: parentRun, agent: null, labels: null };
  const rooms = (await roomsOfOpening(granting, root, customer)).map((room) =>
    isEntitlement(room) ? { ...room, limit: units(entitled.parallelRuns) } : room,
  );
  const full = rooms.find((room) => isFull(room, opened.get(placeOf(room)) ?? 0n));
  if (full !== undefined && isEntitlement(full)) {
    return { by: null, notEntitled: { what: "parallel_runs", name: null } };
  }
  if (full !== undefined) return { by: full, notEntitled: null };
  named.add(event.run).add(root.run);
  for (const room of rooms) opened.set(placeOf(room), (opened.get(placeOf(room)) ?? 0n) + 1n);
  return null;
}

/** Whose run it will be; null: nobody knows yet. */
function customerOf({ state }: Granting, { customer, parentRun }: RunOpened): Customer | null {
  const parent = parentRun === null ? undefined : state.runs.get(parentRun);
  const id = parent?.customer ?? customer;
  return id === null ? null : (state.customers.get(id) ?? newCustomer(id, 0));
}

async function roomsOfOpening(
  granting: Granting,
  { run, agent, labels, occurredAtMs }: RunOpened,
  customer: Customer,
): Promise<Room[]> {
  const { records } = granting.book;
  if (!records.some(({ budget }) => countsRuns(budget.measure))) return [];
  const { tariff, state } = granting;
  // A run counts in the windows of its opening: it must have room there.
  const atMs = ratedAt(occurredAtMs, state.receivedAtMs);
  const cardKey = tariff.cardFor(customer, atMs)?.cardKey ?? null;
  const one = { id: run, agent, labels, cardKey };
  const spender = { ...one, customer: customer.id, path: [one] };
  const rooms = await roomsOf(granting, spender, { customer, atMs });
  return rooms.filter(({ record: { budget } }) => {
    return countsRuns(budget.measure) && budget.enforcement === "hard";
  });
}

function isEntitlement({ record }: Room): boolean {
  return record.budget.key === PARALLEL_RUNS_KEY;
}

function units(count: bigint | null): bigint | null {
  return count === null ? null : count * ONE_UNIT;
}

function isFull({ limit, settled }: Room, openedNow: bigint): boolean {
  return limit !== null && settled + openedNow * ONE_UNIT >= limit;
}

function placeOf({ record, scope, window }: Room): string {
  return JSON.stringify([record.id, scope, window.key]);
}
