/** What the cards of a period owe beside their charges, worked out a second time. */
import { AMOUNT_SCALE } from "../../domain/limits.ts";
import { currencyDecimals } from "../../domain/money/currency.ts";
import { parseScaled } from "../../domain/money/decimal.ts";
import { divided } from "./divide-again.ts";
import type { Bounds, DiscountDocument, Span } from "./spans-again.ts";
import { frees, paidFromMs } from "./trial-again.ts";

/** A period that is billed, and the cards in force in it. */
export interface Billed {
  readonly key: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly timeZone: string;
  readonly startedAtMs: number;
  readonly spans: readonly Span[];
}

/** A fee for the stretch that owes it. */
export interface FeeAgain {
  readonly cardKey: string;
  readonly key: string;
  readonly name: string;
  readonly amount: bigint;
  readonly startMs: number;
  readonly endMs: number;
}

/** A minimum of a card's, and what the times that owe it come to. */
export interface LeastAgain {
  readonly amount: bigint;
  readonly times: readonly { readonly startMs: number; readonly endMs: number }[];
}

/** Least and most of a charge. */
export interface BoundAgain {
  readonly cardKey: string;
  readonly key: string;
  readonly name: string;
  readonly minimum: readonly LeastAgain[] | null;
  readonly maximum: bigint | null;
}

/** What a least of several times comes to. */
export function sumOfLeast(parts: readonly LeastAgain[]): bigint {
  return parts.reduce((sum, { amount }) => sum + amount, 0n);
}

/** The smallest amount of a currency. */
export function unitOf(currency: string): bigint {
  return 10n ** BigInt(AMOUNT_SCALE - (currencyDecimals(currency) ?? 2));
}

/** An amount of a card's document; null: it states none. */
export function statedAmount(value: unknown): bigint | null {
  if (value === undefined || value === null) return null;
  return parseScaled(String(value), AMOUNT_SCALE) ?? null;
}

interface Stretch {
  readonly fee: { readonly key: string; readonly name?: string; readonly prorate?: boolean };
  readonly cardKey: string;
  readonly full: bigint;
  readonly startMs: number;
  endMs: number;
}

/** Fees of each card for its part of the period, behind its trial. */
export function feesAgain(billed: Billed): FeeAgain[] {
  const stretches: Stretch[] = [];
  for (const span of billed.spans) {
    for (const fee of span.card.fees ?? []) {
      const startMs = paidFrom(span, fee.key, billed);
      if (startMs >= span.endMs) continue;
      const full = statedAmount(fee.amount) ?? 0n;
      const isSame = (one: Stretch) => one.cardKey === span.cardKey && one.fee.key === fee.key;
      const last = stretches.filter(isSame).at(-1);
      if (last?.endMs === startMs && last.full === full) last.endMs = span.endMs;
      else stretches.push({ fee, cardKey: span.cardKey, full, startMs, endMs: span.endMs });
    }
  }
  const groups = new Map<string, Stretch[]>();
  for (const stretch of stretches) {
    const key = `${stretch.full} ${stretch.fee.key}`;
    groups.set(key, [...(groups.get(key) ?? []), stretch]);
  }
  return [...groups.values()].flatMap((group) => partsOf(group, billed));
}

function partsOf(group: readonly Stretch[], billed: Billed): FeeAgain[] {
  const isWhole = group.some(({ fee }) => fee.prorate === false);
  const owing = isWhole ? group.slice(-1) : group;
  const full = owing[0]?.full ?? 0n;
  const parts = isWhole ? [full] : prorated(full, owing.map(lengthOf), billed);
  return owing.map(({ fee, cardKey, startMs, endMs }, at) => ({
    ...{ cardKey, key: fee.key, name: fee.name ?? fee.key, amount: parts[at] ?? 0n },
    startMs: isWhole ? billed.startMs : startMs,
    endMs: isWhole ? billed.endMs : endMs,
  }));
}

function lengthOf({ startMs, endMs }: { readonly startMs: number; readonly endMs: number }) {
  return endMs - startMs;
}

function paidFrom(span: Span, key: string | null, { startedAtMs }: Billed): number {
  const { trial } = span.card;
  if (trial === undefined || trial === null || !frees(trial, key)) return span.startMs;
  return Math.max(span.startMs, Math.min(span.endMs, paidFromMs(trial, startedAtMs)));
}

/** Parts of a period's amount; the time that nobody owes has its part as well. */
function prorated(full: bigint, lengths: readonly number[], billed: Billed): bigint[] {
  const unit = unitOf(billed.spans.at(-1)?.card.currency ?? "USD");
  const free = lengths.reduce((left, length) => left - length, lengthOf(billed));
  return divided(full, [...lengths, free].map(BigInt), full % unit === 0n ? unit : 1n);
}

/** Least and most of the charges of each card on the period: those of its last version. */
export function chargeBoundsAgain(billed: Billed): BoundAgain[] {
  const last = new Map(billed.spans.map((span) => [span.cardKey, span.card]));
  return [...last].flatMap(([cardKey, card]) =>
    (card.charges ?? []).flatMap((charge): BoundAgain[] => {
      const own = billed.spans.filter((span) => span.cardKey === cardKey);
      const of = (span: Span) => span.card.charges?.find(({ key }) => key === charge.key);
      const minimum = leastOf({ ...billed, spans: own }, charge.key, of);
      const maximum = statedAmount(charge.maximum);
      if (minimum === null && maximum === null) return [];
      return [{ cardKey, key: charge.key, name: charge.name ?? charge.key, minimum, maximum }];
    }),
  );
}

/** Least and most of the whole period. */
export function periodBoundsAgain(billed: Billed) {
  const minimum = leastOf(billed, null, ({ card }) => card);
  return { minimum, maximum: statedAmount(billed.spans.at(-1)?.card.maximum) };
}

/** Spans of equal least amounts count as one; null: no card has any. */
function leastOf(
  billed: Billed,
  key: string | null,
  of: (span: Span) => Bounds | undefined,
): LeastAgain[] | null {
  const owing = new Map<bigint, { startMs: number; endMs: number }[]>();
  for (const span of billed.spans) {
    const least = statedAmount(of(span)?.minimum);
    if (least === null) continue;
    const times = owing.get(least) ?? [];
    owing.set(least, times);
    const time = { startMs: paidFrom(span, key, billed), endMs: span.endMs };
    const last = times.at(-1);
    if (time.startMs === time.endMs) continue;
    if (last?.endMs === time.startMs) last.endMs = time.endMs;
    else times.push(time);
  }
  if (owing.size === 0) return null;
  return [...owing].map(([least, times]) => {
    const length = times.reduce((sum, time) => sum + lengthOf(time), 0);
    return { amount: prorated(least, [length], billed)[0] ?? 0n, times };
  });
}

/** Discounts of the card in force at the end that hold for the period, in their order. */
export function discountsAgain({ key, spans }: Billed): DiscountDocument[] {
  return (spans.at(-1)?.card.discounts ?? []).filter(({ from, until }) => {
    return (from ?? "") <= key && (until === undefined || until === null || key < until);
  });
}
