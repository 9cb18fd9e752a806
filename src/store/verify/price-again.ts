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

/** The amount of a total for one cell of a price. A total of nothing costs nothing. */
export function amountAgain(document: Json, cell: string, total: bigint): bigint {
  if (total === 0n) return 0n;
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
    case "matrix": {
      const unit = cell === "*" ? document.otherwise : (document.cells as Json)[cell];
      return total * price(unit) * PRODUCT_TO_AMOUNT;
    }
    case "markup":
      return (total * (FACTOR_ONE + decimal(document.percent, PERCENT_SCALE))) / FACTOR_ONE;
    default: {
      const detail = `A rate card has a price of the model ${JSON.stringify(document.model)}.`;
      throw new TollgateError("store.corrupt", detail);
    }
  }
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
