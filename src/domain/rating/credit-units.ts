/**
 * What charges priced in a card's credits come to in these. Shares are kept in money, at the card's
 * price for a credit; that has at most six places, so the way back is exact where one version of
 * the card priced all of a share, and cut at the last place where several did.
 */
import { isTrialCell } from "../event/trial-cell.ts";
import type { Amount } from "../money/decimal.ts";
import type { CompiledCard } from "./meter.ts";
import { FACTOR_ONE } from "./price-model.ts";

/** An amount in the units of a card's credit. */
export interface CreditUnits {
  /** Of the credit, such as `AI credits`. */
  readonly name: string;
  readonly amount: Amount;
}

/** A part of a charge, in money. */
interface Part {
  readonly chargeKey: string;
  readonly cell: string;
  readonly amount: Amount;
}

/** What parts of a card's charges come to in its credits; null: it has none, or they touch none. */
export function creditUnitsOf(
  { credit, charges }: Pick<CompiledCard, "credit" | "charges">,
  parts: readonly Part[],
): CreditUnits | null {
  if (credit === null) return null;
  let amount = 0n;
  for (const part of parts) {
    const isPriced = charges.some(({ key, inCredits }) => inCredits && key === part.chargeKey);
    // What is free in a trial is charged to nobody.
    if (isPriced && !isTrialCell(part.cell)) amount += (part.amount * FACTOR_ONE) / credit.price;
  }
  return amount === 0n ? null : { name: credit.name, amount: amount as Amount };
}

/** Two amounts of one credit as one; null: both are nothing. */
export function addCreditUnits(a: CreditUnits | null, b: CreditUnits | null): CreditUnits | null {
  if (a === null || b === null) return a ?? b;
  return { name: a.name, amount: (a.amount + b.amount) as Amount };
}
