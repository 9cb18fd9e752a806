/** Outcomes: a named result of a run is recorded once per key, and may be reversed. */
import { encodeEvent } from "../domain/event/codec.ts";
import type { OutcomeRecorded, OutcomeReversed } from "../domain/event/event.ts";
import { ZERO_AMOUNT } from "../domain/money/decimal.ts";
import type { OutcomeState, Run } from "../domain/run/run.ts";
import { showSignOfLife, suspend } from "./apply-step.ts";
import { attribute, causeOf } from "./attribute.ts";
import type { Ledger } from "./book.ts";
import { ratedAt } from "./rated-at.ts";
import type { EventResult } from "./result.ts";
import { rejected } from "./result.ts";

/** The key of an outcome inside its workspace. */
export function outcomeKeyText(run: string, key: string): string {
  return `${run}\u0000${key}`;
}

/** Counts an outcome once for each run and key; without a customer it waits in suspense. */
export function recordOutcome(ledger: Ledger, event: OutcomeRecorded): EventResult {
  const { state } = ledger;
  const stored = state.outcomes.get(outcomeKeyText(event.run, event.key));
  if (stored !== undefined) return answerRepeated(stored, event);
  const nowhere = { customer: null, agent: null, parentRun: null };
  const refusal = attribute(ledger, { ...event, ...nowhere });
  if (refusal !== null) return rejected(refusal);
  showSignOfLife(ledger, event);
  // Read after the sign of life: a run that goes on has no ending.
  const run = state.runOrNew(event.run);
  if (run.customer === null) return suspend(ledger, run, event);
  state.record("outcome.recorded", event, encodeEvent(event));
  const booked = ledger.bookOutcome(draftOf(ledger, run, event), causeOf(event));
  state.outcomes.set(outcomeKeyText(event.run, event.key), booked);
  return { status: "accepted", run: event.run, seq: booked.seq, charge: booked.charge };
}

function answerRepeated(stored: OutcomeState, event: OutcomeRecorded): EventResult {
  const { run, seq, charge } = stored;
  if (stored.status === "recorded" && stored.outcome === event.outcome) {
    return { status: "duplicate", run, seq, charge };
  }
  const { status, outcome } = stored;
  const detail = `Outcome "${event.key}" of run "${run}" is ${status} as "${outcome}".`;
  return rejected({ code: "outcome.conflict", detail, field: "key" });
}

function draftOf(ledger: Ledger, run: Run, event: OutcomeRecorded): OutcomeState {
  const { state, tariff } = ledger;
  const customer = ledger.customer(run.customer ?? "");
  const atMs = ratedAt(event.occurredAtMs, state.receivedAtMs);
  const cardVersionId = tariff.cardFor(customer, atMs)?.id ?? null;
  return {
    run: event.run,
    key: event.key,
    outcome: event.outcome,
    contentHash: event.contentHash,
    status: "recorded",
    seq: state.lastSeq,
    sinceSeq: state.lastSeq,
    occurredAtMs: event.occurredAtMs,
    receivedAtMs: state.receivedAtMs,
    customer: customer.id,
    agent: run.opened ? run.agent : null,
    period: tariff.periodOf(customer, atMs).key,
    cardVersionId,
    ending: ledger.endingFor(cardVersionId, run),
    charge: ZERO_AMOUNT,
    shares: [],
  };
}

/** Takes an outcome back: the period it was billed in, or an adjustment, carries the difference. */
export function reverseOutcome(ledger: Ledger, event: OutcomeReversed): EventResult {
  const { state } = ledger;
  const stored = state.outcomes.get(outcomeKeyText(event.run, event.key));
  if (stored === undefined) {
    const detail = `Run "${event.run}" has no outcome "${event.key}".`;
    return rejected({ code: "outcome.not_found", detail, field: "key" });
  }
  const { run, seq, charge } = stored;
  if (stored.status === "reversed") return { status: "duplicate", run, seq, charge };
  state.record("outcome.reversed", event, encodeEvent(event));
  const reversal = state.lastSeq;
  const cause = { ...causeOf(event), reason: "outcome_reversed" } as const;
  const booked = ledger.bookOutcome({ ...stored, status: "reversed" }, cause);
  state.outcomes.set(outcomeKeyText(event.run, event.key), booked);
  showSignOfLife(ledger, event);
  return { status: "accepted", run, seq: reversal, charge: booked.charge };
}
