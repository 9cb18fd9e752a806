/** Counting a step: the first time, and again when a better record or a correction replaces it. */
import { present } from "../../domain/assert.ts";
import { encodeEvent } from "../../domain/event/codec.ts";
import type { StepEvent, StepFacts } from "../../domain/event/event.ts";
import { labelsWithHeld, type Step } from "../../domain/event/step.ts";
import { ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { AdjustmentReason } from "../../domain/period/records.ts";
import type { Run } from "../../domain/run/run.ts";
import { type BatchState, callKeyText, stepKeyText } from "../commit/batch-state.ts";
import type { EventResult } from "../commit/result.ts";
import type { Ledger, StepDraft } from "./book.ts";
import { ratedAt } from "./rated-at.ts";

/** Counts a step of a bound run for the first time. */
export function countStep(ledger: Ledger, run: Run, event: StepEvent): EventResult {
  const { state } = ledger;
  const customer = present(run.customer, "the customer of a bound run");
  const bills = roleOf(run, event) === "bill";
  const booked = ledger.bookStep(null, draftOf(ledger, customer, event), "late_event");
  state.steps.set(booked);
  if (bills && booked.costStatus === "unpriced") noteUnpriced(state, booked);
  if (bills) holdCall(state, booked);
  return resultOf(booked, bills ? "accepted" : "shadow");
}

/** From here on other records of the step's call are linked to it. */
function holdCall({ calls }: BatchState, { customer, callId, run, source, id }: Step): void {
  if (callId === null) return;
  calls.set(callKeyText(customer, callId), { customer, callId, run, source, id });
}

function noteUnpriced({ unpriced }: BatchState, step: Step): void {
  const [provider, subject] = [step.provider ?? "", step.model ?? step.tool ?? ""];
  const { customer, run, kind } = step;
  unpriced.set(JSON.stringify([provider, subject]), { customer, run, kind, provider, subject });
}

/** A run with an authority counts the steps of that source only. */
export function roleOf(run: Run, sent: { source: string; role: StepFacts["role"] }) {
  return run.authority !== null && run.authority !== sent.source ? "shadow" : sent.role;
}

/** Written out field by field: it stands on the path of every step. */
function draftOf(ledger: Ledger, customer: string, event: StepEvent): StepDraft {
  const { state, tariff } = ledger;
  const run = state.runOrNew(event.run);
  const ratedAtMs = ratedAt(event.occurredAtMs, state.receivedAtMs);
  const role = roleOf(run, event);
  const held = state.held.statedOf(event, customer);
  const agent = event.agent ?? held.agent;
  const draft: StepDraft = {
    kind: event.kind,
    status: event.status,
    completeness: event.completeness,
    attempt: event.attempt,
    payer: event.payer,
    role,
    provider: event.provider,
    model: event.model,
    tool: event.tool,
    tier: event.tier,
    usage: event.usage,
    labels: event.labels,
    run: event.run,
    source: event.source,
    id: event.id,
    seq: 0,
    revision: 1,
    voided: false,
    amendedBy: null,
    contentHash: event.contentHash,
    customer,
    agent: agent ?? inheritedAgent(run),
    namesAgent: agent !== null,
    overruled: role !== event.role,
    parentStep: event.parentStep,
    callId: event.callId,
    hold: event.hold,
    occurredAtMs: event.occurredAtMs,
    receivedAtMs: state.receivedAtMs,
    ratedAtMs,
    period: tariff.periodOf(ledger.customer(customer), ratedAtMs).key,
    cardVersionId: null,
    priceVersionId: null,
    cost: ZERO_AMOUNT,
    costStatus: "none",
    charge: ZERO_AMOUNT,
    shares: [],
  };
  if (held.labels !== null) Object.assign(draft, labelsWithHeld(event.labels, held.labels));
  return event.callHash === undefined ? draft : { ...draft, callHash: event.callHash };
}

/** Only what an opening states is inherited: a guess would depend on the order of arrival. */
function inheritedAgent(run: Run): string | null {
  return run.opened || run.standing ? run.agent : null;
}

/** Only the facts of something that holds more. */
export function factsOf(from: StepFacts): StepFacts {
  return {
    kind: from.kind,
    status: from.status,
    completeness: from.completeness,
    attempt: from.attempt,
    payer: from.payer,
    role: from.role,
    provider: from.provider,
    model: from.model,
    tool: from.tool,
    tier: from.tier,
    usage: from.usage,
    labels: from.labels,
  };
}

/** What a better record or an amendment makes of a step: labels of its hold stay with it. */
export function factsWithHeld(from: StepFacts, { heldLabels }: Step): StepFacts {
  return { ...factsOf(from), ...labelsWithHeld(from.labels, heldLabels) };
}

/** What a revision changes, and why. */
export interface Revision {
  readonly change: Partial<Step>;
  readonly reason: AdjustmentReason;
}

/** Replaces what a step states, keeping its identity, time, period and card version. */
export function reviseStep(ledger: Ledger, former: Step, { change, reason }: Revision): Step {
  ledger.state.formerSteps.push(former);
  const draft = { ...former, ...change, revision: former.revision + 1 };
  const revised = ledger.bookStep(former, draft, reason);
  ledger.state.steps.set(revised);
  return revised;
}

/** Counts a step that was a shadow so far, and lets it hold its call, which must be free. */
export function billStep(ledger: Ledger, shadow: Step, change: Partial<Step>): void {
  const { state } = ledger;
  const billed = reviseStep(ledger, shadow, {
    change: { ...change, role: "bill", overruled: false },
    reason: "run_reopened",
  });
  if (billed.voided) return;
  if (billed.costStatus === "unpriced") noteUnpriced(state, billed);
  holdCall(state, billed);
  if (!state.witnesses.has(stepKeyText(billed))) return;
  state.witnesses.delete(stepKeyText(billed));
  state.promoted.push({ run: billed.run, source: billed.source, id: billed.id });
}

/**
 * Another step of the customer holds this call id: links the event to it and answers; null when
 * the call is free. Runs before attribution, so that a mere witness opens and charges no run.
 */
export function linkWitness(
  ledger: Ledger,
  customer: string | null,
  event: StepEvent,
): EventResult | null {
  const { state } = ledger;
  const { run, source, id, callId } = event;
  if (customer === null || callId === null) return null;
  if (roleOf(state.runOrNew(run), event) === "shadow") return null;
  const holder = state.calls.get(callKeyText(customer, callId));
  if (holder === undefined) return null;
  if (!state.witnesses.has(stepKeyText(event))) {
    const seq = state.nextSeq();
    const { receivedAtMs } = state;
    const document = encodeEvent(event);
    const witness = { customer, callId, run, source, id, seq, receivedAtMs, document };
    state.witnesses.set(stepKeyText(event), witness);
  }
  const linkedTo = { run: holder.run, source: holder.source, id: holder.id };
  return { status: "duplicate_call", run, linkedTo };
}

/** What is answered of a step. */
export function resultOf(step: Step, status: EventResult["status"]): EventResult {
  const { run, seq, cost, costStatus, charge } = step;
  const base: EventResult = { status, run, seq, cost, costStatus, charge };
  return step.ratedAtMs === step.occurredAtMs ? base : { ...base, ratedAtReceipt: true };
}

/** Lets go of the call that a step holds. */
export function freeCall(ledger: Ledger, step: Step): void {
  const { state } = ledger;
  if (step.callId === null) return;
  const key = callKeyText(step.customer, step.callId);
  const call = state.calls.get(key);
  if (call === undefined || stepKeyText(call) !== stepKeyText(step)) return;
  state.calls.delete(key);
  state.freedCalls.push(call);
}
