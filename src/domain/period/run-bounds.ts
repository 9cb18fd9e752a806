/**
 * The least and the most that a root run comes to, with all below it. A run may go on over several
 * periods, so each period owes the difference of what the run owes after it and before it.
 */
import { type Amount, ZERO_AMOUNT } from "../money/decimal.ts";
import type { RateCard } from "../rating/rate-card.ts";

/** What the steps, outcomes and fee of a run tree came to. Standing runs have no bounds. */
export interface RunTotal {
  /** In earlier periods, before the cap. */
  readonly before: Amount;
  /** In this period. */
  readonly charge: Amount;
  /** True where the run ended in this period: only then its minimum is known to be missed. */
  readonly isEnded: boolean;
}

/** What the bounds make of one run in this period. */
export interface RunCorrection {
  /** Taken off above the cap: 0 or negative. */
  readonly cap: Amount;
  /** Missing to the minimum: 0 or positive. */
  readonly minimum: Amount;
}

type RunBounds = Pick<RateCard, "runCap" | "runMinimum">;

/** The correction of one run by the card in force when it opened. */
export function runCorrection(total: RunTotal, { runCap, runMinimum }: RunBounds): RunCorrection {
  const capped = (amount: bigint) => (runCap !== null && amount > runCap ? runCap : amount);
  const after = capped(total.before + total.charge);
  const billed = after - capped(total.before);
  const missing = (runMinimum ?? 0n) - after;
  return {
    cap: (billed - total.charge) as Amount,
    minimum: total.isEnded && missing > 0n ? (missing as Amount) : ZERO_AMOUNT,
  };
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
