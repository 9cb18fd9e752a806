/**
 * Grants and refuses holds. Runs in the unit of work that also books events, after them, so
 * admission, settlement and plain metering can never race.
 */
import { present } from "../../domain/assert.ts";
import { isPrepaid } from "../../domain/budget/budget.ts";
import { decideHold, type Room } from "../../domain/budget/decide.ts";
import { notEntitled, type Wanted } from "../../domain/budget/entitlements.ts";
import { type Hold, releaseHold, renewHold } from "../../domain/budget/hold.ts";
import type { HoldAsk } from "../../domain/budget/hold-ask.ts";
import { measured, type Spend, type Spender, scopesOf } from "../../domain/budget/spend.ts";
import { decidingStop, type Stop } from "../../domain/budget/stop.ts";
import { encodeStep } from "../../domain/event/codec.ts";
import { OPEN_HOLDS_MAX_COUNT } from "../../domain/limits.ts";
import type { PolicyHit } from "../../domain/policy/policy.ts";
import { mayGoOn } from "../../domain/run/run.ts";
import { othersTurn } from "../commit/others-turn.ts";
import type { PrepaidCredit } from "../credit/prepaid-credit.ts";
import { decideWithCredit, prepaidRoomsOf } from "../credit/prepaid-rooms.ts";
import {
  loadPaths,
  noteGrant,
  type PolicyVerdict,
  watchAsk,
} from "../policies/enforce-policies.ts";
import type { WatchedRuns } from "../policies/watched-runs.ts";
import type { Customer, Ids, StepKey } from "../ports.ts";
import { tellStages } from "./book-balances.ts";
import { liftOwnPauses, pauseRun } from "./budget-pauses.ts";
import type { EntitlementsNow } from "./entitlements.ts";
import type {
  Admission,
  HoldDecision,
  HoldsAnswer,
  HoldsRequest,
  NotAdmitted,
} from "./hold-answers.ts";
import {
  type Asker,
  keyOf,
  type LoadedAsks,
  loadAsked,
  type PreparedAsk,
  problem,
  type RoomPlace,
} from "./load-asked.ts";
import { loadPlaces, type Spending } from "./load-spending.ts";
import { limitOf } from "./overruns.ts";
import { knownOf, worstCaseOf } from "./worst-case.ts";

/** What granting needs beside the state of the unit. */
export interface Granting extends Spending {
  readonly ids: Ids;
  readonly entitlements: EntitlementsNow;
  /** Runs that rules of policies look at; null: there are no policies. */
  readonly watched: WatchedRuns | null;
  /** Now, by what holds keep their distance by. */
  readonly pacedAtMs: number;
}

interface Asking extends Granting {
  /** Null: no budget is of prepaid credit. */
  readonly prepaid: PrepaidCredit | null;
}

interface Deciding extends Asking {
  /** As many holds count as may. */
  readonly isFull: boolean;
}

/** Balances that requests look at before others have a turn: some ten milliseconds. */
const BALANCES_A_TURN = 10_000;

/** Answers requests in their order. Each sees what those before it were granted. */
export async function grantHolds(
  granting: Asking,
  requests: readonly HoldsRequest[],
  admission: Admission,
): Promise<HoldsAnswer[]> {
  if (requests.length === 0) return [];
  const { asks, countingCount } = await loadAsked(granting, requests);
  if (granting.watched !== null) await loadPaths(granting.watched, runsToWatch(asks));
  const deciding = { ...granting, isFull: countingCount >= OPEN_HOLDS_MAX_COUNT };
  const answers: HoldsAnswer[] = [];
  let balances = 0;
  for (const [at, request] of requests.entries()) {
    if (balances >= BALANCES_A_TURN) {
      await othersTurn();
      balances = 0;
    }
    const decisions: HoldDecision[] = [];
    const released = request.releases.map((key) => release(granting, key));
    const renewed = request.renewals.map((key) => renew(granting, key));
    const refusedBy = admission.get(request.run);
    for (const [index, ask] of request.asks.entries()) {
      const prepared = present(asks[at]?.[index], "an ask that was prepared");
      const asked = { ask, prepared };
      if ("places" in prepared) balances += prepared.places.length;
      decisions.push(
        refusedBy === undefined ? await decide(deciding, asked) : notAdmitted(refusedBy),
      );
    }
    answers.push({ decisions, released, renewed });
  }
  return answers;
}

