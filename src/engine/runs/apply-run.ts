/** A run is opened, linked, closed or found silent. Steps may come before and after all of it. */
import { decodeEvent, encodeEvent } from "../../domain/event/codec.ts";
import type { RunClosed, RunOpened, StepEvent } from "../../domain/event/event.ts";
import type { Step } from "../../domain/event/step.ts";
import type { Restating, Run } from "../../domain/run/run.ts";
import { placeInTime } from "../../domain/run/run.ts";
import { showSignOfLife } from "../booking/apply-step.ts";
import type { Ledger } from "../booking/book.ts";
import { billStep, factsOf, freeCall, reviseStep, roleOf } from "../booking/count-step.ts";
import { ratedAt } from "../booking/rated-at.ts";
import { callKeyText, stepKeyText } from "../commit/batch-state.ts";
import type { EventResult } from "../commit/result.ts";
import { rejected } from "../commit/result.ts";
import { attribute, causeOf } from "./attribute.ts";

/**
 * Opens a run: its agent, end user, labels, authority and opening time are stated from here on.
 * Steps that came before and named no agent get it now. Of several openings, the earliest stands.
 */
export function openRun(ledger: Ledger, event: RunOpened): EventResult {
  const { state } = ledger;
  const standing = state.runs.get(event.run)?.standing ?? false;
  if (standing) {
    const detail = `"${event.run}" collects usage without a run and cannot be opened.`;
    return rejected({ code: "run.standing", detail, field: "run" });
  }
  const refusal = attribute(ledger, event);
  if (refusal !== null) return rejected(refusal);
  state.record("run.opened", event, encodeEvent(event));
  const seq = state.lastSeq;
  // A copy: what the run stated before is compared with what it states after.
  const run = { ...state.runOrNew(event.run) };
  const head = placeInTime(event);
  if (!run.opened || head < run.head) {
    finishRestating(ledger, run);
    const { agent, labels, authority, endUser = null } = event;
    const openedAtMs = ratedAt(event.occurredAtMs, state.receivedAtMs);
    const opened = { opened: true, head, openedAtMs, agent, labels, authority, endUser };
    Object.assign(state.editRun(run.id), opened);
    if (run.customer !== null) ledger.recountRun(run.id, causeOf(event));
    const own = [...state.steps.values()].filter((step) => step.run === run.id);
    if (state.leftToRestate.has(run.id)) {
      state.editRun(run.id).restating = { opened: run.opened, agent: run.agent };
      state.left.push({ run: run.id, by: run.id });
    } else restateSteps(ledger, run, own);
    rebookOutcomes(ledger, event);
  }
  showSignOfLife(ledger, event);
  return { status: "accepted", run: event.run, seq };
}

/**
 * Of a run that an earlier opening comes to while steps are left to be restated, all of them are at
 * hand: they become first what the run has stated since.
 */
function finishRestating(ledger: Ledger, run: Run): void {
  if (run.restating === null) return;
  const own = [...ledger.state.steps.values()].filter((step) => step.run === run.id);
  restateSteps(ledger, run.restating, own);
  ledger.state.editRun(run.id).restating = null;
}

/**
 * Steps of one run that were counted before its opening take over what it states: the agent and who
 * may bill. Returns how many had to. `before` is what the run had stated. Who becomes a shadow lets
 * its call go before others of the run take it, and what none of them takes is handed over.
 */
export function restateSteps(ledger: Ledger, before: Restating, steps: readonly Step[]): number {
  const billing: [Step, Restatement][] = [];
  const shadows: Step[] = [];
  let count = 0;
  for (const step of steps.toSorted((a, b) => a.seq - b.seq)) {
    const change = restatement(before, ledger.state.runOrNew(step.run), step);
    if (change === null) continue;
    if (change.role !== step.role && change.role === "bill") {
      billing.push([step, change]);
      continue;
    }
    count += 1;
    reviseStep(ledger, step, { change, reason: "run_reopened" });
    if (change.role === step.role) continue;
    freeCall(ledger, step);
    shadows.push(step);
  }
  for (const [step, change] of billing) if (restoreBilling(ledger, step, change)) count += 1;
  for (const step of shadows) handOverCall(ledger, step);
  return count;
}

/** Outcomes recorded before the opening get the agent that it states. */
function rebookOutcomes(ledger: Ledger, event: RunOpened): void {
  const { state } = ledger;
  const run = state.runOrNew(event.run);
  for (const outcome of [...state.outcomes.values()]) {
    if (outcome.run !== event.run) continue;
    const { ending } = outcome;
    ledger.rebookOutcome(outcome, { agent: run.agent, ending }, causeOf(event));
  }
}

/**
 * A step that was overruled bills again, unless another step holds its call by now: then it is a
 * witness of that call, which it takes over should the other let it go. Returns whether it changed.
 */
