/** Shares of charges, and what runs are counted by: added up and compared. */
import { type Amount, ZERO_AMOUNT } from "../../domain/money/decimal.ts";
import type { MeteredQuantity } from "../../domain/rating/meter.ts";
import type { LeftShare, RunRating, RunShare } from "../../domain/run/run.ts";

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

/** Whether a run is counted alike by both: shares aside, which may be left on one not counted. */
export function sameRating(a: RunRating | null, b: RunRating | null): boolean {
  if (!a?.counted || !b?.counted) return (a?.counted ?? false) === (b?.counted ?? false);
  return (
    a.cardVersionId === b.cardVersionId &&
    a.period === b.period &&
    a.agent === b.agent &&
    a.ending === b.ending &&
    a.inTrial === b.inTrial &&
    JSON.stringify(a.labels) === JSON.stringify(b.labels)
  );
}

/** What moved where a run was counted, and where it is. */
export interface Exchanged {
  readonly off: readonly RunShare[];
  readonly on: readonly RunShare[];
}

/**
 * How a run is counted after it was taken off (`former`) and put on (`wanted`). What was taken off
 * may be another share than the one that had been put on, where others have moved the tiers since:
 * the difference stays with the counter that it is of.
 */
export function ratingAfter(
  { former, wanted }: { readonly former: RunRating | null; readonly wanted: RunRating | null },
  { off, on }: Exchanged,
  cardKeyOf: (cardVersionId: number) => string,
): RunRating | null {
  const home = wanted ?? former;
  if (home === null) return null;
  const parts = [
    ...placed(former, [...(former?.shares ?? []), ...off]),
    ...(former?.left ?? []),
    ...placed(wanted, on),
  ];
  const isHome = ({ period, cardVersionId: id }: LeftShare) =>
    period === home.period && cardKeyOf(id) === cardKeyOf(home.cardVersionId);
  const shares = joinShares(parts.filter(isHome));
  const elsewhere = Map.groupBy(
    parts.filter((part) => !isHome(part)),
    ({ period, cardVersionId }) => JSON.stringify([period, cardKeyOf(cardVersionId)]),
  );
  const left = [...elsewhere.values()].flatMap((group) => {
    const [{ period, cardVersionId } = home] = group;
    return joinShares(group).map((share): LeftShare => ({ ...share, period, cardVersionId }));
  });
  if (wanted !== null) return { ...wanted, shares, left };
  return shares.length + left.length === 0 ? null : { ...home, counted: false, shares, left };
}

function placed(rating: RunRating | null, shares: readonly RunShare[]): LeftShare[] {
  if (rating === null) return [];
  const { period, cardVersionId } = rating;
  return shares.map((share) => ({ ...share, period, cardVersionId }));
}
