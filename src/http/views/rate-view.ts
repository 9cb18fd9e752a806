/** Rates between currencies as they are told. */
import { CONVERSION_RATE_SCALE } from "../../domain/limits.ts";
import type { ConversionRate } from "../../domain/money/conversion.ts";
import { formatScaled } from "../../domain/money/decimal.ts";
import { timeText } from "../instant.ts";

/** A rate as a document. */
export interface RateView {
  readonly from: string;
  readonly to: string;
  readonly rate: string;
  readonly effectiveFrom: string;
}

/** Tells a rate. */
export function rateView({ from, to, rate, effectiveFromMs }: ConversionRate): RateView {
  const text = formatScaled(rate, CONVERSION_RATE_SCALE);
  return { from, to, rate: text, effectiveFrom: timeText(effectiveFromMs) };
}
