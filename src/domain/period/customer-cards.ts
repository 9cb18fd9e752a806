/** The cards of a customer, one after the other, and what of a period each was in force for. */
import type { RateCardVersion } from "../rating/rate-card.ts";
import type { BillingPeriod } from "./billing-period.ts";
import { cardSpans } from "./card-spans.ts";
import type { CardSpan } from "./period-terms.ts";

/** A card that a customer had until an instant. */
export interface FormerCard {
  /** Null: the workspace's default card. */
  readonly cardKey: string | null;
  readonly untilMs: number;
}

/** Every card that a customer has had, or will have. */
export interface CardHistory {
  /** Key of the last one assigned; null: the workspace's default card. */
  readonly cardKey: string | null;
  /** Those before it, in order of their ends, which differ. */
  readonly formerCards: readonly FormerCard[];
}

/** The key of the card that a customer has at an instant; null: the default card. */
export function cardKeyAt({ cardKey, formerCards }: CardHistory, atMs: number): string | null {
  for (const former of formerCards) {
    if (atMs < former.untilMs) return former.cardKey;
  }
  return cardKey;
}

/** The history with another card from an instant on; what was to come after it is forgotten. */
export function withCardFrom(
  history: CardHistory,
  { cardKey, fromMs }: { readonly cardKey: string | null; readonly fromMs: number },
): CardHistory {
  const ended = history.formerCards.filter(({ untilMs }) => untilMs <= fromMs);
  const present = cardKeyAt(history, fromMs - 1);
  const isEnded = ended.at(-1)?.untilMs === fromMs;
  const formerCards = isEnded ? ended : [...ended, { cardKey: present, untilMs: fromMs }];
  const last = formerCards.at(-1);
  // The same card goes on: nothing has ended.
  return {
    cardKey,
    formerCards: last?.cardKey === cardKey ? formerCards.slice(0, -1) : formerCards,
  };
}

/** Whose period the spans are of. */
export interface BilledCustomer extends CardHistory {
  readonly startedAtMs: number;
}

/**
 * Which card versions were in force for how much of a period, in order. Before its start a customer
 * owes nothing; a period that ended before it was billed for usage that is older than what was
 * known of the customer, and is whole.
 */
export function customerSpans(
  customer: BilledCustomer,
  period: BillingPeriod,
  versionsOf: (cardKey: string | null) => readonly RateCardVersion[],
): CardSpan[] {
  const { startedAtMs } = customer;
  const isWhole = startedAtMs >= period.endMs;
  const { startMs: periodStartMs, endMs } = period;
  let startMs = isWhole ? periodStartMs : Math.max(periodStartMs, startedAtMs);
  const last = { cardKey: customer.cardKey, untilMs: Number.POSITIVE_INFINITY };
  return [...customer.formerCards, last].flatMap(({ cardKey, untilMs }) => {
    const stretch = { startMs, endMs: Math.min(untilMs, endMs), periodStartMs };
    startMs = Math.max(startMs, stretch.endMs);
    return stretch.startMs < stretch.endMs ? cardSpans(versionsOf(cardKey), stretch) : [];
  });
}
