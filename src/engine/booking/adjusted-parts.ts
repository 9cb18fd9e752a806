/**
 * What of a moved counter is in credits. A difference to a closed period is booked in parts, each
 * of them all in money or all in one credit, so that a wallet in that credit pays for it, or gets
 * it back, as it would have had the usage come in time.
 */
import type { Amount } from "../../domain/money/decimal.ts";
import type { AdjustedCredits, Adjustment } from "../../domain/period/records.ts";
import {
  type Counter,
  EMPTY_COUNTER,
  partInCredits,
  segmentsOf,
} from "../../domain/rating/counter.ts";
import type { Credit } from "../../domain/rating/rate-card.ts";
import type { Tariff } from "../cards/tariff.ts";

/** A part of a difference. */
export type AdjustedPart = Pick<Adjustment, "amount" | "credits">;

/** Whose counter it is. */
type ChargeAt = Pick<Adjustment, "chargeKey" | "cell">;

/** A counter before and after; undefined: it has not counted. */
interface Moved {
  readonly before: Counter | undefined;
  readonly after: Counter | undefined;
}

/** What of a counter is priced in credits, and in which; null: nothing is. */
export function counterInCredits(
  tariff: Pick<Tariff, "cardById">,
  { chargeKey, cell }: ChargeAt,
  counter: Counter,
): (AdjustedCredits & { readonly money: Amount }) | null {
  const credit = creditOf(tariff, chargeKey, counter);
  if (credit === null) return null;
  const priceOf = (id: number) => tariff.cardById(id).segmentPrice(chargeKey, cell);
  const { credits, money } = partInCredits(counter, priceOf);
  return { ...credit, amount: credits, money };
}

/** The credit of the last version that priced the charge in one. */
export function creditOf(
  tariff: Pick<Tariff, "cardById">,
  chargeKey: string,
  counter: Counter,
): Credit | null {
  for (const { cardVersionId } of segmentsOf(counter).toReversed()) {
    const { credit, charges } = tariff.cardById(cardVersionId);
    if (credit !== null && charges.some(({ key, inCredits }) => inCredits && key === chargeKey)) {
      return credit;
    }
  }
  return null;
}

/** The parts of what a move came to; none where it came to nothing. */
export function adjustedParts(
  tariff: Pick<Tariff, "cardById">,
  at: ChargeAt,
  { before = EMPTY_COUNTER, after = EMPTY_COUNTER }: Moved,
): AdjustedPart[] {
  const amount = after.amount - before.amount;
  const is = counterInCredits(tariff, at, after);
  const was = counterInCredits(tariff, at, before);
  const credit = is ?? was;
  if (credit === null) return partsOf({ amount, credits: null });
  const { name, price } = credit;
  const moved = ((is?.amount ?? 0n) - (was?.amount ?? 0n)) as Amount;
  const money = (is?.money ?? 0n) - (was?.money ?? 0n);
  const credits = moved === 0n ? null : { name, price, amount: moved };
  if (credits === null) return partsOf({ amount, credits });
  return [
    ...partsOf({ amount: money, credits }),
    ...partsOf({ amount: amount - money, credits: null }),
  ];
}

function partsOf({ amount, credits }: { amount: bigint; credits: AdjustedCredits | null }) {
  return amount === 0n && credits === null ? [] : [{ amount: amount as Amount, credits }];
}
