/** Negotiated discounts, folded into prices at import: what is kept is what we pay. */
import type { PriceEntry, Rate } from "../../domain/cost/price-book.ts";
import { FACTOR_SCALE } from "../../domain/limits.ts";
import type { Factor, Price } from "../../domain/money/decimal.ts";
import { invalid } from "./price-document-reader.ts";

const ONE = 10n ** BigInt(FACTOR_SCALE);

/**
 * The entry at its prices less the discount (a factor: 0.15 for 15 %). Throws `price.invalid`
 * where a discounted price needs more than 18 decimal places, since that would round.
 */
export function discounted(entry: PriceEntry, discount: Factor, path: string): PriceEntry {
  if (discount === 0n) return entry;
  const periods = entry.periods.map((period, at) => {
    const place = `${path}.periods[${at}]`;
    const rates = period.rates.map((rate, index) =>
      discountedRate(rate, discount, `${place}.rates[${index}]`),
    );
    return { ...period, rates };
  });
  return { ...entry, periods };
}

function discountedRate(rate: Rate, discount: Factor, path: string): Rate {
  const price = discountedPrice(rate.price, discount, `${path}.price`);
  const tiers = rate.tiers.map((tier, index) => {
    const place = `${path}.tiers[${index}].price`;
    return { ...tier, price: discountedPrice(tier.price, discount, place) };
  });
  return { ...rate, price, tiers };
}

function discountedPrice(price: Price, discount: Factor, path: string): Price {
  const product = price * (ONE - discount);
  if (product % ONE === 0n) return (product / ONE) as Price;
  throw invalid("The price less its discount has more than 18 decimal places.", path);
}
