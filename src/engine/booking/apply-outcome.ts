/**
 * Outcomes: a named result of a run is recorded once per key, is final at once or when the window
 * of its charge has passed, and may be reversed.
 */
import { present } from "../../domain/assert.ts";
import { encodeEvent } from "../../domain/event/codec.ts";
import type { OutcomeRecorded, OutcomeReversed } from "../../domain/event/event.ts";
import { ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { OutcomeState, Run } from "../../domain/run/run.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { EventResult } from "../commit/result.ts";
import { rejected } from "../commit/result.ts";
import type { Customer } from "../ports.ts";
import { attribute, causeOf } from "../runs/attribute.ts";
import { showSignOfLife, suspend } from "./apply-step.ts";
import type { Ledger } from "./book.ts";
import { ratedAt } from "./rated-at.ts";

/** The key of an outcome inside its workspace. */
export function outcomeKeyText(run: string, key: string): string {
  return `${run}\u0000${key}`;
}

/** When an outcome is final that counts at an instant; null: at once, or nothing charges it. */
export function finalAtOf(
  tariff: Tariff,
  customer: Customer,
  { outcome, atMs }: { readonly outcome: string; readonly atMs: number },
): number | null {
  const waitMs = tariff.cardFor(customer, atMs)?.settlesAfterMs(outcome) ?? null;
  return waitMs === null ? null : atMs + waitMs;
}

/**
 * Counts an outcome once for each run and key, when it is final; without a customer it waits in
 * suspense.
 */
export function recordOutcome(ledger: Ledger, event: OutcomeRecorded): EventResult {
  const { state } = ledger;
  const stored = state.outcomes.get(outcomeKeyText(event.run, event.key));
  if (stored !== undefined) return repeatOutcome(ledger, stored, event);
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

/** The same outcome again: it may say that it is final now. */
function repeatOutcome(ledger: Ledger, stored: OutcomeState, event: OutcomeRecorded): EventResult {
  const { run, seq, charge, status, outcome } = stored;
  if (status === "reversed" || outcome !== event.outcome) {
    const detail = `Outcome "${event.key}" of run "${run}" is ${status} as "${outcome}".`;
    return rejected({ code: "outcome.conflict", detail, field: "key" });
  }
  if (status === "recorded" || event.final !== true) {
    return { status: "duplicate", run, seq, charge };
  }
  return confirmOutcome(ledger, stored, event);
}

/** Final earlier than its window says, and no earlier than it occurred. */
function confirmOutcome(ledger: Ledger, stored: OutcomeState, event: OutcomeRecorded): EventResult {
  const { state, tariff } = ledger;
  const { run, key, finalAtMs: before } = stored;
  // It may be the earliest event of a run that nobody opened.
  const refusal = attribute(ledger, { ...event, customer: null, agent: null, parentRun: null });
  if (refusal !== null) return rejected(refusal);
  state.record("outcome.recorded", event, encodeEvent(event));
  const occurredAtMs = ratedAt(stored.occurredAtMs, stored.receivedAtMs);
  const confirmedAtMs = Math.max(occurredAtMs, ratedAt(event.occurredAtMs, state.receivedAtMs));
  const finalAtMs = Math.min(confirmedAtMs, before ?? confirmedAtMs);
  const period = tariff.periodOf(ledger.customer(stored.customer), finalAtMs).key;
  state.outcomes.set(outcomeKeyText(run, key), { ...stored, finalAtMs, period });
  showSignOfLife(ledger, event);
  const seen = present(state.outcomes.get(outcomeKeyText(run, key)), "confirmed outcome");
  const settled = finalAtMs > state.receivedAtMs ? seen : settleOutcome(ledger, seen);
  return { status: "accepted", run, seq: settled.seq, charge: settled.charge };
}

/** Charges an outcome that nobody has taken back, in the period in which it became final. */
export function settleOutcome(ledger: Ledger, outcome: OutcomeState): OutcomeState {
  const { state } = ledger;
  const { run, key, finalAtMs } = outcome;
  const identity = { run, source: "tollgate", id: settlingId(key), contentHash: "" };
  state.record("outcome.settled", identity, JSON.stringify({ run, key, finalAtMs }));
  const cause = { reason: "outcome_settled", run, source: "", id: key } as const;
  const final = { ...outcome, status: "recorded", seq: state.lastSeq } as const;
  const booked = ledger.bookOutcome(final, cause);
  state.outcomes.set(outcomeKeyText(run, key), booked);
  return booked;
}

/** Id of the journal entry that an outcome became final by. */
export function settlingId(key: string): string {
  return `settled-${key}`;
}

function draftOf(ledger: Ledger, run: Run, event: OutcomeRecorded): OutcomeState {
  const { state, tariff } = ledger;
  const customer = ledger.customer(run.customer ?? "");
  const atMs = ratedAt(event.occurredAtMs, state.receivedAtMs);
  const cardVersionId = tariff.cardFor(customer, atMs)?.id ?? null;
  const { outcome } = event;
  const finalAtMs = event.final === true ? null : finalAtOf(tariff, customer, { outcome, atMs });
  const waits = finalAtMs !== null && finalAtMs > state.receivedAtMs;
  return {
    run: event.run,
    key: event.key,
    outcome,
    contentHash: event.contentHash,
    status: waits ? "provisional" : "recorded",
    seq: state.lastSeq,
    sinceSeq: state.lastSeq,
    occurredAtMs: event.occurredAtMs,
    receivedAtMs: state.receivedAtMs,
    customer: customer.id,
    agent: run.opened ? run.agent : null,
    period: tariff.periodOf(customer, finalAtMs ?? atMs).key,
    cardVersionId,
    finalAtMs,
    ending: ledger.endingFor(cardVersionId, run),
    charge: ZERO_AMOUNT,
    shares: [],
  };
}

/**
 * Takes an outcome back: the period it was billed in, or an adjustment, carries the difference. One
 * that was not final is never charged.
 */
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
  const off = { ...stored, status: "reversed" } as const;
  const booked = stored.status === "provisional" ? off : ledger.bookOutcome(off, cause);
  state.outcomes.set(outcomeKeyText(event.run, event.key), booked);
  showSignOfLife(ledger, event);
  return { status: "accepted", run, seq: reversal, charge: booked.charge };
}