/** Runs that policies are asked about: one that has ended is refused before. */
function* runsToWatch(asks: LoadedAsks["asks"]): Generator<string> {
  for (const prepared of asks.flat()) {
    if (!("problem" in prepared) && mayGoOn(prepared.asker.run)) yield prepared.asker.run.id;
  }
}

function release({ state }: Granting, key: StepKey): Hold | null {
  const hold = state.spending.hold(key);
  if (hold === undefined) return null;
  const released = releaseHold(hold, state.receivedAtMs);
  if (released !== hold) state.spending.putHold(released);
  return released;
}

function renew({ state }: Granting, key: StepKey & { readonly ttlMs: number }): Hold | null {
  const hold = state.spending.hold(key);
  if (hold === undefined) return null;
  const renewed = renewHold(hold, state.receivedAtMs + key.ttlMs);
  if (renewed !== hold) state.spending.putHold(renewed);
  return renewed;
}

interface Asked {
  readonly ask: HoldAsk;
  readonly prepared: LoadedAsks["asks"][number][number];
}

/** Awaits only where there is credit or a policy: nearly every ask is decided at once. */
async function decide(granting: Deciding, { ask, prepared }: Asked): Promise<HoldDecision> {
  const { state, prepaid, watched, tariff } = granting;
  const known = knownAnswer(granting, ask);
  if (known !== null) return known;
  if ("problem" in prepared) return prepared;
  const { asker, spender, places } = prepared;
  const { customer } = asker;
  const { agent } = spender;
  const worstCase = worstCaseOf(ask, { tariff, customer, agent, nowMs: state.receivedAtMs });
  const budgets = places.map(roomAt);
  if (prepaid !== null) {
    const { parts } = worstCase(ask.output?.mostTokens ?? 0);
    const charges = parts.flatMap(({ charge, amount }) => (amount > 0n ? charge : []));
    budgets.push(...(await prepaidRoomsOf(granting, { spender, customer, charges })));
  }
  if (!mayGoOn(asker.run) || state.condensed.has(asker.run.id)) {
    return refusal({ decision: "block", reason: "run_ended", budgets });
  }
  const missing = notEntitled(granting.entitlements(customer), wantedBy(asker, ask));
  if (missing !== null) {
    const reason = "not_entitled";
    return refusal({ decision: "block", reason, notEntitled: missing, budgets });
  }
  const stops = stopsAmong(state, prepared.stops);
  const stop = decidingStop(stops.filter((one) => one.budget === null || one.mode === "block"));
  if (stop !== null && !(ask.isWrapUp && stop.mode === "pause")) {
    return stoppedBy(stop, budgets);
  }
  const verdict = watched === null ? NO_VERDICT : await watchAsk(watched, ask);
  if (verdict.by !== null) return refusedByPolicy(verdict, verdict.by, budgets);
  const { output, isWrapUp } = ask;
  const nowMs = granting.pacedAtMs;
  const asking = { rooms: budgets, customer, nowMs };
  const wanted = { worstCase, output, isWrapUp };
  const decided =
    prepaid === null
      ? decideHold(wanted, budgets, nowMs)
      : await decideWithCredit(prepaid, wanted, asking);
  if (decided.decision === "allow") {
    if (!isWrapUp) liftOwnPauses(granting, stops, budgets);
    if (watched !== null) await noteGrant(watched, verdict.hits);
    return grant(granting, { ask, prepared, rooms: budgets, policies: verdict.hits }, decided);
  }
  const { decision, reason, by, retryAfterMs } = decided;
  const paused = decision === "pause" ? pauseRun(granting, spender, by) : null;
  return refusal({ decision, reason, by, stop: paused, retryAfterMs, budgets });
}

