/**
 * Loads what a batch of events may touch, in few rounds: runs and all above them, what waits in
 * suspense, steps and calls by identity, customers, then counters of the periods concerned.
 */
import { decodeEvent } from "../../domain/event/codec.ts";
import type { TollgateEvent } from "../../domain/event/event.ts";
import type { Step } from "../../domain/event/step.ts";
import { RESTATED_PER_UNIT_MAX_COUNT } from "../../domain/limits.ts";
import type { Run } from "../../domain/run/run.ts";
import { placeInTime, STANDING_PREFIX } from "../../domain/run/run.ts";
import { finalAtOf, outcomeKeyText } from "../booking/apply-outcome.ts";
import { ratedAt } from "../booking/rated-at.ts";
import type { Tariff } from "../cards/tariff.ts";
import { newCustomer } from "../customers/customer-defaults.ts";
import type { CounterKey, Customer, StepKey, UnitOfWork } from "../ports.ts";
import { correctedPeriods } from "../runs/correct-runs.ts";
import type { BatchState } from "./batch-state.ts";
import { callKeyText, counterKeyText, stepKeyText } from "./batch-state.ts";
import { loadLeft, UnboundRuns } from "./load-unbound.ts";
import { namedCustomers } from "./named-customers.ts";

/** What is to be loaded: all that events may touch, and other runs. */
interface Loaded {
  readonly state: BatchState;
  readonly events: readonly TollgateEvent[];
  readonly runs?: readonly string[];
}

/** Fills the state with every row that the events may touch. */
export async function loadBatch(
  unit: UnitOfWork,
  tariff: Tariff,
  { state, events, runs = [] }: Loaded,
): Promise<void> {
  await loadRuns(unit, state, [...events, ...runs.map((run) => ({ run }))]);
  const openings = openingsOf(state, events);
  const counted = await loadRestated(unit, state, { openings, asked: runs });
  const unbound = new UnboundRuns(unit, state, runs);
  const all = [...events];
  // What waits and what may take over a call are events of this batch too, with runs of their own.
  for (let added: readonly TollgateEvent[] = events; added.length > 0; ) {
    if (added !== events) await loadRuns(unit, state, added);
    const calls = [...(added === events ? counted : []), ...callsIn(added, openings)];
    added = [...(await unbound.load(all)), ...(await loadHeirs(unit, state, calls))];
    for (const event of added) all.push(event);
  }
  await loadIdentities(unit, state, all);
  await loadLeft(unit, state, { events, asked: runs });
  const steps = all.filter((event) => event.type === "step");
  await state.held.load(unit, steps);
  if (tariff.waitsForEnd) await loadWaiting(unit, state, all);
  await loadCustomers(unit, state, all);
  // Where nothing is booked, as for holds alone, no counter moves.
  if (all.length === 0 && state.steps.isEmpty) return;
  await loadCounters(unit, state, concernedPeriods(state, tariff, all));
}

async function loadRuns(
  unit: UnitOfWork,
  state: BatchState,
  events: readonly Pick<TollgateEvent, "run">[],
): Promise<void> {
  const wanted = new Set<string>();
  for (const event of events) {
    wanted.add(event.run);
    if (hasParent(event)) wanted.add(event.parentRun);
  }
  for (let ids = [...wanted]; ids.length > 0; ) {
    const found = await unit.runs(ids.sort());
    for (const run of found) state.runs.load(run.id, run);
    ids = found.flatMap((run) => run.parent ?? []).filter((id) => !state.runs.has(id));
    ids = [...new Set(ids)];
  }
  markStandingRuns(state, wanted);
}

function hasParent(event: object): event is { readonly parentRun: string } {
  return "parentRun" in event && event.parentRun !== null;
}

/** A standing run is known by its id from its first step on. */
function markStandingRuns(state: BatchState, wanted: ReadonlySet<string>): void {
  for (const id of wanted) {
    if (!id.startsWith(STANDING_PREFIX) || state.runs.has(id)) continue;
    const [, agent] = JSON.parse(id.slice(STANDING_PREFIX.length)) as [string, string?];
    state.runs.load(id, { ...state.runOrNew(id), standing: true, agent: agent ?? null });
  }
}

/** A run that one opening concerns, and whether holds of it are decided in the same unit. */
interface OpenedRun extends Opening {
  readonly run: Run;
  readonly isAsked: boolean;
}

/**
 * The steps that openings restate at once. Null: they are left to later units, since many take long
 * and everybody would wait. Where an opening is not the only one, what each of them states of a
 * step depends on all; a hold is decided by all of them.
 */
async function stepsRestated(
  unit: UnitOfWork,
  { run, count, isAsked }: OpenedRun,
): Promise<readonly Step[] | null> {
  if (isAsked || count > 1 || run.restating !== null) return unit.stepsOfRun(run.id);
  const limit = RESTATED_PER_UNIT_MAX_COUNT;
  if (run.own.steps > limit) return null;
  // Shadows and void steps are restated too, and the run does not count them.
  const steps = await unit.stepsOfRun(run.id, limit + 1);
  return steps.length > limit ? null : steps;
}

