/**
 * What a quantity costs under a price model, as a function of the period's total. The function
 * f starts at 0 and never falls, so a step's share, f(n + q) − f(n), is never negative and shares
 * add up to f whatever their order.
 *
 * Volume prices fall for all units when a tier is reached. Their running function is therefore
 * the graduated evaluation of the same tiers, and the difference to the true volume price is one
 * line when the period closes.
 *
 * An allowance shifts the function, f(max(0, n − included)), and credits scale it; both keep what
 * is said above.
 */
import { assert, present } from "../assert.ts";
import { FACTOR_SCALE } from "../limits.ts";
import {
  type Amount,
  amountOfPrice,
  amountOfQuantity,
  multiplyAmount,
  type Price,
  priceQuantity,
  type Quantity,
  ZERO_AMOUNT,
} from "../money/decimal.ts";
import type { Charge, Credit, PriceModel, Tier } from "./rate-card.ts";

/** The factor 1. */
export const FACTOR_ONE = 10n ** BigInt(FACTOR_SCALE);

/** Cell of a matrix for all values without a cell of their own; no cell may have this name. */
export const OTHERWISE_CELL = "*";
/** Cell of every price that is not a matrix. */
export const NO_CELL = "";

/** Cell of a percentage's fixed part: it counts steps, where the rest adds up what they state. */
export const FIXED_CELL = "fixed";

/** Stands between two dimensions' values in the name of their cell; no value on a card has it. */
export const PAIR_SEPARATOR = " | ";

/** The cell of two dimensions' values. */
export function pairCell(first: string, second: string): string {
  return `${first}${PAIR_SEPARATOR}${second}`;
}

/** Tiers whose last one reached prices all units. */
export interface VolumePrice {
  /** What units come to at the tier that the period's total reaches. */
  readonly unitsAt: (units: bigint, total: bigint) => Amount;
  /** The flat amount of that tier. */
  readonly flatAt: (total: bigint) => Amount;
}

/** A price for one cell, ready for the hot path. Totals include what is free. */
export interface PriceFunction {
  /** Running amount of a total quantity (an Amount where the charge meters cost), exact. */
  readonly amountAt: (total: bigint) => Amount;
  /** Null: no volume price. */
  readonly volume: VolumePrice | null;
  /** What of a total is free. */
  readonly included: bigint;
  /** What the price is in, and money for one of it; null: it is in money. */
  readonly credit: Credit | null;
}

/** Prepares a price model for one cell. The cell must be one that the meter gives. */
export function priceFunction(price: PriceModel, cell: string): PriceFunction {
  const amountAt = runningAmount(price, cell);
  return {
    amountAt: (total) => (total === 0n ? ZERO_AMOUNT : amountAt(total)),
    volume: price.model === "volume" ? volumePrice(price.tiers) : null,
    included: 0n,
    credit: null,
  };
}

/** What makes a charge's price of its price model. */
export type PriceTerms = Pick<Charge, "included" | "inCredits">;

/** Prepares the price of a charge: its model, shifted by what is included, in money. */
export function chargePrice(
  charge: Pick<Charge, "price"> & PriceTerms,
  cell: string,
  credit: Credit | null,
): PriceFunction {
  const plain = priceFunction(charge.price, cell);
  // Most charges have neither, and then nothing stands between a step and its price model.
  const included =
    cell === FIXED_CELL && charge.price.model === "percentage" ? 0n : charge.included;
  const shifted = included === 0n ? plain : afterIncluded(plain, included);
  if (!charge.inCredits) return shifted;
  return inMoney(shifted, present(credit, "credit of a card with a charge in credits"));
}

function afterIncluded(plain: PriceFunction, included: bigint): PriceFunction {
  const beyond = (total: bigint) => (total > included ? total - included : 0n);
  const { volume } = plain;
  return {
    ...plain,
    amountAt: (total) => plain.amountAt(beyond(total)),
    volume: volume && {
      unitsAt: (units, total) => volume.unitsAt(units, beyond(total)),
      flatAt: (total) => volume.flatAt(beyond(total)),
    },
    included,
  };
}

function inMoney(inCredits: PriceFunction, credit: Credit): PriceFunction {
  const { amountAt, volume } = inCredits;
  const { price } = credit;
  return {
    ...inCredits,
    amountAt: (total) => multiplyAmount(amountAt(total), price),
    volume: volume && {
      unitsAt: (units, total) => multiplyAmount(volume.unitsAt(units, total), price),
      flatAt: (total) => multiplyAmount(volume.flatAt(total), price),
    },
    credit,
  };
}

function volumePrice(tiers: readonly Tier[]): VolumePrice {
  const tierAt = (total: bigint) => present(tiers[tierIndex(tiers, total)], "tier");
  return {
    unitsAt: (units, total) => priceQuantity(units as Quantity, tierAt(total).unit),
    flatAt: (total) => (total === 0n ? ZERO_AMOUNT : amountOfPrice(tierAt(total).flat)),
  };
}

function runningAmount(price: PriceModel, cell: string): (total: bigint) => Amount {
  switch (price.model) {
    case "per_unit":
      return amountByUnits(price.unit);
    case "flat":
      return () => amountOfPrice(price.amount);
    case "graduated":
    case "volume":
      return graduated(price.tiers);
    case "package":
      return (total) => {
        const started = (total + price.size - 1n) / price.size;
        return (started * amountOfPrice(price.amount)) as Amount;
      };
    case "matrix":
      return amountByUnits(cellPrice(price, cell));
    case "percentage": {
      if (cell === FIXED_CELL) return amountByUnits(price.fixed);
      return (total) => multiplyAmount(amountOfQuantity(total as Quantity), price.factor);
    }
    case "markup":
      return (total) => markedUp(total, price.factor);
  }
}

/** The same as `priceQuantity`; what is the same for every quantity is multiplied once. */
function amountByUnits(unit: Price): (total: bigint) => Amount {
  const perQuantity = unit * FACTOR_ONE;
  return (total) => (total * perQuantity) as Amount;
}

/** Amount that a period owes for a total while it is open: the sum of the shares so far. */
export function amountAt(price: PriceModel, total: bigint, cell: string): Amount {
  assert(total >= 0n, "a period's total quantity is not negative");
  return priceFunction(price, cell).amountAt(total);
}

/** Amount that a closed period owes for a total: differs from the running one for volume only. */
export function finalAmountAt(price: PriceModel, total: bigint, cell: string): Amount {
  assert(total >= 0n, "a period's total quantity is not negative");
  return closedAmount(priceFunction(price, cell), total);
}

/** Amount that a closed period owes for a total that one price metered. */
export function closedAmount(price: PriceFunction, total: bigint): Amount {
  const { amountAt, volume, included } = price;
  if (volume === null) return amountAt(total);
  const units = total > included ? total - included : 0n;
  return (volume.unitsAt(units, total) + volume.flatAt(total)) as Amount;
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
    const start = { lower, within: amountByUnits(unit), amount: below + amountOfPrice(flat) };
    const width = (upTo ?? lower) - lower;
    below = start.amount + priceQuantity(width as Quantity, unit);
    lower += width;
    return start;
  });
  return (total) => {
    const start = present(starts[tierIndex(tiers, total)], "tier");
    return (start.amount + start.within(total - start.lower)) as Amount;
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
