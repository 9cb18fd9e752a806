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
  const free = freeOf(charge, cell);
  const amount = total <= free ? 0n : modelAmount(charge.price, cell, total - free);
  return inMoneyOf(charge, amount);
}

/** What one version of a card counted, in the order in which versions took effect. */
export interface CountedAgain {
  readonly charge: PricedDocument;
  /** What the version is priced in; null: in money. */
  readonly credit: string | null;
  readonly quantity: bigint;
}

/** What is priced in money, or in one credit, of a count when its period is closed. */
export interface ClosedAgain {
  readonly credit: string | null;
  readonly quantity: bigint;
  readonly charged: bigint;
  /** What volume tiers make of it at the close, above that. */
  readonly correction: bigint;
  readonly included: bigint;
  /** `charged` and `correction` in the credit; nothing where it is in money. */
  readonly credits: bigint;
  readonly correctionCredits: bigint;
}

/**
 * What a count comes to at the close. Each version prices its own units behind those of the
 * versions before it; by volume tiers, at its price for the tier that all units reached, and the
 * flat amount of that tier is owed once, by the last.
 */
export function closedAgain(counted: readonly CountedAgain[], cell: string): ClosedAgain[] {
  const total = counted.reduce((sum, one) => sum + one.quantity, 0n);
  const last = counted.findLast(({ charge }) => charge.price.model === "volume");
  const parts = new Map<string | null, ClosedAgain>();
  let from = 0n;
  for (const one of counted) {
    const to = from + one.quantity;
    const now = segmentAgain(one, { cell, from, to, total, isLast: one === last });
    const before = parts.get(one.credit);
    parts.set(one.credit, before === undefined ? now : sumOf(before, now));
    from = to;
  }
  return [...parts.values()];
}

interface SegmentAt {
  readonly cell: string;
  readonly from: bigint;
  readonly to: bigint;
  readonly total: bigint;
  /** Whether it owes the flat amount of the volume tier that was reached. */
  readonly isLast: boolean;
}

function segmentAgain(
  { charge, credit, quantity }: CountedAgain,
  { cell, from, to, total, isLast }: SegmentAt,
): ClosedAgain {
  const { in: _, ...plain } = charge;
  const billable = greatest(0n, to - greatest(from, freeOf(charge, cell)));
  const share = amountAgain(plain, cell, to) - amountAgain(plain, cell, from);
  let correction = 0n;
  if (charge.price.model === "volume") {
    const { unit, flat } = tierReached(charge, total);
    correction = billable * unit * PRODUCT_TO_AMOUNT - share;
    if (isLast) correction += flat * PRICE_TO_AMOUNT;
  }
  const [charged, corrected] = [inMoneyOf(charge, share), inMoneyOf(charge, correction)];
  const isInCredits = charge.in === "credits";
  return {
    ...{ credit, quantity, charged, correction: corrected, included: quantity - billable },
    credits: isInCredits ? share : 0n,
    correctionCredits: isInCredits ? correction : 0n,
  };
}

/** Two parts as one, in what the later is priced in. */
export function sumOf(a: ClosedAgain, b: ClosedAgain): ClosedAgain {
  return {
    credit: b.credit ?? a.credit,
    quantity: a.quantity + b.quantity,
    charged: a.charged + b.charged,
    correction: a.correction + b.correction,
    included: a.included + b.included,
    credits: a.credits + b.credits,
    correctionCredits: a.correctionCredits + b.correctionCredits,
  };
}

/** What of a total is free. */
function freeOf(charge: PricedDocument, cell: string): bigint {
  return charge.price.model === "percentage" && cell === "fixed" ? 0n : includedIn(charge);
}

/** Unit and flat price of the volume tier that a total reaches beyond what is included. */
function tierReached(charge: PricedDocument, total: bigint) {
  const units = total - includedIn(charge);
  if (units <= 0n) return { unit: 0n, flat: 0n };
  const tiers = charge.price.tiers as readonly Json[];
  const isLast = ({ upTo }: Json) => upTo === undefined || upTo === null;
  const tier = tiers.find((one) => isLast(one) || units <= decimal(one.upTo, QUANTITY_SCALE));
  return { unit: price(tier?.unit), flat: price(tier?.flat) };
}

function inMoneyOf(charge: PricedDocument, amount: bigint): bigint {
  if (charge.in !== "credits") return amount;
  return (amount * decimal(charge.creditPrice, FACTOR_SCALE)) / FACTOR_ONE;
}

function greatest(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
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
