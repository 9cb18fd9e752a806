/** Loads what requests for holds are decided by, for all of them at once. */
import { type BalanceKey, type BudgetRecord, isPrepaid } from "../../domain/budget/budget.ts";
import type { Room } from "../../domain/budget/decide.ts";
import type { HoldAsk } from "../../domain/budget/hold-ask.ts";
import { type Spender, scopesOf } from "../../domain/budget/spend.ts";
import { type StopKey, stopKeysOf } from "../../domain/budget/stop.ts";
import type { BudgetWindow } from "../../domain/budget/window.ts";
import { HELD_BALANCES_PER_REQUEST_MAX_COUNT } from "../../domain/limits.ts";
import type { Run } from "../../domain/run/run.ts";
import type { Customer, StepKey } from "../ports.ts";
import type { HoldsRequest } from "./hold-answers.ts";
import { loadPlaces, type Spending } from "./load-spending.ts";
import { pathOf } from "./spend-of.ts";
import type { BalancePlace } from "./spending-state.ts";

/** Everything about the run that an ask is for. */
export interface Asker {
  readonly run: Run;
  readonly customer: Customer;
}

/** A balance that work counts in, and its place in the unit. */
export interface RoomPlace {
  readonly record: BudgetRecord;
  readonly scope: string;
  readonly window: BudgetWindow;
  readonly place: BalancePlace;
}

/** Who an ask spends for, and what it is held against. */
export interface PreparedAsk {
  readonly asker: Asker;
  readonly spender: Spender;
  /** Agent of the step unless it names another; null: the one that its run's opening states. */
  readonly agent: string | null;
  /** Balances of credit aside. */
  readonly places: readonly RoomPlace[];
  readonly stops: readonly StopKey[];
}

type Prepared = PreparedAsk | ReturnType<typeof problem>;

/** What is known of all that is asked for. */
export interface LoadedAsks {
  /** By request, in the order of its asks. */
  readonly asks: readonly (readonly Prepared[])[];
  /** Holds that counted before this unit. */
  readonly countingCount: number;
}

/** What requests ask about: their holds and steps, and what their asks will be held against. */
export async function loadAsked(
  granting: Spending,
  requests: readonly HoldsRequest[],
): Promise<LoadedAsks> {
  const { unit, state, book } = granting;
  const asked = requests.flatMap(({ asks }) => asks.map(({ step }) => step as StepKey));
  const named = requests.flatMap(({ releases, renewals }) => [...releases, ...renewals]);
  for (const hold of await unit.spending.holds([...asked, ...named])) state.spending.loadHold(hold);
  for (const step of await unit.steps(asked)) state.steps.load(step);
  const limits = book.records.filter(({ budget }) => !isPrepaid(budget.measure));
  const asks = requests.map(({ run, asks: own }) => {
    const asker = askerOf(granting, run);
    return "problem" in asker ? own.map(() => asker) : prepareAll(granting, { limits, asker }, own);
  });
  await loadPrepared(granting, asks);
  return { asks, countingCount: await unit.spending.countingHoldCount() };
}

interface OfRequest {
  readonly limits: readonly BudgetRecord[];
  readonly asker: Asker;
}

/** Steps of a fan-out are mostly alike: what they count in is looked for once. */
function prepareAll(granting: Spending, of: OfRequest, asks: readonly HoldAsk[]): Prepared[] {
  const plain = new Map<string | null, PreparedAsk>();
  let balances = 0;
  return asks.map((ask) => {
    const { agent, labels } = ask.step;
    const prepared = (labels === null && plain.get(agent)) || prepare(granting, of, ask);
    if (labels === null) plain.set(agent, prepared);
    const own = prepared.places.length;
    if (balances === 0 || balances + own <= HELD_BALANCES_PER_REQUEST_MAX_COUNT) {
      balances += own;
      return prepared;
    }
    const detail = `The holds before it count in ${balances} balances, and it in ${own}.`;
    return problem("hold.too_many_balances", detail);
  });
}

function prepare(granting: Spending, { limits, asker }: OfRequest, ask: HoldAsk): PreparedAsk {
  const { state, book } = granting;
  const spender = spenderOf(granting, asker, ask);
  const places: RoomPlace[] = [];
  for (const record of limits) {
    const scopes = scopesOf(record.budget, spender);
    if (scopes.length === 0) continue;
    const window = book.windowOf(record.budget, state.receivedAtMs, asker.customer);
    for (const scope of scopes) {
      const key = { budgetId: record.id, scope, window: window.key };
      places.push({ record, scope, window, place: state.spending.place(key) });
    }
  }
  const { opened, standing } = asker.run;
  const agent = opened || standing ? ask.step.agent : spender.agent;
  return { asker, spender, agent, places, stops: stopKeysOf(spender) };
}

/**
 * Everything that several asks will be held against, at once: a store on another machine is asked
 * a few times for all of them, and not a few times for each.
 */
async function loadPrepared(granting: Spending, asks: LoadedAsks["asks"]): Promise<void> {
  const { unit, state } = granting;
  const places = new Set<BalancePlace>();
  for (const { reserves } of state.spending.holds()) {
    for (const reserve of reserves) places.add(state.spending.place(reserve));
  }
  const stops = new Map<StopKey["of"], Map<string, StopKey>>();
  for (const prepared of asks.flat()) {
    if ("problem" in prepared) continue;
    for (const { place } of prepared.places) places.add(place);
    for (const key of prepared.stops) {
      const known = stops.get(key.of);
      if (known === undefined) stops.set(key.of, new Map([[key.id, key]]));
      else known.set(key.id, key);
    }
  }
  await loadPlaces(granting, places);
  const keys = [...stops.values()].flatMap((of) => [...of.values()]);
  for (const stop of await unit.spending.stops(keys)) {
    state.spending.loadStop(stop, stop);
  }
}

type Problem =
  | "hold.too_many"
  | "hold.too_many_balances"
  | "hold.conflict"
  | "run.not_found"
  | "run.no_customer";

/** An ask that cannot be answered as it is. */
export function problem(
  code: Problem,
  detail: string,
): { readonly decision: "invalid"; readonly problem: { code: typeof code; detail: string } } {
  return { decision: "invalid", problem: { code, detail } };
}

/** The run of an ask, and who pays for it. */
function askerOf(
  { state }: Pick<Spending, "state">,
  id: string,
): Asker | ReturnType<typeof problem> {
  const run = state.runs.get(id);
  if (run === undefined) return problem("run.not_found", `There is no run "${id}".`);
  const customer = run.customer === null ? undefined : state.customers.get(run.customer);
  if (customer === undefined) {
    return problem("run.no_customer", `Run "${id}" has no customer yet.`);
  }
  return { run, customer };
}

/** Whose work a step is, with every run above it. */
function spenderOf(
  { state, tariff }: Pick<Spending, "state" | "tariff">,
  { run, customer }: Asker,
  { step }: HoldAsk,
): Spender {
  const path = pathOf(run.id, (id) => state.runs.get(id), tariff);
  const agent = step.agent ?? run.agent;
  const cardKey = tariff.cardFor(customer, state.receivedAtMs)?.cardKey ?? null;
  return { customer: customer.id, agent, labels: step.labels, cardKey, path };
}

/** The balance of a budget, scope and window. */
export function keyOf({
  record,
  scope,
  window,
}: Pick<Room, "record" | "scope" | "window">): BalanceKey {
  return { budgetId: record.id, scope, window: window.key };
}
