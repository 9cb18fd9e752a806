/** Exact sums and differences of amount texts, as they come over the wire. */
import { present } from "../../domain/assert.ts";
import { type Amount, formatAmount, parseAmount } from "../../domain/money/decimal.ts";

function amountOf(text: string): Amount {
  return present(parseAmount(text), `the amount in ${JSON.stringify(text)}`);
}

/** The sum of decimal texts. */
export function sumAmounts(texts: readonly string[]): string {
  return formatAmount(texts.reduce((sum, text) => sum + amountOf(text), 0n) as Amount);
}

/** `a` less `b`. */
export function subtractAmounts(a: string, b: string): string {
  return formatAmount((amountOf(a) - amountOf(b)) as Amount);
}
