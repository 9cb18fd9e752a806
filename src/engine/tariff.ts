/**
 * The prices and rate cards of one workspace, ready for look-ups: what a step costs us and which
 * card version charges it. The engine knows this interface; `workspace-tariff.ts` builds it.
 */
import type { StepFacts } from "../domain/event/event.ts";
import type { CostStatus, Step } from "../domain/event/step.ts";
import type { Amount } from "../domain/money/decimal.ts";
import type { BillingPeriod } from "../domain/period/billing-period.ts";
import type { Counter } from "../domain/rating/counter.ts";
import type { OutcomeState, RunRating } from "../domain/run/run.ts";
import type { Customer } from "./ports.ts";

/** A quantity that a charge takes of a step, run or outcome. */
export interface Metered {
  readonly chargeKey: string;
  /** Matrix cell, or "". */
  readonly cell: string;
  /** A Quantity, or an Amount where the charge meters cost. */
  readonly quantity: bigint;
}

export interface CardInForce {
  readonly id: number;
  readonly cardKey: string;
  readonly currency: string;
  meterStep(step: Step): readonly Metered[];
  meterRun(run: Pick<RunRating, "agent" | "labels">): readonly Metered[];
  meterOutcome(outcome: Pick<OutcomeState, "outcome" | "agent">): readonly Metered[];
}

export interface StepPrice {
  readonly cost: Amount;
  readonly status: CostStatus;
  /** Version of the price book that the prices come from; null: none matched. */
  readonly priceVersionId: number | null;
}

export interface Tariff {
  priceStep(facts: StepFacts, atMs: number): StepPrice;
  /** The card version in force for a customer at an instant; null: nothing is charged yet. */
  cardFor(customer: Customer, atMs: number): CardInForce | null;
  cardById(versionId: number): CardInForce;
  periodOf(customer: Pick<Customer, "timeZone" | "anchorDay">, atMs: number): BillingPeriod;
  /** Moves a counter and says what that changes of the period's amount. */
  advance(
    counter: Counter | undefined,
    card: CardInForce,
    move: { readonly item: Metered; readonly delta: bigint },
  ): { readonly counter: Counter; readonly marginal: Amount };
}
