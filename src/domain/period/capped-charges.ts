/**
 * What a cap of runs takes off is of the charges of its card, in proportion to what each comes to:
 * runs owe nothing but charges. So no discount is of what nobody owes, none of a charge takes off a
 * fee, and a commitment for charges is drawn by what these are billed at.
 */
import { allocate } from "../money/allocate.ts";
import type { Amount } from "../money/decimal.ts";
import { NO_CHARGE, RUN_CAP_CELL } from "./run-bounds.ts";
import type { StatementLine } from "./statement-line.ts";

/** A line of a charge or fee, or of none (""), and what of it counts. */
export type ItemLine = Pick<
  StatementLine,
  "kind" | "cardKey" | "chargeKey" | "cell" | "amountRounded"
>;

/** What charges and fees come to by their keys, under the caps of runs; "": what is of none. */
export function underCaps(lines: readonly ItemLine[], unit: bigint): Map<string, bigint> {
  const left = sumsByKey(lines);
  for (const cap of lines.filter(isCap)) {
    const own = lines.filter(({ kind, cardKey }) => kind !== "fee" && cardKey === cap.cardKey);
    moveCap(left, { cap, charges: sumsByKey(own), unit });
  }
  return left;
}

function isCap({ kind, chargeKey, cell }: ItemLine): boolean {
  return kind === "run_cap" || (chargeKey === NO_CHARGE && cell === RUN_CAP_CELL);
}

interface Capped {
  readonly cap: ItemLine;
  readonly charges: ReadonlyMap<string, bigint>;
  readonly unit: bigint;
}

/**
 * Moves a cap from no charge to charges, as far as these go. Of late usage either may be negative:
 * what is taken back of a run above its cap comes back in the cap.
 */
function moveCap(left: Map<string, bigint>, { cap, charges, unit }: Capped): void {
  const { amountRounded: amount } = cap;
  const sign = amount < 0n ? 1n : -1n;
  const items = [...charges]
    .map(([key, sum]) => ({ key, weight: sign * sum }))
    .filter(({ key, weight }) => key !== NO_CHARGE && weight > 0n);
  const weights = items.map(({ weight }) => weight);
  const most = weights.reduce((sum, weight) => sum + weight, 0n);
  const off = -sign * amount < most ? -sign * amount : most;
  if (off === 0n) return;
  const parts = allocate(off as Amount, weights, unit);
  const move = (key: string, by: bigint) => left.set(key, (left.get(key) ?? 0n) + by);
  for (const [index, { key }] of items.entries()) move(key, -sign * (parts[index] ?? 0n));
  move(NO_CHARGE, sign * off);
}

function sumsByKey(lines: readonly ItemLine[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { chargeKey, amountRounded } of lines) {
    sums.set(chargeKey, (sums.get(chargeKey) ?? 0n) + amountRounded);
  }
  return sums;
}
