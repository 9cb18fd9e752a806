/**
 * What margin is made of: everything that brings revenue or costs us something, one entry each,
 * with what it is of. Revenue is what is charged, cost is what we pay providers, whether or not it
 * is charged: failed attempts and retries count like any other.
 */
import type { Step } from "../event/step.ts";
import { chargedBy } from "../event/trial-cell.ts";
import type { ConversionRate } from "../money/conversion.ts";
import { type Amount, ZERO_AMOUNT } from "../money/decimal.ts";
import { type RollupRow, totalsOfStep } from "../run/rollup.ts";
import type { OutcomeState, Run } from "../run/run.ts";

/** What margin can be told by. `tree` is the root run, `outcome` the name of outcomes. */
export const MARGIN_DIMENSIONS = [
  ...(["customer", "period", "agent", "model", "tool"] as const),
  ...(["card", "run", "tree", "outcome"] as const),
] as const;
export type MarginDimension = (typeof MARGIN_DIMENSIONS)[number];

/** The billing period of a customer that an entry belongs to, as far as margin looks at it. */
export interface MarginPlace {
  readonly customer: string;
  readonly period: string;
  /** Of everything that the customer is charged in the period; ISO 4217. */
  readonly currency: string;
  /** From the currency of costs to this one; null: none is needed, or none is in force. */
  readonly rate: ConversionRate | null;
  /** Not closed: fees and bounds are as if it were closed now. */
  readonly isOpen: boolean;
}

/** What an entry is of; what is left out or "" it is of none. */
export type MarginOf = Readonly<
  Partial<Record<Exclude<MarginDimension, "customer" | "period">, string>>
>;

/** Revenue and cost of one thing. */
export interface MarginEntry {
  readonly at: MarginPlace;
  readonly of: MarginOf;
  /** Kind of the bill's line that it is, such as `fee`; null: what runs, steps or outcomes did. */
  readonly line: string | null;
  /** In the place's currency. */
  readonly revenue: Amount;
  /** What we pay, in the currency of costs: a lower bound where steps are unpriced. */
  readonly cost: Amount;
  /** What the customer paid the provider itself, no cost of ours; null: nobody looked. */
  readonly paid: Amount | null;
  readonly steps: number;
  /** Steps whose cost is unknown in whole or in part. */
  readonly unpriced: number;
}

const NOTHING = { line: null, cost: ZERO_AMOUNT, paid: ZERO_AMOUNT, steps: 0, unpriced: 0 };

/** A roll-up. It does not know what customers paid themselves. */
export function entryOfRollup(at: MarginPlace, row: RollupRow): MarginEntry {
  const { agent, model, tool, charge, cost, steps, unpriced } = row;
  const of = { agent, model, tool };
  return { at, of, line: null, revenue: charge, cost, paid: null, steps, unpriced };
}

/** A line of a bill that no run, step or outcome stands behind; only a card may. */
export function entryOfLine(
  at: MarginPlace,
  { kind, card, amount }: { readonly kind: string; readonly card: string; readonly amount: Amount },
): MarginEntry {
  return { ...NOTHING, at, of: { card }, line: kind, revenue: amount };
}

/** What is known of a run's surroundings. */
export interface RunSurroundings {
  readonly root: Run;
  /** The one outcome that its whole tree has; "": none, or several that differ. */
  readonly treeOutcome: string;
  /** Null for a period that is not asked for. */
  placeOf(customer: string, period: string): MarginPlace | null;
  /** Key of a card version's card. */
  cardKeyOf(versionId: number): string;
}

/**
 * Everything that a run itself brings and costs, in the periods that are asked for. By outcome, its
 * outcomes bring their own charge and all else belongs to the outcome of its tree or to none.
 */
export function entriesOfRun(
  run: Run,
  {
    steps,
    outcomes,
  }: { readonly steps: readonly Step[]; readonly outcomes: readonly OutcomeState[] },
  around: RunSurroundings,
): MarginEntry[] {
  const { customer } = run;
  if (customer === null) return [];
  const { root, treeOutcome } = around;
  const own = { run: nameOf(run), tree: nameOf(root) };
  const cardOf = (id: number | null) => (id === null ? "" : around.cardKeyOf(id));
  const entries: MarginEntry[] = [];
  const add = (period: string, entry: Omit<MarginEntry, "at" | "line">): void => {
    const at = around.placeOf(customer, period);
    if (at !== null) entries.push({ ...entry, at, line: null });
  };
  const charge = (period: string, of: MarginOf, revenue: Amount): void => {
    if (revenue !== 0n) add(period, { ...NOTHING, of: { ...own, ...of }, revenue });
  };
  if (run.rating !== null) {
    const { period, agent, cardVersionId, shares } = run.rating;
    charge(period, { agent: agent ?? "", card: cardOf(cardVersionId) }, chargedBy(shares));
    for (const one of run.rating.left) {
      const of = { agent: agent ?? "", card: cardOf(one.cardVersionId) };
      charge(one.period, of, chargedBy([one]));
    }
  }
  for (const { period, agent, cardVersionId, cap, minimum } of run.corrections) {
    const of = { agent: agent ?? "", card: cardOf(cardVersionId) };
    charge(period, of, (cap + minimum) as Amount);
  }
  for (const { outcome, period, agent, cardVersionId, charge: revenue } of outcomes) {
    charge(period, { agent: agent ?? "", card: cardOf(cardVersionId), outcome }, revenue);
  }
  for (const step of steps) {
    const { agent, model, tool, period, cardVersionId } = step;
    const of = { agent: agent ?? "", model: model ?? "", tool: tool ?? "" };
    const place = { ...own, ...of, card: cardOf(cardVersionId) };
    const { charge: revenue, cost, steps: counted, unpriced } = totalsOfStep(step);
    const paid = counted === 1 && step.payer === "customer" ? step.cost : ZERO_AMOUNT;
    const spent = { cost, paid, steps: counted, unpriced };
    // The charge of a step is no outcome's; what it cost brought the outcome about.
    charge(period, place, revenue);
    add(period, { of: { ...place, outcome: treeOutcome }, revenue: ZERO_AMOUNT, ...spent });
  }
  return entries;
}

/** Usage without a run has a container that is no run to those who read of runs. */
function nameOf({ id, standing }: Run): string {
  return standing ? "" : id;
}

/** The one name of these outcomes that are final; "" where there is none or they differ. */
export function singleOutcome(outcomes: Iterable<OutcomeState>): string {
  const names = new Set<string>();
  for (const { outcome, status } of outcomes) if (status === "recorded") names.add(outcome);
  return names.size === 1 ? ([...names][0] ?? "") : "";
}
