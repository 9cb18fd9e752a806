/** A step arrives: it is counted, joined with an earlier record, linked, suspended or refused. */
import { decodeEvent, encodeEvent } from "../../domain/event/codec.ts";
import type { OutcomeRecorded, StepEvent } from "../../domain/event/event.ts";
import type { Step } from "../../domain/event/step.ts";
import { decideArrival } from "../../domain/event/step.ts";
import { SUSPENDED_STEPS_PER_RUN_MAX_COUNT } from "../../domain/limits.ts";
import type { Run } from "../../domain/run/run.ts";
import { tellAlert } from "../alerts/tell-alert.ts";
import { stepKeyText } from "../commit/batch-state.ts";
import type { EventResult } from "../commit/result.ts";
import { rejected } from "../commit/result.ts";
import type { StepKey, Suspended } from "../ports.ts";
import { attribute, customerOfTree } from "../runs/attribute.ts";
import type { Ledger } from "./book.ts";
import {
  countStep,
  factsOf,
  factsWithHeld,
  linkWitness,
  resultOf,
  reviseStep,
} from "./count-step.ts";

/** Counts, joins, links, suspends or refuses a step that arrived. */
export function applyStep(ledger: Ledger, event: StepEvent): EventResult {
  const stored = ledger.state.steps.get(event);
  if (stored !== undefined) return joinRecords(ledger, stored, event);
  const witness = linkWitness(ledger, event.customer ?? treeCustomer(ledger, event), event);
  if (witness !== null) return witness;
  const seqBefore = ledger.state.lastSeq;
  const refusal = attribute(ledger, event);
  if (refusal !== null) return rejected(refusal);
  const run = ledger.state.runOrNew(event.run);
  // What counts takes a seq.
  const hasReleased = ledger.state.lastSeq > seqBefore;
  const joined = hasReleased ? joinReleased(ledger, run, event) : null;
  const result =
    joined ?? (run.customer === null ? suspend(ledger, run, event) : countStep(ledger, run, event));
  showSignOfLife(ledger, event);
  return result;
}

function treeCustomer(ledger: Ledger, event: StepEvent): string | null {
  const own = customerOfTree(ledger, event.run);
  if (own !== null || event.parentRun === null) return own;
  return customerOfTree(ledger, event.parentRun);
}

/** Binding the run just now may have counted this very identity, or its call, out of suspense. */
function joinReleased(ledger: Ledger, run: Run, event: StepEvent): EventResult | null {
  const released = ledger.state.steps.get(event);
  if (released !== undefined) return joinRecords(ledger, released, event);
  return linkWitness(ledger, run.customer, event);
}

function joinRecords(ledger: Ledger, stored: Step, event: StepEvent): EventResult {
  const note = stored.occurredAtMs === event.occurredAtMs ? {} : { timeDiffers: true };
  const arrival = decideArrival(stored, event);
  if (arrival.kind === "supersede" || arrival.kind === "stale") {
    // Whichever record came first, what all of them say of the run's place holds.
    const refusal = attribute(ledger, event);
    if (refusal !== null) return rejected(refusal);
  }
  const isAbandoned = ledger.state.runs.get(event.run)?.status === "abandoned";
  // What adds nothing moves no money: an abandoned run is revived by news of it alone.
  if (arrival.kind === "supersede" || !isAbandoned) showSignOfLife(ledger, event);
  switch (arrival.kind) {
    case "duplicate":
    case "stale":
      return { ...resultOf(stored, arrival.kind), ...note };
    case "conflict":
      return { ...resultOf(stored, "conflict"), ...note, ...listConflict(ledger, event) };
    case "supersede": {
      const { facts, contentHash } = arrival;
      const { role } = stored;
      const change = { ...factsWithHeld(facts, stored), role, contentHash };
      const revised = reviseStep(ledger, stored, { change, reason: "superseded" });
      return { ...resultOf(revised, "superseded"), ...note };
    }
  }
}

