/** The worst case of a step that is asked for: what it may cost us and charge the customer. */
import { present } from "../domain/assert.ts";
import type { ChargePart, CostKnowledge, WorstCase } from "../domain/budget/decide.ts";
import type { Hold } from "../domain/budget/hold.ts";
import { type HoldAsk, usageWith } from "../domain/budget/hold-ask.ts";
import { NO_SPEND } from "../domain/budget/spend.ts";
import type { CostOutcome } from "../domain/cost/cost-of-step.ts";
import { sumAmounts } from "../domain/credit/charged.ts";
import { isTrialCell } from "../domain/event/trial-cell.ts";
import { type Amount, ZERO_AMOUNT } from "../domain/money/decimal.ts";
import { creditUnitsOf } from "../domain/rating/credit-units.ts";
import type { CompiledCard, MeteredQuantity } from "../domain/rating/meter.ts";
import { isBeforeTrialEnd, meteredInTrial } from "../domain/rating/trial.ts";
import { worstShare } from "../domain/rating/worst-share.ts";
import type { Customer } from "./ports.ts";
import type { Tariff } from "./tariff.ts";

/**
 * Prices an ask by the prices and the card in force now. A cost that nobody knows is the caller's
 * word for it, or unknown; one that may be too low counts as unknown too.
 */
export function worstCaseOf(
  ask: HoldAsk,
  {
    tariff,
    customer,
    nowMs,
  }: {
    readonly tariff: Tariff;
    readonly customer: Customer;
    readonly nowMs: number;
  },
): (outputTokens: number) => WorstCase {
  const card = tariff.cardFor(customer, nowMs);
  /** Nearly every ask is decided by one case, which several look at. */
  let last: { readonly outputTokens: number; readonly worst: WorstCase } | null = null;
  const worstOf = (outputTokens: number): WorstCase => {
    const step = { ...ask.step, usage: usageWith(ask, outputTokens) };
    const found = tariff.priceStep(step, nowMs);
    const stated = ask.cost ?? ZERO_AMOUNT;
    const cost = stated > found.cost ? stated : found.cost;
    // What a trial makes free is charged to nobody, whatever it would have cost.
    const isFree = card !== null && isBeforeTrialEnd(card.trial, { ...customer, atMs: nowMs });
    const all = card?.meterStep({ ...step, cost, ratedAtMs: nowMs }) ?? [];
    const metered = isFree ? meteredInTrial(all, card.trial).filter(isPaid) : all;
    const parts = card === null ? [] : partsOf(card, metered);
    const spend = {
      ...NO_SPEND,
      cost: step.payer === "us" ? cost : ZERO_AMOUNT,
      charge: sumAmounts(parts.map(({ amount }) => amount)),
      currency: card?.currency ?? null,
      credits: card === null ? null : creditUnitsOf(card, parts.map(asShare)),
      usage: step.usage,
      stepCount: 1n,
    };
    return { spend, parts, costIs: knowledgeOf(ask, found.status) };
  };
  return (outputTokens) => {
    if (last?.outputTokens === outputTokens) return last.worst;
    last = { outputTokens, worst: worstOf(outputTokens) };
    return last.worst;
  };
}

/** What was known of the cost of a hold that was granted before, by the prices of then. */
export function knownOf(
  ask: HoldAsk,
  of: {
    readonly tariff: Tariff;
    readonly hold: Pick<Hold, "maxOutputTokens" | "grantedAtMs">;
  },
): CostKnowledge {
  const { maxOutputTokens, grantedAtMs } = of.hold;
  const step = { ...ask.step, usage: usageWith(ask, maxOutputTokens ?? 0) };
  return knowledgeOf(ask, of.tariff.priceStep(step, grantedAtMs).status);
}

/** What has no quantity costs nothing, unless the caller says that it does. */
function knowledgeOf({ cost, step }: HoldAsk, status: CostOutcome["status"]): CostKnowledge {
  if (step.payer === "customer" || status === "priced") return "known";
  if (status === "none" && (cost === null || cost === 0n)) return "known";
  return cost === null ? "unknown" : "stated";
}

function asShare({ charge, amount }: ChargePart) {
  return { chargeKey: charge, cell: "", amount };
}

function isPaid({ cell }: MeteredQuantity): boolean {
  return !isTrialCell(cell);
}

/** The worst share of each charge, by its key. */
function partsOf(card: CompiledCard, metered: readonly MeteredQuantity[]): ChargePart[] {
  const sums = new Map<string, bigint>();
  for (const { chargeKey, cell, quantity } of metered) {
    const charge = present(
      card.charges.find(({ key }) => key === chargeKey),
      `charge "${chargeKey}"`,
    );
    const worst = worstShare(charge, { cell, quantity }, card.credit);
    sums.set(chargeKey, (sums.get(chargeKey) ?? 0n) + worst);
  }
  return [...sums].map(([charge, amount]) => ({ charge, amount: amount as Amount }));
}
