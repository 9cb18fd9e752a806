/** What a card takes of steps, runs and outcomes; what is free in a trial in cells of its own. */
import type { Step } from "../../domain/event/step.ts";
import type { CompiledCard, MeteredQuantity } from "../../domain/rating/meter.ts";
import { isBeforeTrialEnd, meteredInTrial } from "../../domain/rating/trial.ts";
import {
  endingOf,
  type OutcomeState,
  type RunFacts,
  type RunRating,
} from "../../domain/run/run.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { Customer } from "../ports.ts";
import { ratedAt } from "./rated-at.ts";

/** Who knows customers by their id. */
export interface Customers {
  customer(id: string): Pick<Customer, "startedAtMs">;
}

/** What a card takes of a step that bills. */
export function meteredOfStep(
  card: CompiledCard,
  step: Step,
  customers: Customers,
): readonly MeteredQuantity[] {
  const metered = card.meterStep(step);
  // Nearly no card has a trial, and every step comes by here.
  if (card.trial === null || metered.length === 0) return metered;
  const { startedAtMs } = customers.customer(step.customer);
  const isFree = isBeforeTrialEnd(card.trial, { atMs: step.ratedAtMs, startedAtMs });
  return isFree ? meteredInTrial(metered, card.trial) : metered;
}

/** What a card takes of an outcome, whatever its status. */
export function meteredOfOutcome(
  card: CompiledCard,
  outcome: OutcomeState,
  customers: Customers,
): readonly MeteredQuantity[] {
  const metered = card.meterOutcome(outcome);
  if (card.trial === null || metered.length === 0) return metered;
  const { startedAtMs } = customers.customer(outcome.customer);
  const atMs = ratedAt(outcome.occurredAtMs, outcome.receivedAtMs);
  const isFree = isBeforeTrialEnd(card.trial, { atMs, startedAtMs });
  return isFree ? meteredInTrial(metered, card.trial) : metered;
}

/** How a root run is counted by its opening, before it has any share; null: no card charges it. */
export function ratingOf(tariff: Tariff, run: RunFacts, customer: Customer): RunRating | null {
  const { agent, labels, openedAtMs } = run;
  const card = tariff.cardFor(customer, openedAtMs);
  if (card === null) return null;
  const { startedAtMs } = customer;
  return {
    cardVersionId: card.id,
    period: tariff.periodOf(customer, openedAtMs).key,
    agent,
    labels,
    ending: card.waits.runs ? endingOf(run) : null,
    inTrial: isBeforeTrialEnd(card.trial, { atMs: openedAtMs, startedAtMs }),
    counted: true,
    shares: [],
    left: [],
  };
}

/** What a card takes of a root run, by what was kept of its opening: that may have moved since. */
export function meteredOfRun(card: CompiledCard, rating: RunRating): readonly MeteredQuantity[] {
  const metered = card.meterRun(rating);
  return rating.inTrial ? meteredInTrial(metered, card.trial) : metered;
}
