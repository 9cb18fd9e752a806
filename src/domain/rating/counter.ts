/**
 * What a charge has counted for a customer in a period, and what that comes to. A counter goes on
 * when a new card version takes effect: each version prices what it metered, starting where the
 * versions before it ended.
 *
 *   total = Σ over segments of f(offset + quantity) − f(offset),
 *   offset = Σ of the earlier segments' quantities, f = price function of the segment's version.
 *
 * The total depends on the segments only. Therefore shares, which are differences of totals, add
 * up to the same sum in every order of arrival, in a batch or one by one, and voiding all leaves
 * nothing. A share itself may be negative for a step that arrives after a later version's steps,
 * because it moves those further up their tiers.
 *
 * A charge may change its price model between versions: the law holds for any f. A charge that
 * vanishes keeps the segments it has. A charge that starts to count something else (seconds
 * instead of steps) starts anew, since seconds are no offset for steps. A matrix has one counter
 * for each cell, so a charge that becomes a matrix starts anew as well.
 */
import { assert } from "../assert.ts";
import { type Amount, ZERO_AMOUNT } from "../money/decimal.ts";
import { FACTOR_ONE, type PriceFunction } from "./price-model.ts";
import type { Credit } from "./rate-card.ts";

/** What one card version metered. Never zero or negative. */
export interface Segment {
  readonly cardVersionId: number;
  /** A Quantity, or an Amount where the charge meters cost. */
  readonly quantity: bigint;
}

/**
 * The counter of one customer, period, card, charge and cell: its first segment and what stands
 * behind it, in the order in which the versions take effect, then by version id. Nearly all have
 * one, and every step moves several: a list of one took longer to find and to make than what it
 * says. Plain data, since counters cross threads.
 */
export interface Counter {
  /** The version of the first segment; null: there is none. */
  readonly cardVersionId: number | null;
  /** The quantity of the first segment. */
  readonly quantity: bigint;
  /** The segments behind it. */
  readonly later: readonly Segment[];
  /** The running total. It follows from the segments and is kept to spare the evaluation. */
  readonly amount: Amount;
}

const NONE: readonly Segment[] = [];

/** A counter that nothing has moved, or from which everything was taken off again. */
export const EMPTY_COUNTER: Counter = counterOf([], ZERO_AMOUNT);

/** The counter of these segments, which are in their order. */
export function counterOf(segments: readonly Segment[], amount: Amount): Counter {
  const [first, ...others] = segments;
  const later = others.length === 0 ? NONE : others;
  const { cardVersionId = null, quantity = 0n } = first ?? {};
  return { cardVersionId, quantity, later, amount };
}

/** All segments of a counter, in their order. */
export function segmentsOf({ cardVersionId, quantity, later }: Counter): readonly Segment[] {
  return cardVersionId === null ? NONE : [{ cardVersionId, quantity }, ...later];
}

/** How one card version prices a counter. */
export interface SegmentPrice {
  readonly effectiveFromMs: number;
  /** What the charge counts: `steps`, `sum:seconds`. Only equal measures are added up. */
  readonly measure: string;
  readonly price: PriceFunction;
}

/** The price of a card version, for the counter at hand. */
export type PriceOfVersion = (cardVersionId: number) => SegmentPrice;

/** A quantity put on (positive) or taken off (negative) under a card version. */
export interface Move {
  readonly cardVersionId: number;
  readonly delta: bigint;
}

/** A counter after a move. */
export interface Advanced {
  readonly counter: Counter;
  /** Running total after − before. */
  readonly marginal: Amount;
}

/**
 * Moves a counter (undefined: nothing counted yet). Crashes where more is taken off than was put
 * on. Counters that only one version has moved, nearly all, cost one evaluation of its price.
 */
export function advance(
  counter: Counter | undefined,
  move: Move,
  priceOf: PriceOfVersion,
): Advanced {
  const after = moveCounter(counter, move, priceOf);
  return { counter: after, marginal: marginalOf(counter, after) };
}

