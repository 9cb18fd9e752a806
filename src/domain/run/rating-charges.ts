/** What a root run is charged by its rating: where it counts, and what it has left elsewhere. */
import { chargedBy } from "../event/trial-cell.ts";
import { addCharges, type PeriodCharge, type RunRating, type RunShare } from "./run.ts";

type Shared = Pick<RunRating, "period" | "shares" | "left">;

/** By period, in their order. */
export function chargesOfRating({ period, shares, left }: Shared): readonly PeriodCharge[] {
  let charges = addCharges([], [{ period, charge: chargedBy(shares) }]);
  for (const one of left) {
    charges = addCharges(charges, [{ period: one.period, charge: chargedBy([one]) }]);
  }
  return charges;
}

/** Wherever they stand. */
export function sharesOfRating(rating: Pick<RunRating, "shares" | "left"> | null): RunShare[] {
  return rating === null ? [] : [...rating.shares, ...rating.left];
}
