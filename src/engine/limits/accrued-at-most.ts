/**
 * The most that what is not owed yet may come to: outcomes that are not final, and charges that
 * wait for the end of a run. Budgets hold it until it is charged or taken back. What it comes to
 * today stands on counters that move (accrued.ts): a balance has to follow from rows alone, so it
 * takes the largest share there can be, as holds do.
 */
import { present } from "../../domain/assert.ts";
import { isTrialCell } from "../../domain/event/trial-cell.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import type { CompiledCard, MeteredQuantity } from "../../domain/rating/meter.ts";
import { worstShare } from "../../domain/rating/worst-share.ts";
import type { OutcomeState, Run } from "../../domain/run/run.ts";
import { type Customers, meteredOfOutcome, meteredOfRun } from "../booking/metered.ts";
import { isSameAs } from "../booking/shares.ts";
import type { Tariff } from "../cards/tariff.ts";

/** What a charge may come to at most. */
export interface MostShare {
  readonly chargeKey: string;
  readonly cell: string;
  readonly amount: Amount;
}

/** Of an outcome, beside what it is charged already. */
export function mostOfOutcome(
  outcome: OutcomeState,
  tariff: Tariff,
  customers: Customers,
): MostShare[] {
  const { cardVersionId, status, ending } = outcome;
  if (cardVersionId === null || status === "reversed") return [];
  const isFinal = status === "recorded";
  if (isFinal && !tariff.waitsForEnd) return [];
  const card = tariff.cardById(cardVersionId);
  const asEnded = ending === null ? { ...outcome, ending: "completed" as const } : outcome;
  const counted = isFinal ? meteredOfOutcome(card, outcome, customers) : [];
  return mostOf(card, { all: meteredOfOutcome(card, asEnded, customers), counted });
}

/** Of a run's own charges, beside those that count already. */
export function mostOfRun({ rating, status }: Run, tariff: Tariff): MostShare[] {
  if (!tariff.waitsForEnd || status !== "open" || rating === null) return [];
  if (!rating.counted) return [];
  const card = tariff.cardById(rating.cardVersionId);
  const all = meteredOfRun(card, { ...rating, ending: "completed" });
  return mostOf(card, { all, counted: meteredOfRun(card, rating) });
}

function mostOf(
  card: CompiledCard,
  of: { readonly all: readonly MeteredQuantity[]; readonly counted: readonly MeteredQuantity[] },
): MostShare[] {
  const most: MostShare[] = [];
  for (const item of of.all) {
    if (isTrialCell(item.cell) || of.counted.some(isSameAs(item))) continue;
    const { chargeKey } = item;
    const charge = card.charges.find(({ key }) => key === chargeKey);
    const amount = worstShare(present(charge, `charge "${chargeKey}"`), item, card.credit);
    most.push({ chargeKey, cell: item.cell, amount });
  }
  return most;
}
