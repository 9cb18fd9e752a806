/**
 * The least and the most that a root run comes to, with all below it. A run may go on over several
 * periods, so each period owes the difference of what the run owes after it and before it.
 */
import { type Amount, ZERO_AMOUNT } from "../money/decimal.ts";
import type { RateCard } from "../rating/rate-card.ts";
import type { PeriodCharge } from "../run/run.ts";

/** What the steps, outcomes and fee of a run tree came to. Standing runs have no bounds. */
export interface RunTotal {
  /** In earlier periods, before the cap. */
  readonly before: Amount;
  /** In this period. */
  readonly charge: Amount;
  /** Whether the run has ended by the end of this period: only then a minimum can be missed. */
  readonly isEnded: boolean;
  /** Whether it had ended before this period: then the minimum was filled up there. */
  readonly wasEnded: boolean;
}

/** What the bounds make of one run in this period. */
export interface RunCorrection {
  /** Taken off above the cap: 0 or negative; what is reversed later gives back. */
  readonly cap: Amount;
  /** Missing to the minimum: 0 or positive; what is charged after the end takes off again. */
  readonly minimum: Amount;
}

/** The charge that a correction is of: none. Charges have a key that is not empty. */
export const NO_CHARGE = "";
/** Cells of the counters and rows of corrections. */
export const RUN_CAP_CELL = "run_cap";
export const RUN_MINIMUM_CELL = "run_minimum";

/** The bounds of a card. */
export type RunBounds = Pick<RateCard, "runCap" | "runMinimum">;

/** The correction of one run by the card in force when it opened. */
export function runCorrection(total: RunTotal, { runCap, runMinimum }: RunBounds): RunCorrection {
  const capped = (amount: bigint) => (runCap !== null && amount > runCap ? runCap : amount);
  // A run may come to less than nothing, by what is taken back of dearer tiers: that stands.
  const missing = (amount: bigint) =>
    runMinimum !== null && amount < runMinimum ? runMinimum - amount : 0n;
  const [before, after] = [capped(total.before), capped(total.before + total.charge)];
  const filled = total.wasEnded ? missing(before) : 0n;
  return {
    cap: (after - before - total.charge) as Amount,
    minimum: (total.isEnded ? missing(after) - filled : ZERO_AMOUNT) as Amount,
  };
}

/** The corrections of one run over all its periods, in their order; those of zero left out. */
export function runCorrections(
  charges: readonly PeriodCharge[],
  endPeriod: string | null,
  bounds: RunBounds,
): (RunCorrection & { readonly period: string })[] {
  const byPeriod = new Map(charges.map(({ period, charge }) => [period, charge]));
  if (endPeriod !== null && !byPeriod.has(endPeriod)) byPeriod.set(endPeriod, ZERO_AMOUNT);
  let before = ZERO_AMOUNT;
  const corrections: (RunCorrection & { readonly period: string })[] = [];
  for (const [period, charge] of [...byPeriod].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const isEnded = endPeriod !== null && period >= endPeriod;
    const wasEnded = endPeriod !== null && period > endPeriod;
    const correction = runCorrection({ before, charge, isEnded, wasEnded }, bounds);
    before = (before + charge) as Amount;
    if (correction.cap === 0n && correction.minimum === 0n) continue;
    corrections.push({ period, ...correction });
  }
  return corrections;
}

/** The corrections of a card's runs, for two lines of a statement. */
export interface RunCorrections {
  readonly cardKey: string;
  readonly cappedRuns: number;
  readonly cap: Amount;
  readonly raisedRuns: number;
  readonly minimum: Amount;
}

/** Adds corrections up. They may come one by one: a period may have any number of runs. */
export function sumRunCorrections(
  cardKey: string,
  corrections: Iterable<RunCorrection>,
): RunCorrections {
  let [cappedRuns, cap, raisedRuns, least] = [0, 0n, 0, 0n];
  for (const { cap: over, minimum } of corrections) {
    if (over !== 0n) cappedRuns += 1;
    if (minimum !== 0n) raisedRuns += 1;
    cap += over;
    least += minimum;
  }
  return { cardKey, cappedRuns, cap: cap as Amount, raisedRuns, minimum: least as Amount };
}
