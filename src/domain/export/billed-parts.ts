/** Parts of a bill in the digits that a target's documents have, adding up to the line. */
import { quotient } from "../money/rounding.ts";
import { type DocumentPart, EXPORT_SCALE, parseValue } from "./export-line.ts";

/** A part as it is billed. */
export interface BilledPart {
  readonly item: string;
  readonly description: string;
  readonly value: bigint;
}

/** What a document is told in. */
export interface BillForm {
  /** What the line is of: the parts come to that. */
  readonly value: bigint;
  /** Decimal places of an amount. */
  readonly scale: number;
  /** Most parts; those beyond are one of them, the last. */
  readonly maxCount: number;
}

/**
 * Rounds parts so that they add up to the line: each is what the rounded running sum grows by, so
 * none is more than one unit off. What the line is more or less than its parts, because a rest was
 * carried, is a part `rounding` of its own. Parts that come to nothing are left out.
 */
export function billedParts(
  parts: readonly DocumentPart[],
  { value, scale, maxCount }: BillForm,
): BilledPart[] {
  const unit = 10n ** BigInt(EXPORT_SCALE - scale);
  let [running, told] = [0n, 0n];
  const all = parts.map(({ item, description, quantity, amount }) => {
    running += parseValue(amount) ?? 0n;
    const grown = quotient(running, unit, "half_even") * unit - told;
    told += grown;
    const text = quantity === null ? description : `${description} (${quantity})`;
    return { item, description: text, value: grown };
  });
  const rest = { item: "rounding", description: "Rounding", value: value - told };
  return shortened(
    [...all, rest].filter((part) => part.value !== 0n),
    maxCount,
  );
}

function shortened(parts: readonly BilledPart[], maxCount: number): BilledPart[] {
  if (parts.length <= maxCount) return [...parts];
  const others = parts.slice(maxCount - 1);
  const value = others.reduce((sum, part) => sum + part.value, 0n);
  const description = `${others.length} more lines`;
  return [...parts.slice(0, maxCount - 1), { item: "others", description, value }];
}
