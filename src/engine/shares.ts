/** Shares of charges, and what runs are counted by: added up and compared. */
import { type Amount, ZERO_AMOUNT } from "../domain/money/decimal.ts";
import type { MeteredQuantity } from "../domain/rating/meter.ts";
import type { RunRating, RunShare } from "../domain/run/run.ts";

/** A charge moves at most once by one booking, so nothing needs joining. */
export function onlyMoved(shares: RunShare[]): RunShare[] {
  return shares.every((share) => share.amount !== 0n)
    ? shares
    : shares.filter((share) => share.amount !== 0n);
}

/** One share a charge and cell; those that came to nothing are left out. */
export function joinShares(parts: readonly RunShare[]): RunShare[] {
  const shares = new Map<string, RunShare>();
  for (const part of parts) {
    const { chargeKey, cell } = part;
    const key = `${chargeKey}\u0000${cell}`;
    const amount = ((shares.get(key)?.amount ?? ZERO_AMOUNT) + part.amount) as Amount;
    shares.set(key, { chargeKey, cell, amount });
  }
  return onlyMoved([...shares.values()]);
}

/** Whether two quantities are the same one. */
export function isSameAs(a: MeteredQuantity): (b: MeteredQuantity) => boolean {
  return (b) => a.chargeKey === b.chargeKey && a.cell === b.cell && a.quantity === b.quantity;
}

/** Whether a run is counted alike by both: shares aside. */
export function sameRating(a: RunRating | null, b: RunRating | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.counted === b.counted &&
    a.cardVersionId === b.cardVersionId &&
    a.period === b.period &&
    a.agent === b.agent &&
    a.ending === b.ending &&
    a.inTrial === b.inTrial &&
    JSON.stringify(a.labels) === JSON.stringify(b.labels)
  );
}
