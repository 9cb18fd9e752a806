/**
 * What the cards of a period say beside their charges: fees, bounds and discounts, each for the
 * part of the period for which a card was in force. Fees and minimums are owed for their part of
 * the period in milliseconds, in whole units of the currency where the full amount is one, by
 * largest remainder: an amount that does not change adds up to itself however often the card does.
 * Maximums and discounts are those of the last card, in full.
 */
import { present } from "../assert.ts";
import { allocate, smallestUnit } from "../money/allocate.ts";
import { currencyDecimals } from "../money/currency.ts";
import { type Amount, ZERO_AMOUNT } from "../money/decimal.ts";
import type { Charge, Discount, Fee, RateCard } from "../rating/rate-card.ts";
import { coversKey, trialEndMs } from "../rating/trial.ts";
import type { BillingPeriod } from "./billing-period.ts";
import { type CardsInOrder, lineOrder } from "./line-order.ts";
import type { PartialMinimum, TimeSpan } from "./told-times.ts";

/** A stretch of a period for which one card version was in force for the customer. */
export interface CardSpan {
  readonly card: RateCard;
  readonly startMs: number;
  readonly endMs: number;
}

/** What the terms of a period are made of. */
export interface TermsInput {
  readonly period: BillingPeriod;
  /** In order, without overlap, inside the period; none before the customer's start. */
  readonly spans: readonly CardSpan[];
  /** When the customer started, from which a trial counts; null: it has no trial. */
  readonly startedAtMs: number | null;
}

/** A fee for the stretch that owes it: the whole period where the fee is not prorated. */
export interface FeePart {
  readonly cardKey: string;
  readonly feeKey: string;
  readonly name: string;
  readonly amount: Amount;
  readonly startMs: number;
  readonly endMs: number;
}

/** Least and most of one charge in the period. */
export interface ChargeBounds {
  readonly cardKey: string;
  readonly chargeKey: string;
  readonly name: string;
  readonly minimum: Amount | null;
  /** Like those of the whole period. */
  readonly minimumParts: readonly PartialMinimum[];
  readonly maximum: Amount | null;
}

/** What a period owes beside what was counted. */
export interface PeriodTerms {
  /** Cards of the period, each as it was last, in order of their beginning. */
  readonly cards: CardsInOrder;
  /** In the order of their cards. */
  readonly fees: readonly FeePart[];
  /** In the order of the charges on their cards. */
  readonly chargeBounds: readonly ChargeBounds[];
  /** Those that apply to the period, in order. */
  readonly discounts: readonly Discount[];
  readonly minimum: Amount | null;
  /** The parts of the period that owe the minimum; none where it is one and of the whole. */
  readonly minimumParts: readonly PartialMinimum[];
  readonly maximum: Amount | null;
}

/** Terms of a period without a card. */
export const NO_TERMS: PeriodTerms = {
  cards: [],
  fees: [],
  chargeBounds: [],
  discounts: [],
  minimum: null,
  minimumParts: [],
  maximum: null,
};

/** The terms of a period. */
export function periodTerms(input: TermsInput): PeriodTerms {
  const last = input.spans.at(-1)?.card;
  if (last === undefined) return NO_TERMS;
  const { key: period } = input.period;
  const cards = [...new Map(input.spans.map(({ card }) => [card.key, card])).values()];
  return {
    cards,
    fees: inOrder(feeParts(input), cards),
    chargeBounds: cards.flatMap((card) => chargeBounds(input, card)),
    discounts: last.discounts.filter((discount) => appliesTo(discount, period)),
    ...minimumOf(
      input,
      () => true,
      (card) => ({ key: null, minimum: card.minimum }),
    ),
    maximum: last.maximum,
  };
}

/** Dates compare as text. */
function appliesTo({ from, until }: Discount, period: string): boolean {
  return (from === null || from <= period) && (until === null || period < until);
}

/** The part of a span that is not a trial of the charge or fee (null: of the whole card). */
function paidSpan(span: CardSpan, key: string | null, { startedAtMs }: TermsInput): CardSpan {
  const { trial } = span.card;
  if (trial === null || startedAtMs === null || !coversKey(trial, key)) return span;
  const freeUntilMs = Math.min(trialEndMs(trial, startedAtMs), span.endMs);
  return { ...span, startMs: Math.max(span.startMs, freeUntilMs) };
}

/** Fees as their cards list them, the parts of one side by side. */
function inOrder(fees: readonly FeePart[], cards: readonly RateCard[]): FeePart[] {
  const order = lineOrder(cards.map(({ key, fees: charges }) => ({ key, charges })));
  const of = ({ cardKey, feeKey }: FeePart) => ({ cardKey, chargeKey: feeKey });
  return fees.toSorted((a, b) => order(of(a), of(b)));
}

interface OwedFee {
  readonly fee: Fee;
  readonly cardKey: string;
  readonly startMs: number;
  endMs: number;
}