const NO_STOPS: readonly Stop[] = [];

function stopsAmong({ spending }: Granting["state"], keys: PreparedAsk["stops"]): readonly Stop[] {
  return spending.knowsStops ? keys.flatMap((key) => spending.stop(key) ?? []) : NO_STOPS;
}

/** The same ask again, or one whose step was recorded: answered without deciding anew. */
function knownAnswer(
  granting: Deciding,
  ask: HoldAsk,
): HoldDecision | null | Promise<HoldDecision> {
  const { state } = granting;
  if (state.steps.get(ask.step) !== undefined) return { decision: "settled" };
  const hold = state.spending.hold(ask.step);
  if (hold === undefined) {
    if (!granting.isFull) return null;
    const detail = `${OPEN_HOLDS_MAX_COUNT} holds count already.`;
    return problem("hold.too_many", detail);
  }
  if (hold.state === "settled") return { decision: "settled" };
  // Who let a hold go may ask anew, and by other terms.
  if (hold.state === "released") return null;
  if (hold.contentHash !== ask.contentHash) {
    const detail = `Step "${ask.step.id}" of run "${ask.step.run}" holds by other terms.`;
    return { ...problem("hold.conflict", detail), decision: "conflict" };
  }
  return grantedBefore(granting, ask, hold);
}

async function grantedBefore(granting: Deciding, ask: HoldAsk, hold: Hold): Promise<HoldDecision> {
  const rooms = await reservedRooms(granting, hold);
  const costIs = knownOf(ask, { tariff: granting.tariff, hold });
  return { decision: "allow", hold, costIs, budgets: rooms, policies: [] };
}

/** The kept balances that a spender's work counts in, in the windows of an instant. */
export async function roomsOf(
  granting: Granting,
  spender: Spender,
  { customer, atMs }: { readonly customer: Customer; readonly atMs: number },
): Promise<Room[]> {
  const { state, book } = granting;
  const kept = book.records.filter(({ budget }) => !isPrepaid(budget.measure));
  const places = kept.flatMap((record) => {
    const window = book.windowOf(record.budget, atMs, customer);
    return scopesOf(record.budget, spender).map((scope) => {
      const key = keyOf({ record, scope, window });
      return { record, scope, window, place: state.spending.place(key) };
    });
  });
  await loadPlaces(granting, new Set(places.map(({ place }) => place)));
  return places.map(roomAt);
}

/** What a balance stands at now. */
function roomAt({ record, scope, window, place }: RoomPlace): Room {
  const { settled, held, grantedAtMs } = place;
  const limit = limitOf(record, place);
  return { record, scope, window, limit, settled, held, grantedAtMs };
}

async function reservedRooms(
  granting: Deciding,
  { reserves, grantedAtMs, customer: id }: Hold,
): Promise<Room[]> {
  const { book, state } = granting;
  const customer = state.customers.get(id) ?? null;
  const spender = { customer: id, agent: null, labels: null, cardKey: null, path: [] };
  const rooms = reserves.flatMap(({ budgetId, scope }) => {
    const record = book.byId(budgetId);
    if (record === undefined || isPrepaid(record.budget.measure)) return [];
    const window = book.windowOf(record.budget, grantedAtMs, customer);
    const place = state.spending.balance(keyOf({ record, scope, window }));
    return [roomAt({ record, scope, window, place })];
  });
  if (customer === null || rooms.length === reserves.length) return rooms;
  const charges = reserves.flatMap(({ window }) => (window === "" ? [] : [window]));
  const named = new Set(reserves.map(({ budgetId }) => budgetId));
  const all = await prepaidRoomsOf(granting, { spender, customer, charges });
  return [...rooms, ...all.filter(({ record }) => named.has(record.id))];
}

type Refused = Extract<HoldDecision, { readonly decision: "block" | "pause" | "throttle" }>;