interface Openings {
  readonly openings: ReadonlyMap<string, Opening>;
  /** Runs that holds are asked for. */
  readonly asked: readonly string[];
}

/**
 * An opening that comes after steps restates them, so all of the run's steps are needed. Returns
 * the ids of their calls, where some may have to be handed over.
 */
async function loadRestated(
  unit: UnitOfWork,
  state: BatchState,
  { openings, asked }: Openings,
): Promise<string[]> {
  const callIds: string[] = [];
  for (const [id, opening] of openings) {
    const run = state.runs.get(id);
    if (run === undefined) continue;
    const steps = await stepsRestated(unit, { ...opening, run, isAsked: asked.includes(id) });
    if (steps === null) state.leftToRestate.add(id);
    for (const step of steps ?? []) {
      state.steps.load(step);
      const movesCalls = opening.mayHandOver || step.overruled;
      if (movesCalls && step.callId !== null) callIds.push(step.callId);
    }
    for (const outcome of await unit.outcomesOfRun(id)) {
      state.outcomes.load(outcomeKeyText(outcome.run, outcome.key), outcome);
    }
  }
  return callIds;
}

/** What the openings of a run in one batch may do. */
interface Opening {
  /** Some name an authority: steps of other sources become shadows and let their calls go. */
  readonly mayHandOver: boolean;
  readonly count: number;
}

/**
 * By run, the openings that may restate something. One that is not earlier than what the run was
 * opened by, as when it is sent again, changes nothing, and the run may have any number of steps.
 */
function openingsOf(state: BatchState, events: readonly TollgateEvent[]): Map<string, Opening> {
  const openings = new Map<string, Opening>();
  for (const event of events) {
    if (event.type !== "run.opened") continue;
    const run = state.runs.get(event.run);
    if (run?.opened && placeInTime(event) >= run.head) continue;
    const { mayHandOver = false, count = 0 } = openings.get(event.run) ?? {};
    const names = mayHandOver || event.authority !== null;
    openings.set(event.run, { mayHandOver: names, count: count + 1 });
  }
  return openings;
}

function callsIn(
  events: readonly TollgateEvent[],
  openings: ReadonlyMap<string, Opening>,
): string[] {
  return events.flatMap((event) =>
    event.type === "step" && openings.get(event.run)?.mayHandOver ? (event.callId ?? []) : [],
  );
}

/** A step that an opening makes a shadow hands its call over: returns who may take it. */
export async function loadHeirs(
  unit: UnitOfWork,
  state: BatchState,
  callIds: readonly string[],
): Promise<TollgateEvent[]> {
  if (callIds.length === 0) return [];
  for (const call of await unit.calls(callIds)) {
    state.calls.load(callKeyText(call.customer, call.callId), call);
  }
  const heirs: TollgateEvent[] = [];
  for (const row of await unit.witnessesOfCalls(callIds)) {
    if (state.witnesses.has(stepKeyText(row))) continue;
    state.witnesses.load(stepKeyText(row), row);
    heirs.push(decodeEvent(row.document));
  }
  return heirs;
}

async function loadIdentities(
  unit: UnitOfWork,
  state: BatchState,
  events: readonly TollgateEvent[],
): Promise<void> {
  const steps: StepKey[] = [];
  const others: StepKey[] = [];
  const outcomes: { run: string; key: string }[] = [];
  const calls: StepKey[] = [];
  const callIds: string[] = [];
  for (const event of events) {
    if (event.type === "step") {
      steps.push(event);
      if (event.callId !== null) {
        callIds.push(event.callId);
        calls.push(event);
      }
      continue;
    }
    others.push(event);
    if ("target" in event) steps.push({ run: event.run, ...event.target });
    if ("key" in event) outcomes.push(event);
  }
  // Only runs that exist can hold steps: most identities of new runs need no look-up.
  const known = steps.filter((key) => state.runs.has(key.run));
  for (const step of await unit.steps(known)) state.steps.load(step);
  await loadConflicts(unit, state, events);
  if (callIds.length > 0) await loadCalls(unit, state, { callIds, keys: calls });
  await loadTargetCalls(unit, state, events);
  if (others.length === 0) return;
  for (const entry of await unit.journalled(others)) state.journal.load(stepKeyText(entry), entry);
  for (const outcome of await unit.outcomes(outcomes)) {
    state.outcomes.load(outcomeKeyText(outcome.run, outcome.key), outcome);
  }
}

/** Outcomes of runs that end in this batch, or go on after they were abandoned. */
async function loadWaiting(
  unit: UnitOfWork,
  state: BatchState,
  events: readonly TollgateEvent[],
): Promise<void> {
  const ending = new Set<string>();
  for (const { type, run } of events) if (type === "run.closed") ending.add(run);
  for (const run of state.runs.values()) if (run.status === "abandoned") ending.add(run.id);
  for (const id of ending) {
    if (!state.runs.has(id)) continue;
    for (const outcome of await unit.outcomesOfRun(id)) {
      state.outcomes.load(outcomeKeyText(outcome.run, outcome.key), outcome);
    }
  }
}