function feeParts(input: TermsInput): FeePart[] {
  const owed: OwedFee[] = [];
  for (const span of input.spans) {
    for (const fee of span.card.fees) addFee(owed, fee, paidSpan(span, fee.key, input));
  }
  const groups = Map.groupBy(owed, ({ fee }) => `${fee.amount} ${fee.key}`);
  return [...groups.values()].flatMap((group) => partsOf(group, input));
}

/** A version that leaves the fee as it is does not divide it. */
function addFee(owed: OwedFee[], fee: Fee, { card, startMs, endMs }: CardSpan): void {
  if (startMs >= endMs) return;
  const former = owed.findLast((one) => one.fee.key === fee.key && one.cardKey === card.key);
  const goesOn = former?.endMs === startMs && former.fee.amount === fee.amount;
  if (former !== undefined && goesOn) former.endMs = endMs;
  else owed.push({ fee, cardKey: card.key, startMs, endMs });
}

function partsOf(group: readonly OwedFee[], input: TermsInput): FeePart[] {
  const prorated = group.every(({ fee }) => fee.isProrated);
  // A fee that is not prorated is owed once, whole, by the card that had it last.
  const owed = prorated ? group : group.slice(-1);
  const full = present(owed[0]?.fee.amount, "a group of fees has one");
  const lengths = owed.map(({ startMs, endMs }) => endMs - startMs);
  const amounts = prorated ? prorate(full, lengths, input) : [full];
  return owed.map(({ fee, cardKey, ...part }, index) => {
    const amount = amounts[index] ?? ZERO_AMOUNT;
    const { startMs, endMs } = prorated ? part : input.period;
    return { cardKey, feeKey: fee.key, name: fee.name, amount, startMs, endMs };
  });
}

/** The parts of a full amount for these lengths of time; what is left is owed by nobody. */
function prorate(full: Amount, lengthsMs: readonly number[], input: TermsInput): Amount[] {
  const { period, spans } = input;
  const currency = present(spans.at(-1), "span of a card").card.currency;
  const unit = smallestUnit(present(currencyDecimals(currency), `decimals of ${currency}`));
  const restMs = lengthsMs.reduce((left, one) => left - one, period.endMs - period.startMs);
  const weights = [...lengthsMs, restMs].map(BigInt);
  return allocate(full, weights, full % unit === 0n ? unit : 1n).slice(0, -1);
}

function chargeBounds(input: TermsInput, card: RateCard): ChargeBounds[] {
  return card.charges.flatMap((charge): ChargeBounds[] => {
    const least = chargeMinimum(input, card.key, charge);
    const { key: chargeKey, name, maximum } = charge;
    if (least.minimum === null && maximum === null) return [];
    return [{ cardKey: card.key, chargeKey, name, ...least, maximum }];
  });
}

function chargeMinimum(input: TermsInput, cardKey: string, { key }: Charge): Least {
  return minimumOf(
    input,
    (card) => card.key === cardKey,
    ({ charges }) => ({ key, minimum: charges.find((one) => one.key === key)?.minimum ?? null }),
  );
}

type Least = Pick<ChargeBounds, "minimum" | "minimumParts">;

type MinimumOf = (card: RateCard) => {
  readonly key: string | null;
  readonly minimum: Amount | null;
};

/** The minimums of the cards, each for its part of the period; null where no card has one. */
function minimumOf(
  input: TermsInput,
  isOurs: (card: RateCard) => boolean,
  minimumIn: MinimumOf,
): Least {
  const owing = new Map<Amount, TimeSpan[]>();
  for (const span of input.spans.filter(({ card }) => isOurs(card))) {
    const { key, minimum } = minimumIn(span.card);
    if (minimum === null) continue;
    const spans = owing.get(minimum) ?? [];
    owing.set(minimum, spans);
    addSpan(spans, paidSpan(span, key, input));
  }
  if (owing.size === 0) return { minimum: null, minimumParts: [] };
  const parts = [...owing].map(([full, spans]): PartialMinimum => {
    const ms = spans.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
    return { amount: prorate(full, [ms], input)[0] ?? ZERO_AMOUNT, spans };
  });
  const minimum = parts.reduce<bigint>((sum, { amount }) => sum + amount, 0n) as Amount;
  const owed = parts.filter(({ spans }) => spans.length > 0);
  const isWhole = owed.every(({ spans }) => spans.some((span) => isAllOf(input.period, span)));
  return { minimum, minimumParts: isWhole ? [] : owed };
}

/** A version that leaves the minimum as it is does not divide its time. */
function addSpan(spans: TimeSpan[], { startMs, endMs }: TimeSpan): void {
  if (startMs >= endMs) return;
  const before = spans.at(-1);
  if (before?.endMs !== startMs) spans.push({ startMs, endMs });
  else spans[spans.length - 1] = { startMs: before.startMs, endMs };
}

function isAllOf(period: BillingPeriod, { startMs, endMs }: TimeSpan): boolean {
  return startMs === period.startMs && endMs === period.endMs;
}
