/**
 * The prices and rate cards of one workspace, ready for look-ups: what a step costs us and which
 * card version charges it. The engine knows this interface; `workspace-tariff.ts` builds it.
 */
import type { CostOutcome, StepCost } from "../../domain/cost/cost-of-step.ts";
import type { StepFacts } from "../../domain/event/event.ts";
import type { ConversionRate } from "../../domain/money/conversion.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import type { BillingPeriod } from "../../domain/period/billing-period.ts";
import type { CardSpan } from "../../domain/period/period-terms.ts";
import type { Counter } from "../../domain/rating/counter.ts";
import type { CompiledCard, MeteredQuantity } from "../../domain/rating/meter.ts";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import type { Customer } from "../ports.ts";

/** Look-ups of prices, cards and periods, each without I/O. */
export interface Tariff {
  /** Whether any card version has a charge that waits for the end of runs. */
  readonly waitsForEnd: boolean;
  /** Whether any card version lets outcomes be final later. */
  readonly settlesOutcomes: boolean;
  /** Whether any card version has a least or most of runs. */
  readonly boundsRuns: boolean;
  priceStep(facts: StepFacts, atMs: number): CostOutcome;
  /** The same cost with its lines: for those who ask how it came about. */
  explainCost(facts: StepFacts, atMs: number): StepCost;
  /** The card version in force for a customer at an instant; null: nothing is charged yet. */
  cardFor(customer: Customer, atMs: number): CompiledCard | null;
  /** What of a period which card versions were in force for. */
  spansOf(customer: Customer, period: BillingPeriod): CardSpan[];
  /** When what a customer is billed by changes next, by a date that was set; Infinity: never. */
  nextChangeMs(customer: Pick<Customer, "formerCards">, atMs: number): number;
  /** Whether any card has something that a period owes without usage. */
  readonly hasStandingTerms: boolean;
  cardById(versionId: number): CompiledCard;
  /** Rates in force in a period that convert costs to a card's currency, earliest first. */
  ratesOf(
    card: CompiledCard,
    period: Pick<BillingPeriod, "startMs" | "endMs">,
  ): readonly ConversionRate[];
  versionById(versionId: number): RateCardVersion;
  periodOf(customer: Pick<Customer, "timeZone" | "anchorDay">, atMs: number): BillingPeriod;
  /** The counter alone that `advance` comes to: for the path of every step. */
  moved(
    counter: Counter | undefined,
    card: CompiledCard,
    move: { readonly item: MeteredQuantity; readonly delta: bigint },
  ): Counter;
  /** Moves a counter and says what that changes of the period's amount. */
  advance(
    counter: Counter | undefined,
    card: CompiledCard,
    move: { readonly item: MeteredQuantity; readonly delta: bigint },
  ): { readonly counter: Counter; readonly marginal: Amount };
}
