/** A card that a simulation rates history by: one that was never applied, or those in force. */
import type { RateCard, RateCardVersion } from "../../domain/rating/rate-card.ts";
import type { ContenderData, RecordedTariff } from "../../domain/simulation/contender-data.ts";
import type { CardOfStep } from "../../domain/simulation/step-sums.ts";
import type { Tariff } from "../cards/tariff.ts";
import { tariffOf } from "../cards/workspace-tariff.ts";
import type { Customer } from "../ports.ts";

/** A contender made ready to rate. */
export interface Contender {
  readonly tariff: Tariff;
  readonly cardOfStep: CardOfStep;
  /** The customer as the contender sees it. */
  customerAs(customer: Customer): Customer;
  /** Whether a charge looks at the labels of steps. */
  readonly readsLabels: boolean;
}

/** Makes a contender ready. */
export function contenderOf(data: ContenderData, { cards, rates }: RecordedTariff): Contender {
  if (data.kind === "in_force") {
    const tariff = tariffOf(cards, [], rates);
    return {
      tariff,
      cardOfStep: (id) => (id === null ? null : tariff.cardById(id)),
      customerAs: (customer) => customer,
      readsLabels: cards.some(({ card }) => readsLabels(card)),
    };
  }
  const { version } = data;
  const tariff = tariffOf([version], [], rates);
  const card = tariff.cardById(version.id);
  return {
    tariff,
    cardOfStep: () => card,
    customerAs: (customer) => ({ ...customer, cardKey: null, formerCards: [] }),
    readsLabels: readsLabels(version.card),
  };
}

function readsLabels({ charges }: RateCard): boolean {
  return charges.some(({ meter, price }) => {
    const by = price.model === "matrix" ? [price.by].flat() : [];
    return meter.where.label !== undefined || by.some((one) => one.startsWith("label."));
  });
}

/** Number of a version that nobody has applied: it is alone in its tariff. */
export const UNTRIED_ID = 1;

/** A version of a card that nobody has applied, in force since ever. */
export function untriedVersion(
  made: Pick<RateCardVersion, "card" | "document" | "override">,
): RateCardVersion {
  const always = { effectiveFromMs: 0, takesEffect: "at_once", recordedAtMs: 0 } as const;
  return { id: UNTRIED_ID, version: 1, ...always, ...made };
}
