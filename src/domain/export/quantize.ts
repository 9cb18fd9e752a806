/** Rounds what is due to a number that a target can hold; what is left over is carried. */
import { quotient } from "../money/rounding.ts";
import type { NumberForm } from "./capability.ts";
import { EXPORT_SCALE } from "./export-line.ts";

/**
 * The value to send of what is due: half-even to the form's places, towards nothing where it has
 * too many digits, and nothing where less than nothing cannot be sent.
 */
export function quantize(due: bigint, form: NumberForm): bigint {
  if (due < 0n && !form.negative) return 0n;
  const unit = 10n ** BigInt(EXPORT_SCALE - Math.min(form.scale, EXPORT_SCALE));
  const rounded = quotient(due, unit, "half_even") * unit;
  if (form.significantDigits === null) return rounded;
  const digits = digitCount(rounded < 0n ? -rounded : rounded);
  const dropped = digits - form.significantDigits;
  if (dropped <= 0) return rounded;
  const coarse = 10n ** BigInt(dropped);
  // A number of so many nines would round up to one digit more: down is always a number.
  return rounded - (rounded % coarse);
}

function digitCount(magnitude: bigint): number {
  return magnitude.toString().length;
}
