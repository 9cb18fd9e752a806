/** What a receipt says of a run and everything below it, line by line. */
import { type BudgetRecord, type Overrun, scaleOf } from "../budget/budget.ts";
import type { Hold } from "../budget/hold.ts";
import type { CostLine } from "../cost/cost-of-step.ts";
import type { ChargeShare, Step } from "../event/step.ts";
import { isTrialCell, pricedCell } from "../event/trial-cell.ts";
import type { Usage } from "../event/usage.ts";
import { AMOUNT_SCALE, FACTOR_SCALE, QUANTITY_SCALE } from "../limits.ts";
import { COST_CURRENCY } from "../money/currency.ts";
import { formatAmount, formatPrice, formatQuantity, formatScaled } from "../money/decimal.ts";
import type { OutcomeState, Run, Totals } from "../run/run.ts";
import { type LineBody, RECEIPT_VERSION } from "./receipt.ts";

/** What a charge took of a step, run or outcome, and by which rule. */
export interface ChargedBy {
  readonly share: ChargeShare;
  /** What was counted: a Quantity, or an Amount where the charge meters cost; null: unknown. */
  readonly counted: bigint | null;
  /** What the charge counts: `steps`, `sum:seconds`, `sum:cost`. */
  readonly measure: string;
}

/** The card version that charged something. */
export interface CardRef {
  readonly card: string;
  readonly version: number;
}

/** A step with how its cost and charges came about. */
export interface ReceiptStep {
  readonly step: Step;
  /** Add up to the cost; null: they cannot be told any more. */
  readonly costLines: readonly CostLine[] | null;
  readonly charges: readonly ChargedBy[];
  readonly card: CardRef | null;
}

/** One run of the tree. */
export interface ReceiptRun {
  readonly run: Run;
  readonly steps: readonly ReceiptStep[];
  readonly outcomes: readonly OutcomeState[];
  readonly charges: readonly ChargedBy[];
  readonly card: CardRef | null;
  readonly holds: readonly Hold[];
}

/** A budget's overruns that the run caused. */
export interface ReceiptOverrun {
  readonly record: BudgetRecord;
  readonly overrun: Overrun;
}

/** All that a receipt is made of. Runs stand parents first. */
export interface ReceiptInput {
  readonly workspace: string;
  readonly issuedAtMs: number;
  readonly issuer: string;
  readonly chargeCurrency: string | null;
  readonly runs: readonly ReceiptRun[];
  readonly overruns: readonly ReceiptOverrun[];
}

/** The lines of a receipt, in their order. */
export function receiptLines(input: ReceiptInput): LineBody[] {
  const { workspace, issuedAtMs, issuer, chargeCurrency, runs, overruns } = input;
  const root = runs[0]?.run;
  if (root === undefined) return [];
  return [
    {
      line: "receipt",
      version: RECEIPT_VERSION,
      workspace,
      run: root.id,
      customer: root.customer,
      issuedAt: timeText(issuedAtMs),
      issuer,
      costCurrency: COST_CURRENCY,
      chargeCurrency,
    },
    ...runs.flatMap(linesOfRun),
    ...overruns.map(overrunLine),
    { line: "total", run: root.id, ...totals(root.tree), ...correctionsOf(root) },
  ];
}

function linesOfRun(one: ReceiptRun): LineBody[] {
  const { run, steps, outcomes, holds, charges, card } = one;
  return [
    {
      line: "run",
      run: run.id,
      parentRun: run.parent,
      customer: run.customer,
      agent: run.agent,
      status: run.status,
      openedAt: timeText(run.openedAtMs),
      closedAt: run.closedAtMs === null ? null : timeText(run.closedAtMs),
      labels: run.labels,
      ...card,
      charges: charges.map(chargeView),
      ...correctionsOf(run),
      own: totals(run.own),
      tree: totals(run.tree),
    },
    ...steps.map(stepLine),
    ...outcomes.map(outcomeLine),
    ...holds.map(holdLine),
  ];
}