/** What a move has changed of a running total. */
export function marginalOf(before: Counter | undefined, after: Counter): Amount {
  return before === undefined ? after.amount : ((after.amount - before.amount) as Amount);
}

/** The counter alone that `advance` comes to. */
export function moveCounter(
  counter: Counter | undefined,
  move: Move,
  priceOf: PriceOfVersion,
): Counter {
  const { cardVersionId } = move;
  const alone = moveAlone(counter, move, priceOf(cardVersionId).price);
  return alone ?? moveAmong(segmentsOf(counter ?? EMPTY_COUNTER), move, priceOf);
}

/**
 * The same of a counter that no other version has moved, by that version's price: nearly all, on
 * the path of every step. Null: another has.
 */
export function moveAlone(
  counter: Counter | undefined,
  move: Move,
  price: PriceFunction,
): Counter | null {
  const { cardVersionId, quantity, later } = counter ?? EMPTY_COUNTER;
  const isAlone = cardVersionId === null || cardVersionId === move.cardVersionId;
  if (!isAlone || later.length > 0) return null;
  const moved = movedQuantity(quantity, move);
  if (moved === 0n) return EMPTY_COUNTER;
  const amount = price.amountAt(moved);
  return { cardVersionId: move.cardVersionId, quantity: moved, later: NONE, amount };
}

function moveAmong(segments: readonly Segment[], move: Move, priceOf: PriceOfVersion): Counter {
  const { cardVersionId } = move;
  const own = segments.find((segment) => segment.cardVersionId === cardVersionId);
  const quantity = movedQuantity(own?.quantity ?? 0n, move);
  const kept = segments.filter((segment) => segment !== own);
  const moved = quantity === 0n ? kept : [...kept, { cardVersionId, quantity }];
  const sorted = moved.toSorted((a, b) => {
    const order =
      priceOf(a.cardVersionId).effectiveFromMs - priceOf(b.cardVersionId).effectiveFromMs;
    return order === 0 ? a.cardVersionId - b.cardVersionId : order;
  });
  return counterOf(sorted, runningTotal(sorted, priceOf));
}

function movedQuantity(quantity: bigint, { cardVersionId, delta }: Move): bigint {
  const moved = quantity + delta;
  assert(moved >= 0n, `card version ${cardVersionId} never takes off more than it put on`);
  return moved;
}

/** The running total of segments in order, evaluated from nothing. */
export function runningTotal(segments: readonly Segment[], priceOf: PriceOfVersion): Amount {
  let total = 0n;
  for (const count of countsOf(segments, priceOf)) total += count.running;
  return total as Amount;
}

/**
 * What a counter comes to at the close of its period, for one thing that it counted, in money or in
 * one credit: a charge that is in credits from some version on is two counts.
 */
export interface ClosedCount {
  readonly measure: string;
  readonly quantity: bigint;
  /** What of the quantity was free: the allowances of the versions that metered it. */
  readonly included: bigint;
  /** What the steps' shares add up to. */
  readonly running: Amount;
  /**
   * What the period owes. Differs from `running` for volume prices: each version's units at its
   * price for the tier that the whole count reached; a tier's flat amount once, by the version
   * that took effect last.
   */
  readonly final: Amount;
  /** What it is priced in, as the last of its versions says; null: in money. */
  readonly credit: Credit | null;
  /** `running` in credits; null: it is priced in money. */
  readonly credits: Amount | null;
  /** `final` − `running` in credits; null: it is priced in money. */
  readonly correctionCredits: Amount | null;
}

/** A counter at close, one count for each measure and credit, in the order of their versions. */
export function closeCounter(counter: Counter, priceOf: PriceOfVersion): ClosedCount[] {
  return countsOf(segmentsOf(counter), priceOf).flatMap(closedCounts);
}

