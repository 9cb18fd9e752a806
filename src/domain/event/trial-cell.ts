/**
 * Cells of what is free in a customer's trial. It is counted apart, in a counter of its own for
 * each cell of its charge, and priced like the rest; what it comes to is told and never charged.
 */
import { type Amount, ZERO_AMOUNT } from "../money/decimal.ts";

/** Beginning of the cells of trials; no value on a card begins so. */
export const TRIAL_PREFIX = "~trial:";

/** The cell in which a trial counts what would be in this one. */
export function trialCell(cell: string): string {
  return `${TRIAL_PREFIX}${cell}`;
}

/** Whether what a cell counts is free. */
export function isTrialCell(cell: string): boolean {
  return cell.startsWith(TRIAL_PREFIX);
}

/** The cell whose price holds: that of a trial has the price that is paid after it. */
export function pricedCell(cell: string): string {
  return isTrialCell(cell) ? cell.slice(TRIAL_PREFIX.length) : cell;
}

/** What shares charge: those of a trial tell what they would have. */
export function chargedBy(
  shares: readonly { readonly cell: string; readonly amount: Amount }[],
): Amount {
  let sum: bigint = ZERO_AMOUNT;
  for (const { cell, amount } of shares) if (!isTrialCell(cell)) sum += amount;
  return sum as Amount;
}
