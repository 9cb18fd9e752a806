/**
 * What a quantity costs under a price model, as a function of the period's total. The function
 * f starts at 0 and never falls, so a step's share, f(n + q) − f(n), is never negative and shares
 * add up to f whatever their order.
 *
 * Volume prices fall for all units when a tier is reached. Their running function is therefore
 * the graduated evaluation of the same tiers, and the difference to the true volume price is one
 * line when the period closes.
 */
import { assert, present } from "../assert.ts";
import { FACTOR_SCALE } from "../limits.ts";
import type { Quantity } from "../money/decimal.ts";
import { type Amount, amountOfPrice, type Price, priceQuantity } from "../money/decimal.ts";
import type { PriceModel, Tier } from "./rate-card.ts";

/** The factor 1. */
export const FACTOR_ONE = 10n ** BigInt(FACTOR_SCALE);

/** Cell of a matrix for all values without a cell of their own; no cell may have this name. */
export const OTHERWISE_CELL = "*";
/** Cell of every price that is not a matrix. */
export const NO_CELL = "";

/** A price model for one cell, ready for the hot path. */
export interface PriceFunction {
  /** Running amount of a total quantity (an Amount where the charge meters cost), exact. */
  readonly amountAt: (total: bigint) => Amount;
  /** Tier that a total reaches, whose price then holds for all units; null: no volume price. */
  readonly volumeTierAt: ((total: bigint) => Tier) | null;
}

/** Prepares a price model for one cell. The cell must be one that the meter gives. */
export function priceFunction(price: PriceModel, cell: string): PriceFunction {
  const running = (amountAt: (total: bigint) => Amount) => ({
    amountAt: (total: bigint) => (total === 0n ? (0n as Amount) : amountAt(total)),
    volumeTierAt: null,
  });
  switch (price.model) {
    case "per_unit":
      return running((total) => priceQuantity(total as Quantity, price.unit));
    case "flat":
      return running(() => amountOfPrice(price.amount));
    case "graduated":
      return running(graduated(price.tiers));
    case "volume":
      return {
        ...running(graduated(price.tiers)),
        volumeTierAt: (total) => present(price.tiers[tierIndex(price.tiers, total)], "tier"),
      };
    case "package":
      return running((total) => {
        const started = (total + price.size - 1n) / price.size;
        return (started * amountOfPrice(price.amount)) as Amount;
      });
    case "matrix": {
      const unit = cellPrice(price, cell);
      return running((total) => priceQuantity(total as Quantity, unit));
    }
    case "markup":
      return running((total) => markedUp(total, price.factor));
  }
}

/** Amount that a period owes for a total while it is open: the sum of the shares so far. */
export function amountAt(price: PriceModel, total: bigint, cell: string): Amount {
  assert(total >= 0n, "a period's total quantity is not negative");
  return priceFunction(price, cell).amountAt(total);
}

/** Amount that a closed period owes for a total: differs from the running one for volume only. */
export function finalAmountAt(price: PriceModel, total: bigint, cell: string): Amount {
  assert(total >= 0n, "a period's total quantity is not negative");
  const { amountAt, volumeTierAt } = priceFunction(price, cell);
  if (volumeTierAt === null || total === 0n) return amountAt(total);
  const { unit, flat } = volumeTierAt(total);
  return (priceQuantity(total as Quantity, unit) + amountOfPrice(flat)) as Amount;
}

function cellPrice(price: PriceModel & { readonly model: "matrix" }, cell: string): Price {
  if (cell === OTHERWISE_CELL) return present(price.otherwise, "price of all other cells");
  assert(Object.hasOwn(price.cells, cell), "a matrix has the cell that was metered");
  return present(price.cells[cell], "price of a cell");
}

/**
 * The one product that may not fit: a cost made of a price with 18 places, a quantity with 9 and
 * a service tier's factor has used the places that the markup needs. Then the running total, not
 * the share, is cut at the 33rd place: the shares still add up to it.
 */
function markedUp(cost: bigint, factor: bigint): Amount {
  return ((cost * factor) / FACTOR_ONE) as Amount;
}

/** Sums what the tiers below cost once, so that evaluation looks at one tier only. */
function graduated(tiers: readonly Tier[]): (total: bigint) => Amount {
  let lower = 0n;
  let below = 0n;
  const starts = tiers.map(({ upTo, unit, flat }) => {
    const start = { lower, unit, amount: below + amountOfPrice(flat) };
    const width = (upTo ?? lower) - lower;
    below = start.amount + priceQuantity(width as Quantity, unit);
    lower += width;
    return start;
  });
  return (total) => {
    const start = present(starts[tierIndex(tiers, total)], "tier");
    const within = (total - start.lower) as Quantity;
    return (start.amount + priceQuantity(within, start.unit)) as Amount;
  };
}

/** Index of the tier that holds the last unit of a total: `upTo` belongs to its tier. */
function tierIndex(tiers: readonly Tier[], total: bigint): number {
  let [low, high] = [0, tiers.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    const upTo = present(tiers[middle]?.upTo, "end of a tier that is not the last");
    if (total <= upTo) high = middle;
    else low = middle + 1;
  }
  return low;
}
