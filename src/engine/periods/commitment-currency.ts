/**
 * A commitment is in the currency of its customer's card. Statements in another currency would not
 * draw it, and at its end nobody would be billed what is missing. A dated rate could tell what
 * usage is worth, but not what somebody has agreed to: whoever changes the currency agrees anew.
 */
import { type Problem, TollgateError } from "../../domain/errors.ts";
import type { Commitment } from "../../domain/period/commitment.ts";
import type { RateCardVersion } from "../../domain/rating/rate-card.ts";
import { recordedAct, recordedActs } from "../acts/recorded-acts.ts";
import type { Reads } from "../ports.ts";
import { commitmentsIn, type SavedCommitments } from "./commitments.ts";

/** The currency of a card by its key (null: the default card): all versions have one. */
export function currencyOfCard(
  cards: readonly RateCardVersion[],
  cardKey: string | null,
): string | null {
  const key = cardKey ?? cards[0]?.card.key;
  return cards.find(({ card }) => card.key === key)?.card.currency ?? null;
}

/** What is wrong with commitments of who is billed in a currency (null: in none yet). */
export function currencyProblems(
  commitments: readonly Commitment[],
  billedIn: string | null,
): Problem[] {
  return commitments.flatMap(({ currency }, index): Problem[] => {
    if (billedIn === null || currency === billedIn) return [];
    const detail = `${currency} is not the currency of the customer's card, which is ${billedIn}.`;
    return [{ code: "commitment.invalid", field: `commitments[${index}].currency`, detail }];
  });
}

/** Throws `customer.card_fixed` where a card is in another currency than the commitments. */
export async function requireCommittedCurrency(
  store: Reads,
  workspace: string,
  { customer, cardKey }: { readonly customer: string; readonly cardKey: string | null },
): Promise<void> {
  const of = { kind: "commitments.saved", subject: customer } as const;
  const saved = await recordedAct<SavedCommitments>(store, workspace, of);
  if (saved === undefined) return;
  const currency = currencyOfCard(await store.cards(workspace), cardKey);
  const detail = mismatch(saved, currency);
  if (detail !== null) throw new TollgateError("customer.card_fixed", detail, "cardKey");
}

/** Throws `ratecard.invalid` where the first card, everybody's, is in another currency. */
export async function requireFirstCardCurrency(
  store: Reads,
  workspace: string,
  currency: string,
): Promise<void> {
  const all = await recordedActs<SavedCommitments>(store, workspace, { kind: "commitments.saved" });
  const newest = new Map(all.map((saved) => [saved.customer, saved]));
  for (const saved of newest.values()) {
    const detail = mismatch(saved, currency);
    if (detail !== null) throw new TollgateError("ratecard.invalid", detail, "currency");
  }
}

function mismatch(saved: SavedCommitments, billedIn: string | null): string | null {
  const [problem] = currencyProblems(commitmentsIn(saved), billedIn);
  const other = commitmentsIn(saved).find(({ currency }) => currency !== billedIn);
  if (problem === undefined || other === undefined) return null;
  return (
    `Customer "${saved.customer}" has agreed to use up "${other.key}" in ${other.currency}, ` +
    `and the card is in ${billedIn}. Set its commitments anew first.`
  );
}
