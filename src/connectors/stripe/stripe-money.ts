/**
 * Amounts as Stripe writes them: whole numbers of a currency's smallest unit, with the exceptions
 * of docs.stripe.com/currencies: ISK and UGX are without decimals but written with two, and of
 * currencies with three decimals the last one must be 0.
 */
import { TollgateError } from "../../domain/errors.ts";
import { EXPORT_SCALE } from "../../domain/export/export-line.ts";
import { currencyDecimals } from "../../domain/money/currency.ts";

/** How a currency's amounts are written. */
export interface BilledForm {
  /** Decimal places that an amount may use. */
  readonly scale: number;
  /** Decimal places of the unit in which it is written. */
  readonly unitDigits: number;
}

const THREE_DECIMALS = 3;
const TWO_DECIMALS = 2;
const WRITTEN_WITH_TWO: ReadonlySet<string> = new Set(["ISK", "UGX"]);

/** The form of a currency by its upper-case code; null: it is not known here. */
export function billedForm(code: string): BilledForm | null {
  if (WRITTEN_WITH_TWO.has(code)) return { scale: 0, unitDigits: TWO_DECIMALS };
  const decimals = currencyDecimals(code);
  if (decimals === undefined) return null;
  return {
    scale: Math.min(decimals, TWO_DECIMALS),
    unitDigits: Math.min(decimals, THREE_DECIMALS),
  };
}

/** A value in smallest units. Throws `target.invalid` where it is none, or the currency differs. */
export function minorUnits(value: bigint, unit: string, currency: string): bigint {
  const form = billedForm(currency);
  if (unit.toUpperCase() !== currency || form === null) {
    const detail = `This is billed in ${unit}, and the target's currency is ${currency}.`;
    throw new TollgateError("target.invalid", `${detail} Add a target for ${unit}.`);
  }
  const least = 10n ** BigInt(EXPORT_SCALE - form.unitDigits);
  if (value % least === 0n) return value / least;
  throw new TollgateError("target.invalid", `${value} is no amount of ${currency}.`);
}