function restoreBilling(ledger: Ledger, step: Step, change: Restatement): boolean {
  const { state } = ledger;
  const { customer, callId, run, source, id } = step;
  const isTaken = callId !== null && state.calls.has(callKeyText(customer, callId));
  if (!isTaken || step.voided) {
    billStep(ledger, step, change);
    return true;
  }
  if (!state.witnesses.has(stepKeyText(step))) {
    const { receivedAtMs } = state;
    const document = encodeEvent(eventOf(step));
    const seq = state.nextSeq();
    const witness = { customer, callId, run, source, id, seq, receivedAtMs, document };
    state.witnesses.set(stepKeyText(step), witness);
  }
  if (change.agent === step.agent) return false;
  reviseStep(ledger, step, { change: { agent: change.agent }, reason: "run_reopened" });
  return true;
}

/** A step that is a shadow now, as it was sent. */
function eventOf(step: Step): StepEvent {
  const { run, source, id, occurredAtMs, contentHash, parentStep, callId, hold } = step;
  const { customer, callHash } = step;
  return {
    type: "step",
    ...factsOf(step),
    ...{ run, source, id, occurredAtMs, contentHash, customer, parentStep, callId, hold },
    role: "bill",
    agent: step.namesAgent ? step.agent : null,
    parentRun: null,
    ...(callHash === undefined ? {} : { callHash }),
  };
}

/** Whether a step that is a shadow would bill if nobody held its call. */
function mayBill({ state }: Ledger, step: Step): boolean {
  if (step.voided || !step.overruled || state.condensed.has(step.run)) return false;
  return roleOf(state.runOrNew(step.run), saidBy(step)) === "bill";
}

/** What a step said of its role, whatever was made of it. */
function saidBy({ source, role, overruled }: Step) {
  return { source, role: overruled ? ("bill" as const) : role };
}

/**
 * A step that became a shadow let its call go; the earliest other witness that may count does so
 * instead. One may be a shadow itself by now, or of a run that went to another customer.
 */
function handOverCall(ledger: Ledger, step: Step): void {
  const { state } = ledger;
  if (step.callId === null) return;
  const call = callKeyText(step.customer, step.callId);
  const others = [...state.witnesses.values()].filter(
    (witness) => callKeyText(witness.customer, witness.callId) === call,
  );
  for (const next of others.sort((a, b) => a.seq - b.seq)) {
    if (state.calls.has(call)) return;
    const kept = state.steps.get(next);
    if (kept !== undefined) {
      if (mayBill(ledger, kept)) billStep(ledger, kept, {});
      continue;
    }
    const { status } = ledger.replay(decodeEvent(next.document));
    if (status === "rejected" || status === "duplicate_call") continue;
    state.witnesses.delete(stepKeyText(next));
    state.promoted.push({ run: next.run, source: next.source, id: next.id });
  }
}

type Restatement = Pick<Step, "agent" | "role" | "overruled">;

/** What a step has to become by what its run states; null: it is that. */
export function restatement(before: Restating, run: Run, step: Step): Restatement | null {
  // Revisions of before namesAgent was kept say of no agent that the step named it.
  const isOpenings = before.opened && step.agent === before.agent;
  const inherits = !step.namesAgent && (step.agent === null || isOpenings);
  const agent = inherits ? run.agent : step.agent;
  const said = saidBy(step);
  const role = roleOf(run, said);
  if (agent === step.agent && role === step.role) return null;
  return { agent, role, overruled: role !== said.role };
}

/** Ends a run. Later steps are still counted; of several endings, the latest one stands. */
export function closeRun(ledger: Ledger, event: RunClosed): EventResult {
  const { state } = ledger;
  if (state.runs.get(event.run)?.standing) {
    const detail = `"${event.run}" collects usage without a run and cannot be closed.`;
    return rejected({ code: "run.standing", detail, field: "run" });
  }
  const nowhere = { customer: null, agent: null, parentRun: null };
  const refusal = attribute(ledger, { ...event, ...nowhere });
  if (refusal !== null) return rejected(refusal);
  state.record("run.closed", event, encodeEvent(event));
  const run = state.runOrNew(event.run);
  const closedBy = placeInTime(event);
  if (run.closedAtMs === null || closedBy > run.closedBy) {
    const status = event.ending;
    const endedAtMs = ratedAt(event.occurredAtMs, state.receivedAtMs);
    const ended = { status, closedAtMs: event.occurredAtMs, endedAtMs, closedBy };
    Object.assign(state.editRun(run.id), ended);
    ledger.recountEnding(run.id, event);
  }
  return { status: "accepted", run: event.run, seq: state.lastSeq };
}

/** A run without a sign of life since the timeout is abandoned; its next event revives it. */
export function abandonRun(ledger: Ledger, run: Run): void {
  const { state } = ledger;
  const { receivedAtMs } = state;
  const identity = { run: run.id, source: "tollgate", id: `abandoned-${run.lastSeenAtMs}` };
  const document = JSON.stringify({ run: run.id, lastSeenAtMs: run.lastSeenAtMs, receivedAtMs });
  state.record("run.abandoned", { ...identity, contentHash: "" }, document);
  state.runs.load(run.id, run);
  Object.assign(state.editRun(run.id), { status: "abandoned", endedAtMs: receivedAtMs });
  ledger.recountEnding(run.id, identity);
}
