/** The worst case of a step that is asked for: what it may cost us and charge the customer. */
import { present } from "../../domain/assert.ts";
import type { ChargePart, CostKnowledge, WorstCase } from "../../domain/budget/decide.ts";
import type { Hold } from "../../domain/budget/hold.ts";
import { type HoldAsk, usageWith } from "../../domain/budget/hold-ask.ts";
import type { CostOutcome } from "../../domain/cost/cost-of-step.ts";
import { isTrialCell } from "../../domain/event/trial-cell.ts";
import { type Amount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import { creditUnitsOf } from "../../domain/rating/credit-units.ts";
import type { CompiledCard, MeteredQuantity } from "../../domain/rating/meter.ts";
import { isBeforeTrialEnd, meteredInTrial } from "../../domain/rating/trial.ts";
import { worstShare } from "../../domain/rating/worst-share.ts";
import type { Tariff } from "../cards/tariff.ts";
import type { Customer } from "../ports.ts";

/**
 * Prices an ask by the prices and the card in force now. A cost that nobody knows is the caller's
 * word for it, or unknown; one that may be too low counts as unknown too. Charges may be of the
 * work of some agents, so the step is that of the agent that it will count for.
 */
export function worstCaseOf(
  ask: HoldAsk,
  {
    tariff,
    customer,
    agent,
    nowMs,
  }: {
    readonly tariff: Tariff;
    readonly customer: Customer;
    readonly agent: string | null;
    readonly nowMs: number;
  },
): (outputTokens: number) => WorstCase {
  const card = tariff.cardFor(customer, nowMs);
  /** Nearly every ask is decided by one case, which several look at. */
  let last: { readonly outputTokens: number; readonly worst: WorstCase } | null = null;
  const worstOf = (outputTokens: number): WorstCase => {
    const stated = { usage: usageWith(ask, outputTokens), cost: ask.cost ?? ZERO_AMOUNT };
    const of = { agent, usage: stated.usage, cost: stated.cost };
    const step = { ...ask.step, ...of, ratedAtMs: nowMs };
    const found = tariff.priceStep(step, nowMs);
    if (found.cost > step.cost) step.cost = found.cost;
    // What a trial makes free is charged to nobody, whatever it would have cost.
    const isFree = card !== null && isInTrial(card, customer, nowMs);
    const all = card?.meterStep(step) ?? [];
    const metered = isFree ? meteredInTrial(all, card.trial).filter(isPaid) : all;
    const parts = card === null ? [] : partsOf(card, metered);
    const spend = {
      cost: step.payer === "us" ? step.cost : ZERO_AMOUNT,
      charge: chargeOf(parts),
      currency: card?.currency ?? null,
      credits: creditsOf(card, parts),
      usage: step.usage,
      stepCount: 1n,
      runCount: 0n,
      openRunCount: 0n,
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

function isInTrial({ trial }: CompiledCard, customer: Customer, nowMs: number): boolean {
  return trial !== null && isBeforeTrialEnd(trial, { ...customer, atMs: nowMs });
}

function chargeOf(parts: readonly ChargePart[]): Amount {
  let sum: bigint = ZERO_AMOUNT;
  for (const { amount } of parts) sum += amount;
  return sum as Amount;
}

function creditsOf(card: CompiledCard | null, parts: readonly ChargePart[]) {
  const hasCredits = card !== null && card.credit !== null;
  return hasCredits ? creditUnitsOf(card, parts.map(asShare)) : null;
}

function asShare({ charge, amount }: ChargePart) {
  return { chargeKey: charge, cell: "", amount };
}

function isPaid({ cell }: MeteredQuantity): boolean {
  return !isTrialCell(cell);
}

/** The worst share of each charge, by its key. Cards have few charges. */
function partsOf(card: CompiledCard, metered: readonly MeteredQuantity[]): ChargePart[] {
  const parts: { charge: string; amount: Amount }[] = [];
  for (const { chargeKey, cell, quantity } of metered) {
    const charge = present(
      card.charges.find(({ key }) => key === chargeKey),
      `charge "${chargeKey}"`,
    );
    const worst = worstShare(charge, { cell, quantity }, card.credit);
    const known = parts.find((part) => part.charge === chargeKey);
    if (known === undefined) parts.push({ charge: chargeKey, amount: worst as Amount });
    else known.amount = (known.amount + worst) as Amount;
  }
  return parts;
}
