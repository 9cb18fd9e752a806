/** Exact products of decimal texts. */
import { formatAmount, parsePrice, parseQuantity, priceQuantity } from "../product.ts";

/** quantity × price, as decimal text. Throws where either is no decimal in its scale. */
export function timesPrice(quantity: string, price: string): string {
  const [units, each] = [parseQuantity(quantity), parsePrice(price)];
  if (units === undefined || each === undefined) throw new TypeError(`${quantity} × ${price}`);
  return formatAmount(priceQuantity(units, each));
}
