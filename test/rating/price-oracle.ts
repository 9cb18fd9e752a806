/**
 * What a charge costs, worked out slowly from the card's document with decimal.js: written from
 * what docs/rate-cards.md says, without a line of the product's rating.
 */
import { Decimal } from "decimal.js";

/** Wide enough that nothing here rounds but what says so. */
export const Exact: typeof Decimal = Decimal.clone({
  precision: 300,
  toExpNeg: -300,
  toExpPos: 300,
  rounding: Decimal.ROUND_HALF_EVEN,
});

export interface TierText {
  readonly upTo?: string;
  readonly unit: string;
  readonly flat?: string;
}

/** A charge as a card's document writes it. */
export interface ChargeText {
  readonly key: string;
  readonly meter: { readonly count?: string; readonly sum?: string };
  readonly price: Readonly<Record<string, unknown>> & { readonly model: string };
  readonly included?: string;
  readonly minimum?: string;
  readonly maximum?: string;
  readonly in?: string;
}

/** A total of one cell, under a card that may have a credit. */
export interface Counted {
  readonly charge: ChargeText;
  readonly cell: string;
  readonly total: Decimal;
  /** Money for one credit. */
  readonly creditPrice: string;
}

const number = (value: unknown) => new Exact(String(value ?? 0));

/** What of a total is not included. */
function beyondIncluded({ charge, cell, total }: Counted): Decimal {
  const isFixed = charge.price.model === "percentage" && cell === "fixed";
  return Exact.max(0, total.minus(isFixed ? 0 : number(charge.included)));
}

function inMoney({ charge, creditPrice }: Counted, amount: Decimal): Decimal {
  return charge.in === "credits" ? amount.times(creditPrice) : amount;
}

/** While the period is open. */
export function runningCost(counted: Counted): Decimal {
  const units = beyondIncluded(counted);
  return inMoney(counted, modelCost(counted, units));
}

/** When the period closes: volume tiers price all units at the tier that they reach. */
export function finalCost(counted: Counted): Decimal {
  const { price } = counted.charge;
  const units = beyondIncluded(counted);
  if (price.model !== "volume" || units.isZero()) return runningCost(counted);
  const tiers = price.tiers as readonly TierText[];
  const reached = tiers.find(({ upTo }) => upTo === undefined || units.lte(upTo));
  return inMoney(counted, units.times(number(reached?.unit)).plus(number(reached?.flat)));
}

function modelCost({ charge: { price }, cell }: Counted, units: Decimal): Decimal {
  if (units.isZero()) return new Exact(0);
  switch (price.model) {
    case "per_unit":
      return units.times(number(price.unit));
    case "flat":
      return number(price.amount);
    case "graduated":
    case "volume":
      return tieredCost(price.tiers as readonly TierText[], units);
    case "package":
      return units.dividedBy(number(price.size)).ceil().times(number(price.amount));
    case "matrix":
      return units.times(number(cellPrice(price, cell)));
    case "percentage":
      if (cell === "fixed") return units.times(number(price.fixed));
      return units.times(number(price.percent)).dividedBy(100);
    case "markup":
      return units.times(number(price.percent).plus(100)).dividedBy(100).toDecimalPlaces(33, 1);
    default:
      throw new Error(`no such model: ${price.model}`);
  }
}

/** Each tier is entered once and prices the units between its ends. */
function tieredCost(tiers: readonly TierText[], units: Decimal): Decimal {
  let cost = new Exact(0);
  let lower = new Exact(0);
  for (const { upTo, unit, flat } of tiers) {
    if (units.lte(lower)) break;
    const upper = upTo === undefined ? units : Exact.min(units, upTo);
    cost = cost.plus(upper.minus(lower).times(unit)).plus(number(flat));
    lower = upper;
  }
  return cost;
}

type Cells = Readonly<Record<string, unknown>>;

function cellPrice({ by, cells, otherwise }: Cells, cell: string): unknown {
  if (cell === "*") return otherwise;
  if (!Array.isArray(by)) return (cells as Cells)[cell];
  const [row = "", column = ""] = cell.split(" | ");
  return ((cells as Cells)[row] as Cells)[column];
}
