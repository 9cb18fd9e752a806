/** What steps, runs and outcomes come to in the measure of a budget, and whom it selects. */
import { isTokenBucket, type Usage } from "../../domain/event/usage.ts";
import { ONE_UNIT } from "../../domain/money/decimal.ts";
import type { Run } from "../../domain/run/run.ts";
import type { BudgetDocument } from "./check-budgets.ts";

/** What something comes to, and for whom. */
export interface Counted {
  readonly ws: number;
  readonly customer: string;
  readonly agent: string | null;
  readonly labels: Run["labels"];
  readonly cardKey: string | null;
  /** Since when it is on record, in whatever version. */
  readonly firstSeq: number;
  readonly atMs: number;
  readonly cost: bigint;
  readonly charge: bigint;
  readonly currency: string | null;
  readonly credits: bigint;
  readonly creditName: string | null;
  readonly usage: Usage;
  readonly steps: bigint;
  readonly runs: bigint;
  readonly openRuns: bigint;
}

/** Something that comes to nothing. */
export const NOTHING = {
  ...{ credits: 0n, creditName: null },
  ...{ cost: 0n, charge: 0n, currency: null, steps: 0n, runs: 0n, openRuns: 0n },
  usage: new Map(),
};

/** Whether what runs came to is read from their rows: those are checked on their own. */
export function isInRunTotals(measure: string): boolean {
  return measure === "cost" || measure === "charge" || measure === "steps";
}

/** What something comes to in a budget's measure. */
export function levelOf(
  { document: { measure, currency } }: { readonly document: BudgetDocument },
  counted: Counted,
): bigint {
  if (measure === "cost") return counted.cost;
  // What credit pays is in the books of credit: nothing is settled in such a balance.
  if (measure === "prepaid") return 0n;
  if (measure === "credits") return counted.creditName === currency ? counted.credits : 0n;
  if (measure === "charge") return counted.currency === currency ? counted.charge : 0n;
  if (measure === "steps") return counted.steps * ONE_UNIT;
  if (measure === "runs") return counted.runs * ONE_UNIT;
  if (measure === "parallel_runs") return counted.openRuns * ONE_UNIT;
  if (measure !== "tokens") return counted.usage.get(measure) ?? 0n;
  return [...counted.usage].reduce((sum, [name, n]) => sum + (isTokenBucket(name) ? n : 0n), 0n);
}

/** The balance that it counts in, of budgets that are not of runs; null: none. */
export function scopeOf({ each }: BudgetDocument, counted: Counted): string | null {
  const { customer, agent, labels } = counted;
  if (each === "workspace") return "";
  if (each === "customer") return customer;
  if (each === "agent") return agent;
  if (each === "customer_agent") return agent === null ? null : JSON.stringify([customer, agent]);
  return labelOf(labels, each.slice(each.indexOf(":") + 1)) ?? null;
}

function labelOf(labels: Run["labels"], name: string): string | undefined {
  return labels !== null && Object.hasOwn(labels, name) ? labels[name] : undefined;
}

/** Whether a value is among those wanted; without a list, any is. */
export function isAmong(wanted: readonly string[] | undefined, value: string | null): boolean {
  return wanted === undefined || (value !== null && wanted.includes(value));
}

/** Whether a budget selects work by all but its customer. */
export function selects(
  { agent, label = {}, card }: BudgetDocument["where"],
  one: Pick<Counted, "agent" | "labels" | "cardKey">,
): boolean {
  if (!isAmong(agent, one.agent) || !isAmong(card, one.cardKey)) return false;
  return Object.entries(label).every(([name, values]) => {
    return values.includes(labelOf(one.labels, name) ?? "\u0000");
  });
}
