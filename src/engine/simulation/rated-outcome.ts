/** An outcome as a contender would have it: by which version, in which period, final or not. */
import { endingOf, type OutcomeState, type Run } from "../../domain/run/run.ts";
import { finalAtOf } from "../booking/apply-outcome.ts";
import { ratedAt } from "../booking/rated-at.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { Customer } from "../ports.ts";
import type { Contender } from "./contender.ts";

/** An outcome with what it is rated by. */
export interface OutcomeOf {
  readonly outcome: OutcomeState;
  readonly customer: Customer;
  /** Its run; undefined where no charge asks how it ended. */
  readonly run: Pick<Run, "status"> | undefined;
}

/** Whose terms an outcome is rated by. */
export interface RatedUnder extends Pick<Contender, "tariff" | "customerAs"> {
  /** Whether it is what is in force: it has rated the outcome already. */
  readonly isInForce: boolean;
}

/** What it takes to tell whether an outcome is final. */
export interface RatedBy {
  /** The workspace's own. */
  readonly recorded: Tariff;
  readonly nowMs: number;
}

/**
 * The outcome as a contender counts it, provisional where its window has not passed; null: it was
 * taken back. By whichever window: nobody owes for what was reversed later.
 */
export function ratedOutcome(
  { isInForce, tariff, customerAs }: RatedUnder,
  { outcome, customer, run }: OutcomeOf,
  { recorded, nowMs }: RatedBy,
): OutcomeState | null {
  if (outcome.status === "reversed") return null;
  if (isInForce) return outcome;
  const atMs = ratedAt(outcome.occurredAtMs, outcome.receivedAtMs);
  const owner = customerAs(customer);
  const card = tariff.cardFor(owner, atMs);
  if (card === null) return null;
  const ending = card.waits.outcomes && run !== undefined ? endingOf(run) : null;
  const windowEndMs = finalAtOf(tariff, owner, { outcome: outcome.outcome, atMs });
  const finalAtMs =
    windowEndMs === null ? null : Math.min(windowEndMs, saidFinalAtMs(recorded, outcome, atMs));
  const isFinal = finalAtMs === null || finalAtMs <= nowMs;
  return {
    ...outcome,
    cardVersionId: card.id,
    ending,
    status: isFinal ? "recorded" : "provisional",
    finalAtMs,
    period: tariff.periodOf(owner, finalAtMs ?? atMs).key,
  };
}

/**
 * When somebody said that the outcome is final, which holds under any card; infinity: nobody did.
 * Where the recorded card has no window it would have said nothing, and is not known.
 */
function saidFinalAtMs(
  recorded: Tariff,
  { outcome, cardVersionId, finalAtMs }: OutcomeState,
  atMs: number,
): number {
  const card = cardVersionId === null ? null : recorded.cardById(cardVersionId);
  const windowMs = card?.settlesAfterMs(outcome) ?? null;
  if (windowMs === null) return Number.POSITIVE_INFINITY;
  if (finalAtMs === null) return atMs;
  return finalAtMs < atMs + windowMs ? finalAtMs : Number.POSITIVE_INFINITY;
}
