/** How runs were counted and what they were charged, as texts of their rows. */
import { formatAmount } from "../domain/money/decimal.ts";
import type { LeftShare, RunRating, RunShare } from "../domain/run/run.ts";
import { amountOf } from "./stored-decimal.ts";

/** How a root run was counted, as JSON text. */
export function encodeRating(rating: RunRating): string {
  const { ending, inTrial, left, ...rest } = rating;
  // What nearly no run has is left out.
  const rare = {
    ...(ending === null ? {} : { ending }),
    ...(inTrial ? { inTrial } : {}),
    ...(left.length === 0 ? {} : { left: encodeLeft(left) }),
  };
  return JSON.stringify({ ...rest, ...rare, shares: encodeShares(rating.shares) });
}

/** The same, as `encodeRating` wrote it. */
export function decodeRating(stored: string): RunRating {
  const { shares, left = [], ...rest } = JSON.parse(stored);
  const rating = { ending: null, inTrial: false, ...rest, shares: decodeShares(shares) };
  return { ...rating, left: decodeLeft(left) };
}

/** Shares as JSON text: charge, cell and amount of each. */
export function encodeShares(shares: readonly RunShare[]): string {
  return JSON.stringify(shares.map((s) => [s.chargeKey, s.cell, formatAmount(s.amount)]));
}

/** Shares as `encodeShares` wrote them. */
export function decodeShares(stored: string): RunShare[] {
  const rows = JSON.parse(stored) as [string, string, string][];
  return rows.map(([chargeKey, cell, amount]) => ({ chargeKey, cell, amount: amountOf(amount) }));
}

/** What runs have left where they were counted before. */
function encodeLeft(left: readonly LeftShare[]): unknown[] {
  return left.map(({ period, cardVersionId, chargeKey, cell, amount }) => {
    return [period, cardVersionId, chargeKey, cell, formatAmount(amount)];
  });
}

/** The same, as `encodeLeft` wrote it. */
function decodeLeft(stored: readonly [string, number, string, string, string][]) {
  return stored.map(([period, cardVersionId, chargeKey, cell, amount]): LeftShare => {
    return { period, cardVersionId, chargeKey, cell, amount: amountOf(amount) };
  });
}