function closedCounts({ measure, quantity: total, priced }: Count): ClosedCount[] {
  const last = priced.findLast(({ price }) => price.volume !== null);
  return [...byCredit(priced).values()].map((own) => {
    const corrections = own.map((one) => {
      const flat = one === last ? (one.price.volume?.flatAt(total) ?? 0n) : 0n;
      return { price: one.price, running: (volumeDifference(one, total) + flat) as Amount };
    });
    const quantity = own.reduce((sum, { from, to }) => sum + to - from, 0n);
    const billable = own.reduce((sum, one) => sum + billableUnits(one), 0n);
    const running = moneyOf(own);
    return {
      ...{ measure, quantity, included: quantity - billable },
      ...{ running, final: (running + moneyOf(corrections)) as Amount },
      credit: own.at(-1)?.price.credit ?? null,
      credits: creditsOf(own),
      correctionCredits: creditsOf(corrections),
    };
  });
}

/** Segments by the name of what they are priced in; "": money. No credit has that name. */
function byCredit(priced: readonly PricedSegment[]): Map<string, PricedSegment[]> {
  return Map.groupBy(priced, ({ price }) => price.credit?.name ?? "");
}

interface PricedSegment {
  /** Units counted before the segment, and with it. */
  readonly from: bigint;
  readonly to: bigint;
  readonly price: PriceFunction;
  readonly running: Amount;
}

interface Count {
  readonly measure: string;
  quantity: bigint;
  running: Amount;
  readonly priced: PricedSegment[];
}

function countsOf(segments: readonly Segment[], priceOf: PriceOfVersion): Count[] {
  const counts = new Map<string, Count>();
  for (const { cardVersionId, quantity } of segments) {
    const { measure, price } = priceOf(cardVersionId);
    const empty = { measure, quantity: 0n, running: ZERO_AMOUNT, priced: [] };
    const count: Count = counts.get(measure) ?? empty;
    counts.set(measure, count);
    const [from, to] = [count.quantity, count.quantity + quantity];
    const running = (price.amountAt(to) - price.amountAt(from)) as Amount;
    count.priced.push({ from, to, price, running });
    count.quantity = to;
    count.running = (count.running + running) as Amount;
  }
  return [...counts.values()];
}

/** Units of a segment that its version's allowance does not cover. */
function billableUnits({ from, to, price: { included } }: PricedSegment): bigint {
  const start = from > included ? from : included;
  return to > start ? to - start : 0n;
}

/** What a segment's units cost at the tier reached, above what they cost so far. */
function volumeDifference(segment: PricedSegment, total: bigint): bigint {
  const { volume } = segment.price;
  return volume === null ? 0n : volume.unitsAt(billableUnits(segment), total) - segment.running;
}

/** What of a counter is priced in one credit. */
export interface PartInCredits {
  /** As the last version that priced it so says. */
  readonly credit: Credit;
  readonly credits: Amount;
  /** The same in money. */
  readonly money: Amount;
}

/** What of a counter is priced in credits, in these and in money, one part for each credit. */
export function partsInCredits(counter: Counter, priceOf: PriceOfVersion): PartInCredits[] {
  const priced = countsOf(segmentsOf(counter), priceOf).flatMap((count) => count.priced);
  return [...byCredit(priced).values()].flatMap((own) => {
    const credit = own.at(-1)?.price.credit ?? null;
    if (credit === null) return [];
    return [{ credit, credits: creditsOf(own) ?? ZERO_AMOUNT, money: moneyOf(own) }];
  });
}

type Running = Pick<PricedSegment, "price" | "running">;

function moneyOf(priced: readonly Running[]): Amount {
  return priced.reduce((sum, { running }) => sum + running, 0n) as Amount;
}

/** Money of a segment in credits is credits × price of a credit, so the division is exact. */
function creditsOf(priced: readonly Running[]): Amount | null {
  let credits: bigint | null = null;
  for (const { price, running } of priced) {
    if (price.credit === null) continue;
    credits = (credits ?? 0n) + (running * FACTOR_ONE) / price.credit.price;
  }
  return credits as Amount | null;
}
