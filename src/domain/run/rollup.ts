/**
 * Usage totals by customer, agent, period, kind, provider, model and tool. They answer every
 * "how much" question without touching the steps, and sum to the same totals as the runs.
 */
import type { Step } from "../event/step.ts";
import { inputQuantity, outputQuantity } from "../event/usage.ts";
import type { Amount, Quantity } from "../money/decimal.ts";
import { ZERO_AMOUNT, ZERO_QUANTITY } from "../money/decimal.ts";
import type { Totals } from "./run.ts";

/** What usage is summed by. */
export interface RollupKey {
  readonly customer: string;
  readonly period: string;
  readonly agent: string;
  /** A step kind, or `run`, `outcome`, `run_cap`, `run_minimum` for what is of no step. */
  readonly kind: string;
  readonly provider: string;
  readonly model: string;
  readonly tool: string;
}

/** What one key gained in one unit of work. */
export interface RollupDelta extends RollupKey, Totals {
  readonly inputTokens: Quantity;
  readonly outputTokens: Quantity;
}

export type RollupRow = RollupDelta;

/** A roll-up key as one text; no two keys share one. */
export function rollupKeyText(key: RollupKey): string {
  const { customer, period, agent, kind, provider, model, tool } = key;
  return [customer, period, agent, kind, provider, model, tool].join("\u0000");
}

/** What tells most roll-ups of a customer's period apart: a short key that is at hand. */
export function rollupPlace({ model, tool }: RollupKey): string {
  return model === "" ? tool : model;
}

/** Whether two roll-ups of one customer's period are the same one. */
export function isSameRollup(a: RollupKey, b: RollupKey): boolean {
  return (
    a.model === b.model &&
    a.tool === b.tool &&
    a.kind === b.kind &&
    a.agent === b.agent &&
    a.provider === b.provider
  );
}

/** The roll-up that a step counts in. */
export function rollupKeyOfStep(step: Step): RollupKey {
  return {
    customer: step.customer,
    period: step.period,
    agent: step.agent ?? "",
    kind: step.kind,
    provider: step.provider ?? "",
    model: step.model ?? "",
    tool: step.tool ?? "",
  };
}

/** What a step counts for: nothing once voided or when it only witnesses. */
export function totalsOfStep(step: Step): Totals {
  if (!counts(step)) {
    return { steps: 0, unpriced: 0, cost: ZERO_AMOUNT, charge: step.charge };
  }
  const unknownCost = step.costStatus === "unpriced" || step.costStatus === "partial";
  return {
    steps: 1,
    unpriced: unknownCost ? 1 : 0,
    cost: step.payer === "us" ? step.cost : ZERO_AMOUNT,
    charge: step.charge,
  };
}

/** Input and output tokens that a step counts for. */
export function tokensOfStep(step: Step): { input: Quantity; output: Quantity } {
  if (!counts(step)) return { input: ZERO_QUANTITY, output: ZERO_QUANTITY };
  return { input: inputQuantity(step.usage), output: outputQuantity(step.usage) };
}

function counts(step: Step): boolean {
  return !step.voided && step.role === "bill";
}

/** The sum of two deltas of one key. */
export function addRollup(a: RollupDelta, b: RollupDelta): RollupDelta {
  return {
    ...a,
    steps: a.steps + b.steps,
    unpriced: a.unpriced + b.unpriced,
    cost: (a.cost + b.cost) as Amount,
    charge: (a.charge + b.charge) as Amount,
    inputTokens: (a.inputTokens + b.inputTokens) as Quantity,
    outputTokens: (a.outputTokens + b.outputTokens) as Quantity,
  };
}

/** A roll-up that its one owner adds to in place. */
export type GrowingRollup = RollupKey & {
  -readonly [Field in Exclude<keyof RollupDelta, keyof RollupKey>]: RollupDelta[Field];
};

/** A row in which nothing counts yet. Written out field by field: most units make hundreds. */
export function emptyRollup(key: RollupKey): GrowingRollup {
  const { customer, period, agent, kind, provider, model, tool } = key;
  return {
    customer,
    period,
    agent,
    kind,
    provider,
    model,
    tool,
    steps: 0,
    unpriced: 0,
    cost: ZERO_AMOUNT,
    charge: ZERO_AMOUNT,
    inputTokens: ZERO_QUANTITY,
    outputTokens: ZERO_QUANTITY,
  };
}

/** Adds a delta of the same key in place: the same row as `addRollup` makes, without a new one. */
export function growRollup(row: GrowingRollup, delta: RollupDelta): void {
  row.steps += delta.steps;
  row.unpriced += delta.unpriced;
  row.cost = (row.cost + delta.cost) as Amount;
  row.charge = (row.charge + delta.charge) as Amount;
  row.inputTokens = (row.inputTokens + delta.inputTokens) as Quantity;
  row.outputTokens = (row.outputTokens + delta.outputTokens) as Quantity;
}
