/**
 * The most that what is not owed yet may come to: outcomes that are not final, and charges that
 * wait for the end of a run. Budgets hold it until it is charged or taken back. What it comes to
 * today stands on counters that move (accrued.ts): a balance has to follow from rows alone, so it
 * takes the largest share there can be, as holds do.
 */
import { present } from "../domain/assert.ts";
import { isTrialCell } from "../domain/event/trial-cell.ts";
import { type Amount, ZERO_AMOUNT } from "../domain/money/decimal.ts";
import type { CompiledCard, MeteredQuantity } from "../domain/rating/meter.ts";
import { worstShare } from "../domain/rating/worst-share.ts";
import type { OutcomeState, Run } from "../domain/run/run.ts";
import { type Customers, meteredOfOutcome, meteredOfRun } from "./metered.ts";
import { isSameAs } from "./shares.ts";
import type { Tariff } from "./tariff.ts";

/** Of an outcome, beside what it is charged already. */
export function mostOfOutcome(outcome: OutcomeState, tariff: Tariff, customers: Customers): Amount {
  const { cardVersionId, status, ending } = outcome;
  if (cardVersionId === null || status === "reversed") return ZERO_AMOUNT;
  const isFinal = status === "recorded";
  if (isFinal && !tariff.waitsForEnd) return ZERO_AMOUNT;
  const card = tariff.cardById(cardVersionId);
  const asEnded = ending === null ? { ...outcome, ending: "completed" as const } : outcome;
  const counted = isFinal ? meteredOfOutcome(card, outcome, customers) : [];
  return mostOf(tariff, card, { all: meteredOfOutcome(card, asEnded, customers), counted });
}

/** Of a run's own charges, beside those that count already. */
export function mostOfRun({ rating, status }: Run, tariff: Tariff): Amount {
  if (!tariff.waitsForEnd || status !== "open" || rating === null) return ZERO_AMOUNT;
  if (!rating.counted) return ZERO_AMOUNT;
  const card = tariff.cardById(rating.cardVersionId);
  const all = meteredOfRun(card, { ...rating, ending: "completed" });
  return mostOf(tariff, card, { all, counted: meteredOfRun(card, rating) });
}

function mostOf(
  tariff: Tariff,
  card: CompiledCard,
  of: { readonly all: readonly MeteredQuantity[]; readonly counted: readonly MeteredQuantity[] },
): Amount {
  const { credit } = tariff.versionById(card.id).card;
  let sum = 0n;
  for (const item of of.all) {
    if (isTrialCell(item.cell) || of.counted.some(isSameAs(item))) continue;
    const { chargeKey } = item;
    const charge = card.charges.find(({ key }) => key === chargeKey);
    sum += worstShare(present(charge, `charge "${chargeKey}"`), item, credit);
  }
  return sum as Amount;
}
