/** Runs and steps as they are told. Amounts and quantities are exact decimal text. */

import type { ChargeShare, Step } from "../../domain/event/step.ts";
import { isTrialCell, pricedCell } from "../../domain/event/trial-cell.ts";
import type { Usage } from "../../domain/event/usage.ts";
import { COST_CURRENCY } from "../../domain/money/currency.ts";
import { formatAmount, formatQuantity } from "../../domain/money/decimal.ts";
import { sharesOfRating } from "../../domain/run/rating-charges.ts";
import type { OutcomeState, Run, Totals } from "../../domain/run/run.ts";
import { joinShares } from "../../engine/booking/shares.ts";
import { areStepsRemoved, type RunTree } from "../../engine/runs/read-run.ts";
import { timeText, timeTextOrNull } from "../instant.ts";
import type { Currencies } from "./currencies.ts";

/** A run without its steps. */
export function runSummary(run: Run, currencies: Pick<Currencies, "ofRun">): object {
  return {
    run: run.id,
    customer: run.customer,
    agent: run.agent,
    status: run.status,
    openedAt: timeText(run.openedAtMs),
    closedAt: timeTextOrNull(run.closedAtMs),
    parentRun: run.parent,
    labels: run.labels,
    authority: run.authority,
    endUser: run.endUser,
    suspended: run.suspended,
    ...(run.restating === null ? {} : { restating: true }),
    totals: { own: totalsView(run.own), tree: totalsView(run.tree) },
    costCurrency: COST_CURRENCY,
    chargeCurrency: currencies.ofRun(run),
    charges: joinShares(sharesOfRating(run.rating)).map(shareView),
    corrections: run.corrections.map(({ period, cap, minimum }) => {
      return { period, cap: formatAmount(cap), minimum: formatAmount(minimum) };
    }),
  };
}

/** A run with its steps, outcomes and everything below it. */
export function runTreeView(tree: RunTree, currencies: Pick<Currencies, "ofRun">): object {
  return {
    ...runSummary(tree.run, currencies),
    accrued: formatAmount(tree.accrued),
    ...(areStepsRemoved(tree) ? { stepsRemoved: true } : {}),
    outcomes: tree.outcomes.map(outcomeView),
    ...(tree.hasSteps ? { steps: tree.steps.map(stepView) } : {}),
    children: tree.children.map((child) => runTreeView(child, currencies)),
  };
}

function totalsView({ steps, unpriced, cost, charge }: Totals): object {
  return { steps, unpriced, cost: formatAmount(cost), charge: formatAmount(charge) };
}

function shareView({ chargeKey, cell, amount }: ChargeShare): object {
  const inTrial = isTrialCell(cell);
  return { charge: chargeKey, cell: pricedCell(cell), amount: formatAmount(amount), inTrial };
}

function outcomeView({ key, outcome, status, charge, shares, ...times }: OutcomeState): object {
  const occurredAt = timeText(times.occurredAtMs);
  const finalAt = timeTextOrNull(times.finalAtMs);
  const charges = shares.map(shareView);
  return { key, outcome, status, occurredAt, finalAt, charge: formatAmount(charge), charges };
}

/** Quantities by bucket or unit, as text. */
export function usageView(usage: Usage): Record<string, string> {
  const entries = [...usage].map(([name, quantity]) => [name, formatQuantity(quantity)]);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** A step as a run and a page of steps tell it. */
export function stepView(step: Step): object {
  const { source, id, seq, revision, kind, provider, model, tool, tier } = step;
  const { status, attempt, completeness, role, payer, voided, callId } = step;
  return {
    ...{ source, id, seq, revision, kind, provider, model, tool, tier },
    ...{ status, attempt, completeness, role, payer, voided, callId },
    occurredAt: timeText(step.occurredAtMs),
    receivedAt: timeText(step.receivedAtMs),
    parentStep: step.parentStep,
    usage: usageView(step.usage),
    cost: formatAmount(step.cost),
    costStatus: step.costStatus,
    charge: formatAmount(step.charge),
    charges: step.shares.map(shareView),
    cardVersion: step.cardVersionId,
    priceVersion: step.priceVersionId,
    labels: step.labels,
  };
}
