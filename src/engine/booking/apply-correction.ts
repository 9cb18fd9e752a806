/** Corrections: a step's facts are amended, or the step is voided for good. */
import { encodeEvent } from "../../domain/event/codec.ts";
import type { StepAmended, StepVoided } from "../../domain/event/event.ts";
import type { Step } from "../../domain/event/step.ts";
import { placeInTime } from "../../domain/run/run.ts";
import type { EventResult } from "../commit/result.ts";
import { rejected } from "../commit/result.ts";
import { showSignOfLife } from "./apply-step.ts";
import type { Ledger } from "./book.ts";
import { factsWithHeld, freeCall, resultOf, reviseStep } from "./count-step.ts";

function targetOf(ledger: Ledger, event: StepAmended | StepVoided): Step | undefined {
  return ledger.state.steps.get({ run: event.run, ...event.target });
}

function notFound(event: StepAmended | StepVoided): EventResult {
  const { source, id } = event.target;
  const detail = `Run "${event.run}" has no counted step "${id}" of source "${source}".`;
  return rejected({ code: "step.not_found", detail, field: "target" });
}

/** Of several amendments of one step the latest by its own time stands, whatever arrives last. */
export function amendStep(ledger: Ledger, event: StepAmended): EventResult {
  const step = targetOf(ledger, event);
  if (step === undefined) return notFound(event);
  if (step.voided) {
    const detail = `Step "${step.id}" was voided and cannot be amended.`;
    return rejected({ code: "step.voided", detail, field: "target" });
  }
  ledger.state.record("step.amended", event, encodeEvent(event));
  showSignOfLife(ledger, event);
  const amendedBy = placeInTime(event);
  if (step.amendedBy !== null && step.amendedBy > amendedBy) return resultOf(step, "stale");
  const change = { ...factsWithHeld(event.facts, step), role: step.role, amendedBy };
  return resultOf(reviseStep(ledger, step, { change, reason: "amended" }), "accepted");
}

/** A void is final; it frees the call id, so that another record of the call may count. */
export function voidStep(ledger: Ledger, event: StepVoided): EventResult {
  const { state } = ledger;
  const step = targetOf(ledger, event);
  if (step === undefined) return notFound(event);
  if (step.voided) return resultOf(step, "duplicate");
  state.record("step.voided", event, encodeEvent(event));
  showSignOfLife(ledger, event);
  freeCall(ledger, step);
  const revised = reviseStep(ledger, step, { change: { voided: true }, reason: "voided" });
  return resultOf(revised, "accepted");
}