function refusal(
  said: Pick<Refused, "decision" | "reason" | "budgets"> & Partial<Refused>,
): Refused {
  const nothing = { by: null, stop: null, notEntitled: null, policy: null, retryAfterMs: null };
  return { ...nothing, ...said };
}

function stoppedBy(stop: Stop, budgets: readonly Room[]): Refused {
  const { mode: decision, policy = null } = stop;
  const reason = policy !== null ? "policy" : decision === "pause" ? "paused" : "stopped";
  return refusal({ decision, reason, stop, policy, budgets });
}

const NO_VERDICT: PolicyVerdict = { hits: [], by: null, stop: null, retryAfterMs: null };

function refusedByPolicy(
  { stop, retryAfterMs }: PolicyVerdict,
  by: PolicyHit,
  budgets: readonly Room[],
): Refused {
  const { action, policy: key, rule, level, moreThan } = by;
  const policy = { policy: key, rule, level, moreThan };
  const decision = action === "notify" ? "throttle" : action;
  return refusal({ decision, reason: "policy", stop, policy, retryAfterMs, budgets });
}

/** Every hold of a run that may not open. */
function notAdmitted({ by, notEntitled: missing }: NotAdmitted): Refused {
  if (missing === null) {
    return refusal({ decision: "block", reason: "budget", by, budgets: by === null ? [] : [by] });
  }
  return refusal({ decision: "block", reason: "not_entitled", notEntitled: missing, budgets: [] });
}

function wantedBy({ run }: Asker, { step }: HoldAsk): Wanted {
  const { provider, model, tool } = step;
  return { agent: step.agent ?? run.agent, provider, model, tool };
}

interface Granted {
  readonly ask: HoldAsk;
  readonly prepared: PreparedAsk;
  /** As they were before. */
  readonly rooms: readonly Room[];
  readonly policies: readonly PolicyHit[];
}

function grant(
  granting: Deciding,
  { ask, prepared: { asker, agent, places }, rooms, policies }: Granted,
  decided: Extract<ReturnType<typeof decideHold>, { readonly decision: "allow" }>,
): HoldDecision {
  const { state, ids } = granting;
  const { step } = ask;
  const { worstCase, reserves, maxOutputTokens, isClamped } = decided;
  const { cost, charge, currency, usage } = worstCase.spend;
  // Fields are named one by one: an object that is spread and then added to grows many times.
  const hold: Hold = {
    run: step.run,
    source: step.source,
    id: step.id,
    holdId: `hold_${ids.random()}`,
    state: "open",
    customer: asker.customer.id,
    callId: step.callId,
    contentHash: ask.contentHash,
    grantedAtMs: state.receivedAtMs,
    expiresAtMs: state.receivedAtMs + ask.ttlMs,
    onExpiry: ask.onExpiry,
    cost,
    charge,
    currency,
    maxOutputTokens,
    isClamped,
    reserves,
    document: encodeStep(step, { agent, usage, completeness: "estimated" }),
    endedAtMs: null,
    settledBy: null,
  };
  state.spending.putHold(hold);
  // Those of credit stand behind the others.
  const budgets = rooms.map((room, at) => {
    const kept = places[at];
    return kept === undefined ? creditAfter(room, worstCase.spend) : roomAfter(granting, kept);
  });
  return { decision: "allow", hold, costIs: worstCase.costIs, budgets, policies };
}

function creditAfter(room: Room, spend: Spend): Room {
  return { ...room, held: room.held + measured(room.record.budget, spend) };
}

/** What a balance stands at after a hold was granted from it. */
function roomAfter(granting: Granting, kept: RoomPlace): Room {
  const { state } = granting;
  const { record, place } = kept;
  const { stages } = record.budget;
  if (stages.length > 0) {
    const isPaced = stages.some(({ action }) => action === "throttle");
    if (isPaced) state.spending.moveBalance(place, { grantedAtMs: granting.pacedAtMs });
    tellStages(granting, record, { place });
  }
  return roomAt(kept);
}