function listConflict(ledger: Ledger, event: StepEvent): Pick<EventResult, "error"> {
  const { state } = ledger;
  const detail = `Step "${event.id}" of run "${event.run}" is already kept with other content.`;
  const key = `${stepKeyText(event)}\u0000${event.contentHash}`;
  if (!state.conflicts.has(key)) {
    const { run, source, id, contentHash } = event;
    const seq = state.nextSeq();
    const { receivedAtMs } = state;
    const document = encodeEvent(event);
    const row = { run, source, id, seq, contentHash, receivedAtMs, document, settled: null };
    state.conflicts.set(key, row);
    const facts = { run, source, id, conflict: seq };
    const about = ["conflict.found", String(seq)];
    tellAlert(state, { type: "conflict.found", customer: event.customer, about, facts });
  }
  return { error: { code: "event.conflict", detail } };
}

/** Keeps a step or outcome until its run's customer is known. */
export function suspend(ledger: Ledger, run: Run, event: StepEvent | OutcomeRecorded): EventResult {
  const { state } = ledger;
  const key = stepKeyText(event);
  const waiting = state.suspended.get(key);
  if (waiting !== undefined) return joinWaiting(ledger, waiting, event);
  if (run.suspended >= SUSPENDED_STEPS_PER_RUN_MAX_COUNT) {
    const detail = `Run "${run.id}" already holds ${run.suspended} events without a customer.`;
    return rejected({ code: "field.missing", detail, field: "customer" });
  }
  state.editRun(run.id).suspended += 1;
  return keepWaiting(ledger, event);
}

function keepWaiting(ledger: Ledger, event: StepEvent | OutcomeRecorded): EventResult {
  const { state } = ledger;
  const { run, source, id, contentHash } = event;
  const seq = state.nextSeq();
  const { receivedAtMs } = state;
  const document = encodeEvent(event);
  const row = { run, source, id, seq, contentHash, receivedAtMs, document };
  state.suspended.set(stepKeyText(event), row);
  return { status: "suspended", run, seq };
}

/** The same identity again while it waits: records join as they would once counted. */
function joinWaiting(
  ledger: Ledger,
  waiting: Suspended,
  event: StepEvent | OutcomeRecorded,
): EventResult {
  const kept = decodeEvent(waiting.document);
  const answer: EventResult = { status: "suspended", run: event.run, seq: waiting.seq };
  if (kept.type !== "step" || event.type !== "step") {
    if (waiting.contentHash === event.contentHash) return answer;
    const detail = `Event "${event.id}" of run "${event.run}" already waits with other content.`;
    return { status: "conflict", run: event.run, error: { code: "event.conflict", detail } };
  }
  const arrival = decideArrival({ ...kept, voided: false, amendedBy: null }, event);
  if (arrival.kind === "conflict") {
    return { ...answer, status: "conflict", ...listConflict(ledger, event) };
  }
  if (arrival.kind !== "supersede") return answer;
  const { facts, contentHash } = arrival;
  return keepWaiting(ledger, { ...kept, ...factsOf(facts), contentHash });
}

/**
 * Whatever arrives of a run keeps it from being abandoned; news of it revives an abandoned one. A
 * clock that is set back takes no sign of life away, and a revival is later than the silence that
 * it ends.
 */
export function showSignOfLife(ledger: Ledger, event: StepKey): void {
  const { state } = ledger;
  const run = state.runs.get(event.run);
  if (run === undefined) return;
  const isRevived = run.status === "abandoned";
  const leastMs = isRevived ? run.lastSeenAtMs + 1 : run.lastSeenAtMs;
  const lastSeenAtMs = Math.max(state.receivedAtMs, leastMs);
  if (lastSeenAtMs === run.lastSeenAtMs) return;
  const edited = state.editRun(event.run);
  edited.lastSeenAtMs = lastSeenAtMs;
  if (!isRevived) return;
  edited.status = "open";
  edited.endedAtMs = null;
  ledger.recountEnding(event.run, event);
}
