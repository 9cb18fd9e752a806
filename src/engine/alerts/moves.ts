/** How far a unit of work moves the totals of each customer. */
import type { BatchState, Gain } from "../commit/batch-state.ts";

/** What a unit moves of a customer. */
export interface Moves {
  readonly periods: PeriodGain[];
  /** How far charges move beside, either way. */
  besides: bigint;
  /** An act may have changed what its usage is billed at. */
  readonly isNamed: boolean;
}

/** What a period gains, by its roll-ups. */
type PeriodGain = Omit<Gain, "customer">;

const distance = (amount: bigint): bigint => (amount < 0n ? -amount : amount);

/** How far charges of all periods move, each roll-up either way. */
export function chargedBy({ periods, besides }: Moves): bigint {
  let charged = besides;
  for (const { rows } of periods) for (const { charge } of rows) charged += distance(charge);
  return charged;
}

/** What it gains in all. */
export function sumOf({ rows }: PeriodGain): { charge: bigint; cost: bigint } {
  let [charge, cost] = [0n, 0n];
  for (const row of rows) {
    charge += row.charge;
    cost += row.cost;
  }
  return { charge, cost };
}

/** Of a customer whose totals stand. */
export const noMoves = (): Moves => ({ besides: 0n, periods: [], isNamed: false });

/** What a unit moves, by customer. */
export function movesOf(state: BatchState): Map<string, Moves> {
  const all = new Map<string, Moves>();
  for (const gain of state.gains()) {
    const known = all.get(gain.customer);
    if (known === undefined) all.set(gain.customer, { ...noMoves(), periods: [gain] });
    else known.periods.push(gain);
  }
  for (const { customer, amount } of state.adjustments) {
    const known = all.get(customer) ?? noMoves();
    known.besides += distance(amount);
    all.set(customer, known);
  }
  return all;
}