/** A conflicting record that is sent again is listed once. */
async function loadConflicts(
  unit: UnitOfWork,
  state: BatchState,
  events: readonly TollgateEvent[],
): Promise<void> {
  const differing = events.filter((event) => {
    const stored = state.steps.get(event);
    return stored !== undefined && stored.contentHash !== event.contentHash;
  });
  if (differing.length === 0) return;
  for (const row of await unit.conflicts(differing)) {
    state.conflicts.load(`${stepKeyText(row)}\u0000${row.contentHash}`, row);
  }
}

async function loadCalls(
  unit: UnitOfWork,
  state: BatchState,
  { callIds, keys }: { readonly callIds: readonly string[]; readonly keys: readonly StepKey[] },
): Promise<void> {
  for (const call of await unit.calls(callIds)) {
    state.calls.load(callKeyText(call.customer, call.callId), call);
  }
  for (const row of await unit.witnesses(keys)) state.witnesses.load(stepKeyText(row), row);
}

/** A void frees the call of its target. */
async function loadTargetCalls(
  unit: UnitOfWork,
  state: BatchState,
  events: readonly TollgateEvent[],
): Promise<void> {
  const callIds = events.flatMap((event) => {
    if (event.type !== "step.voided") return [];
    return state.steps.get({ run: event.run, ...event.target })?.callId ?? [];
  });
  if (callIds.length > 0) await loadCalls(unit, state, { callIds, keys: [] });
}

async function loadCustomers(
  unit: UnitOfWork,
  state: BatchState,
  events: readonly TollgateEvent[],
): Promise<void> {
  const ids = new Set<string>();
  for (const event of events) {
    if ("customer" in event && event.customer !== null) ids.add(event.customer);
  }
  for (const run of state.runs.values()) if (run.customer !== null) ids.add(run.customer);
  for (const customer of await unit.customers([...ids])) {
    state.customers.load(customer.id, customer);
  }
}

/** Customer periods, each once. A customer rarely has two in one batch. */
class PeriodSet {
  readonly #byCustomer = new Map<string, CounterKey[]>();

  add(customer: string, period: string): void {
    const known = this.#byCustomer.get(customer);
    if (known === undefined) this.#byCustomer.set(customer, [{ customer, period }]);
    else if (!known.some((key) => key.period === period)) known.push({ customer, period });
  }

  /** In the order of their first adding: the workspace is locked, so no other order is needed. */
  get keys(): CounterKey[] {
    const all: CounterKey[] = [];
    for (const own of this.#byCustomer.values()) all.push(...own);
    return all;
  }
}

/** Every (customer, period) whose counters the batch may move; a few too many do no harm. */
function concernedPeriods(
  state: BatchState,
  tariff: Tariff,
  events: readonly TollgateEvent[],
): CounterKey[] {
  const keys = new PeriodSet();
  const known = (id: string): Customer => state.customers.get(id) ?? newCustomer(id, 0);
  const addAt = (customer: string, atMs: number): void =>
    keys.add(customer, tariff.periodOf(known(customer), atMs).key);
  const customersOf = namedCustomers(state, events);
  for (const event of events) {
    const atMs = ratedAt(event.occurredAtMs, state.receivedAtMs);
    for (const customer of customersOf(event.run)) {
      addAt(customer, atMs);
      if (event.type !== "outcome.recorded" || !tariff.settlesOutcomes) continue;
      addAt(customer, finalAtOf(tariff, known(customer), { ...event, atMs }) ?? atMs);
    }
  }
  for (const run of state.runs.values()) {
    for (const customer of customersOf(run.id)) {
      addAt(customer, run.openedAtMs);
      for (const period of correctedPeriods(tariff, known(customer), run)) {
        keys.add(customer, period);
      }
      if (tariff.boundsRuns) addAt(customer, state.receivedAtMs);
    }
    if (run.rating !== null && run.customer !== null) keys.add(run.customer, run.rating.period);
  }
  for (const step of state.steps.values()) keys.add(step.customer, step.period);
  for (const outcome of state.outcomes.values()) {
    keys.add(outcome.customer, outcome.period);
    // A provisional one may be confirmed as of its own time.
    if (outcome.status !== "provisional") continue;
    addAt(outcome.customer, ratedAt(outcome.occurredAtMs, outcome.receivedAtMs));
  }
  return keys.keys;
}

async function loadCounters(
  unit: UnitOfWork,
  state: BatchState,
  keys: readonly CounterKey[],
): Promise<void> {
  state.loadCounted(await unit.counted(keys));
  for (const period of await unit.periods(keys)) state.periods.load(counterKeyText(period), period);
  await loadBookingPeriods(unit, state, keys);
}

/** Adjustments look for the first open period, so a customer's closed ones must be known. */
async function loadBookingPeriods(
  unit: UnitOfWork,
  state: BatchState,
  keys: readonly CounterKey[],
): Promise<void> {
  const late = keys.filter((key) => state.isClosed(key)).map((key) => key.customer);
  for (const customer of new Set(late)) {
    for (const period of await unit.periodsOf(customer)) {
      state.periods.load(counterKeyText(period), period);
    }
  }
}
