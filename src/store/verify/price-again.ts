/**
 * What a total quantity costs while its period is open, evaluated a second time from the card's
 * document, tier by tier, without the product's rating.
 */
import { TollgateError } from "../../domain/errors.ts";
import { AMOUNT_SCALE, FACTOR_SCALE, PRICE_SCALE, QUANTITY_SCALE } from "../../domain/limits.ts";
import { parseScaled } from "../../domain/money/decimal.ts";

type Json = Readonly<Record<string, unknown>>;

/** One unit of a price as an amount, and one of quantity times price. */
const PRICE_TO_AMOUNT = 10n ** BigInt(AMOUNT_SCALE - PRICE_SCALE);
const PRODUCT_TO_AMOUNT = 10n ** BigInt(AMOUNT_SCALE - PRICE_SCALE - QUANTITY_SCALE);
const FACTOR_ONE = 10n ** BigInt(FACTOR_SCALE);
const PERCENTAGE_TO_AMOUNT = 10n ** BigInt(AMOUNT_SCALE - QUANTITY_SCALE - FACTOR_SCALE);
const PERCENT_SCALE = FACTOR_SCALE - 2;

function decimal(value: unknown, scale: number): bigint {
  const read = parseScaled(String(value), scale);
  if (read !== undefined) return read;
  throw new TollgateError(
    "store.corrupt",
    `A rate card holds ${JSON.stringify(value)} as a price.`,
  );
}

function price(value: unknown): bigint {
  return value === undefined || value === null ? 0n : decimal(value, PRICE_SCALE);
}

/** What prices a charge: its document, and money for one credit where its card has credits. */
export interface PricedDocument {
  readonly meter: Json;
  readonly price: Json;
  readonly included?: unknown;
  readonly in?: unknown;
  readonly creditPrice?: unknown;
}

/** The amount of a total for one cell of a charge. What is included costs nothing. */
export function amountAgain(charge: PricedDocument, cell: string, total: bigint): bigint {
  const isFixed = charge.price.model === "percentage" && cell === "fixed";
  const free = isFixed ? 0n : includedIn(charge);
  const amount = total <= free ? 0n : modelAmount(charge.price, cell, total - free);
  if (charge.in !== "credits") return amount;
  return (amount * decimal(charge.creditPrice, FACTOR_SCALE)) / FACTOR_ONE;
}

/** What a total comes to when its period is closed. */
export interface ClosedAgain {
  readonly charged: bigint;
  /** What volume tiers make of it at the close, above that. */
  readonly correction: bigint;
  readonly included: bigint;
  /** Null: the charge is in money. */
  readonly credits: bigint | null;
}

/** What one version of a card makes of a total at the close. */
export function closedAgain(charge: PricedDocument, cell: string, total: bigint): ClosedAgain {
  const isFixed = charge.price.model === "percentage" && cell === "fixed";
  const free = isFixed ? 0n : includedIn(charge);
  const included = total < free ? total : free;
  const charged = amountAgain(charge, cell, total);
  const { in: _, ...inMoney } = charge;
  const credits = charge.in === "credits" ? amountAgain(inMoney, cell, total) : null;
  if (charge.price.model !== "volume") return { charged, correction: 0n, included, credits };
  const owed = volumeAmount(charge.price.tiers as readonly Json[], total - included);
  const price = charge.in === "credits" ? decimal(charge.creditPrice, FACTOR_SCALE) : FACTOR_ONE;
  return { charged, correction: (owed * price) / FACTOR_ONE - charged, included, credits };
}

/** All units at the price of the tier that they reach, and its flat amount. */
function volumeAmount(tiers: readonly Json[], units: bigint): bigint {
  if (units === 0n) return 0n;
  const isLast = ({ upTo }: Json) => upTo === undefined || upTo === null;
  const tier = tiers.find((one) => isLast(one) || units <= decimal(one.upTo, QUANTITY_SCALE));
  return units * price(tier?.unit) * PRODUCT_TO_AMOUNT + price(tier?.flat) * PRICE_TO_AMOUNT;
}

/** In the scale of what the charge counts. */
function includedIn({ meter, included }: PricedDocument): bigint {
  if (included === undefined || included === null) return 0n;
  return decimal(included, meter.sum === "cost" ? AMOUNT_SCALE : QUANTITY_SCALE);
}

function modelAmount(document: Json, cell: string, total: bigint): bigint {
  switch (document.model) {
    case "per_unit":
      return total * price(document.unit) * PRODUCT_TO_AMOUNT;
    case "flat":
      return price(document.amount) * PRICE_TO_AMOUNT;
    case "graduated":
    case "volume":
      return tieredAmount(document.tiers as readonly Json[], total);
    case "package": {
      const size = decimal(document.size, QUANTITY_SCALE);
      const whole = total / size;
      const started = total % size === 0n ? whole : whole + 1n;
      return started * price(document.amount) * PRICE_TO_AMOUNT;
    }
    case "matrix":
      return total * price(cellPrice(document, cell)) * PRODUCT_TO_AMOUNT;
    case "percentage": {
      if (cell === "fixed") return total * price(document.fixed) * PRODUCT_TO_AMOUNT;
      return total * decimal(document.percent, PERCENT_SCALE) * PERCENTAGE_TO_AMOUNT;
    }
    case "markup":
      return (total * (FACTOR_ONE + decimal(document.percent, PERCENT_SCALE))) / FACTOR_ONE;
    default: {
      const detail = `A rate card has a price of the model ${JSON.stringify(document.model)}.`;
      throw new TollgateError("store.corrupt", detail);
    }
  }
}

/** Two dimensions have cells in rows; the name of a cell is both values with a bar between. */
function cellPrice({ by, cells, otherwise }: Json, cell: string): unknown {
  if (cell === "*") return otherwise;
  if (!Array.isArray(by)) return (cells as Json)[cell];
  const [row = "", column = ""] = cell.split(" | ");
  return ((cells as Json)[row] as Json)[column];
}

/** Walks up the tiers: each costs its flat amount once it is entered, and its units. */
function tieredAmount(tiers: readonly Json[], total: bigint): bigint {
  let amount = 0n;
  let from = 0n;
  for (const tier of tiers) {
    const isLast = tier.upTo === undefined || tier.upTo === null;
    const end = isLast ? total : decimal(tier.upTo, QUANTITY_SCALE);
    const to = total < end ? total : end;
    amount += price(tier.flat) * PRICE_TO_AMOUNT;
    amount += (to - from) * price(tier.unit) * PRODUCT_TO_AMOUNT;
    from = end;
    if (total <= end) break;
  }
  return amount;
}