function stepLine({ step, costLines, charges, card }: ReceiptStep): LineBody {
  const { run, source, id, kind, provider, model, tool, tier, status, attempt } = step;
  const { payer, role, completeness, revision, voided, callId, seq } = step;
  return {
    line: "step",
    ...{ run, source, id, kind, provider, model, tool, tier, status, attempt },
    ...{ payer, role, completeness, revision, voided, callId, seq },
    agent: step.agent,
    occurredAt: timeText(step.occurredAtMs),
    receivedAt: timeText(step.receivedAtMs),
    usage: usageView(step.usage),
    cost: formatAmount(step.cost),
    costStatus: step.costStatus,
    priceVersion: step.priceVersionId,
    costLines: costLines?.map(costLineView) ?? null,
    charge: formatAmount(step.charge),
    ...card,
    charges: charges.map(chargeView),
  };
}

function costLineView({ unit, quantity, price, factor, amount, basis, rateUnit }: CostLine) {
  return {
    unit,
    quantity: formatQuantity(quantity),
    price: formatPrice(price),
    factor: formatScaled(factor, FACTOR_SCALE),
    amount: formatAmount(amount),
    basis,
    rate: rateUnit,
  };
}

function chargeView({ share, counted, measure }: ChargedBy) {
  const scale = measure === "sum:cost" ? AMOUNT_SCALE : QUANTITY_SCALE;
  return {
    charge: share.chargeKey,
    cell: pricedCell(share.cell),
    ...inTrial(share.cell),
    measure,
    counted: counted === null ? null : formatScaled(counted, scale),
    amount: formatAmount(share.amount),
  };
}

/** What a trial makes free is told, and not in the charge. */
function inTrial(cell: string): { readonly inTrial?: true } {
  return isTrialCell(cell) ? { inTrial: true } : {};
}

function outcomeLine(outcome: OutcomeState): LineBody {
  const { run, key, outcome: name, status, occurredAtMs, charge, shares } = outcome;
  return {
    line: "outcome",
    ...{ run, key, outcome: name, status },
    occurredAt: timeText(occurredAtMs),
    charge: formatAmount(charge),
    charges: shares.map(({ chargeKey, cell, amount }) => {
      const priced = { charge: chargeKey, cell: pricedCell(cell), ...inTrial(cell) };
      return { ...priced, amount: formatAmount(amount) };
    }),
  };
}

function holdLine(hold: Hold): LineBody {
  const { run, source, id, holdId, state, grantedAtMs, cost, charge, isClamped } = hold;
  return {
    line: "hold",
    ...{ run, source, id, hold: holdId, state, isClamped },
    grantedAt: timeText(grantedAtMs),
    maxOutputTokens: hold.maxOutputTokens,
    cost: formatAmount(cost),
    charge: formatAmount(charge),
    settledBy: hold.settledBy,
  };
}

function overrunLine({ record: { budget }, overrun }: ReceiptOverrun): LineBody {
  const { scope, window, run, source, id, cause, amount, seq } = overrun;
  return {
    line: "overrun",
    budget: budget.key,
    measure: budget.measure,
    ...{ scope, window, run, source, id, cause, seq },
    amount: formatScaled(amount, scaleOf(budget.measure)),
  };
}

function totals({ steps, unpriced, cost, charge }: Totals) {
  return { steps, unpriced, cost: formatAmount(cost), charge: formatAmount(charge) };
}

function correctionsOf({ corrections }: Run) {
  return {
    corrections: corrections.map(({ period, cap, minimum }) => {
      return { period, cap: formatAmount(cap), minimum: formatAmount(minimum) };
    }),
  };
}

function usageView(usage: Usage): Record<string, string> {
  return Object.fromEntries([...usage].map(([name, n]) => [name, formatQuantity(n)]));
}

function timeText(ms: number): string {
  return Temporal.Instant.fromEpochMilliseconds(ms).toString({ fractionalSecondDigits: 3 });
}
