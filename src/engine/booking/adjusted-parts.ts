/**
 * What of a moved counter is in credits. A difference to a closed period is booked in parts, each
 * of them all in money or all in one credit, so that a wallet in that credit pays for it, or gets
 * it back, as it would have had the usage come in time.
 */
import { present } from "../../domain/assert.ts";
import type { Amount } from "../../domain/money/decimal.ts";
import type { Adjustment } from "../../domain/period/records.ts";
import {
  type Counter,
  EMPTY_COUNTER,
  type PartInCredits,
  partsInCredits,
  segmentsOf,
} from "../../domain/rating/counter.ts";
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

/** What of a counter is priced in credits, one part for each credit. */
export function counterInCredits(
  tariff: Pick<Tariff, "cardById">,
  { chargeKey, cell }: ChargeAt,
  counter: Counter,
): PartInCredits[] {
  // Most are in money, and what bounds of runs come to is of no charge.
  const isInCredits = segmentsOf(counter).some(({ cardVersionId }) => {
    const { charges } = tariff.cardById(cardVersionId);
    return charges.some(({ key, inCredits }) => inCredits && key === chargeKey);
  });
  if (!isInCredits) return [];
  return partsInCredits(counter, (id) => tariff.cardById(id).segmentPrice(chargeKey, cell));
}

/** The parts of what a move came to; none where it came to nothing. */
export function adjustedParts(
  tariff: Pick<Tariff, "cardById">,
  at: ChargeAt,
  { before = EMPTY_COUNTER, after = EMPTY_COUNTER }: Moved,
): AdjustedPart[] {
  const is = counterInCredits(tariff, at, after);
  const was = counterInCredits(tariff, at, before);
  const names = new Set([...is, ...was].map(({ credit }) => credit.name));
  const parts = [...names].flatMap((wanted): AdjustedPart[] => {
    const isIts = ({ credit }: PartInCredits) => credit.name === wanted;
    const [now, then] = [is.find(isIts), was.find(isIts)];
    const { name, price } = present(now ?? then, "a part in the credit").credit;
    const credits = ((now?.credits ?? 0n) - (then?.credits ?? 0n)) as Amount;
    const money = ((now?.money ?? 0n) - (then?.money ?? 0n)) as Amount;
    return credits === 0n ? [] : [{ amount: money, credits: { name, price, amount: credits } }];
  });
  const inCredits = parts.reduce((sum, { amount }) => sum + amount, 0n);
  const rest = (after.amount - before.amount - inCredits) as Amount;
  return rest === 0n ? parts : [...parts, { amount: rest, credits: null }];
}
