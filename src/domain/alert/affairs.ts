/**
 * States of affairs that people must hear of once, when they begin. Each begins beyond one
 * threshold and ends behind another, so a total that moves to and fro across one repeats nothing.
 */
import { AMOUNT_SCALE } from "../limits.ts";
import { smallestUnit } from "../money/allocate.ts";
import { currencyDecimals } from "../money/currency.ts";
import { type Amount, formatAmount } from "../money/decimal.ts";
import type { DatedCommitment } from "../period/commitment.ts";
import type { DrawnSoFar } from "../period/commitment-projection.ts";
import type { AlertType } from "./alert.ts";

/** How a state of affairs stands. */
export interface Affair {
  readonly type: AlertType;
  readonly customer: string;
  /** What it is of; two of one subject are the same. */
  readonly about: readonly string[];
  /** Whether it has begun, or is over; null: between the thresholds, it stays what it was. */
  readonly isOn: boolean | null;
  readonly facts: Readonly<Record<string, unknown>>;
  /**
   * How far what it follows from may move, either way, before it may stand otherwise; null: it is
   * looked at whenever that moves.
   */
  readonly room: Amount | null;
}

/** The distance to the nearest of some thresholds. */
function nearest(level: bigint, thresholds: readonly bigint[]): Amount {
  const distances = thresholds.map((one) => (one > level ? one - level : level - one));
  return distances.reduce((least, one) => (one < least ? one : least)) as Amount;
}

interface Pace {
  /** What is expected is rounded to it. */
  readonly unit: bigint;
  readonly elapsedMs: number;
  readonly aheadMs: number;
}

/** Usage that moves what is expected at the end by so much, at the least. */
function wayOf(distance: bigint, { unit, elapsedMs, aheadMs }: Pace): bigint {
  const way = (distance < 0n ? -distance : distance) - unit;
  if (way <= 0n || elapsedMs <= 0) return 0n;
  return (way * BigInt(elapsedMs)) / BigInt(elapsedMs + Math.max(0, aheadMs));
}

/** On beyond one threshold, off behind the other. */
function between(isOn: boolean, isOff: boolean): boolean | null {
  if (isOn) return true;
  return isOff ? false : null;
}

const pathOf = (customer: string, part: string): string =>
  `/v1/customers/${encodeURIComponent(customer)}/${part}`;

/** A wallet, as far as it may be low. */
export interface WatchedWallet {
  readonly customer: string;
  readonly currency: string;
  readonly balance: Amount;
  readonly owed: Amount;
  /** What was granted and has not ended. */
  readonly granted: Amount;
  /** Below it a rule asks for a payment; null: there is no rule. */
  readonly threshold: Amount | null;
}

const LOW_SHARE = 10n;

/**
 * Credit is low below its rule's threshold, or a tenth of what was granted; it is low no more at
 * five quarters of that. It is empty at 0, and no more when it is above the low level again.
 */
export function creditAffairs(wallet: WatchedWallet): Affair[] {
  const { customer, currency, balance, owed, granted, threshold } = wallet;
  const low = threshold ?? ((granted / LOW_SHARE) as Amount);
  const facts = {
    ...{ currency, balance: formatAmount(balance), owed: formatAmount(owed) },
    ...{ lowAt: formatAmount(low), link: pathOf(customer, "credits") },
  };
  const isLow = between(balance > 0n && balance < low, 4n * balance >= 5n * low);
  const isEmpty = between(balance <= 0n, balance > 0n && balance >= low);
  const room = nearest(balance, [0n, low, (5n * low) / 4n]);
  const of = (type: "credit.low" | "credit.empty", isOn: boolean | null): Affair => {
    return { type, customer, about: [type, customer, currency], isOn, facts, room };
  };
  return [of("credit.low", isLow), of("credit.empty", isEmpty)];
}

const instantText = (atMs: number): string =>
  Temporal.Instant.fromEpochMilliseconds(atMs).toString({ smallestUnit: "millisecond" });

/** Of a commitment's time, the part before which no pace is believed: a tenth. */
const BELIEVED_FROM = 10;

/** From when on the pace of a commitment's usage is believed. */
export function believedFromMs({ startMs, endMs }: DrawnSoFar): number {
  return startMs + (endMs - startMs) / BELIEVED_FROM;
}

/**
 * A commitment is exceeded when usage is above its amount, and no more when usage (which may be
 * corrected) is a twentieth below. An overrun is projected when usage at this pace is a fiftieth
 * above the amount, and no more when it is a twentieth below.
 */
export function commitmentAffairs(
  customer: string,
  commitment: DatedCommitment,
  { soFar, nowMs }: { readonly soFar: DrawnSoFar; readonly nowMs: number },
): Affair[] {
  const { key, amount, currency } = commitment;
  const { usage, projected, endMs, exhaustedAtMs, period, elapsedMs } = soFar;
  const unit = smallestUnit(currencyDecimals(currency) ?? 2);
  const isBelieved = nowMs >= believedFromMs(soFar);
  const isExceeded = between(usage > amount, 20n * usage <= 19n * amount);
  const expected = projected?.usage ?? 0n;
  const isProjected = between(
    isBelieved && exhaustedAtMs !== null && 50n * expected >= 51n * amount,
    20n * expected <= 19n * amount,
  );
  const facts = {
    ...{ commitment: key, period, currency, amount: formatAmount(amount) },
    usage: formatAmount(usage),
    overage: formatAmount((usage > amount ? usage - amount : 0n) as Amount),
    projectedDate: exhaustedAtMs === null ? null : instantText(exhaustedAtMs),
    /** What its end is expected to bring on top, at the price of overage before its factor. */
    trueUp: formatAmount((projected?.overage ?? 0n) as Amount),
    endsAt: instantText(endMs),
    link: pathOf(customer, "commitments"),
  };
  const room = nearest(usage, [
    ...[amount, (19n * amount) / 20n],
    // Usage that lies on the way to it: one more unit adds what it adds to the pace, at the most.
    // As time goes on it takes more, never less.
    usage + wayOf((51n * amount) / 50n - expected, { unit, elapsedMs, aheadMs: endMs - nowMs }),
  ]);
  const of = (type: "commit.exceeded" | "commit.overrun_projected", isOn: boolean | null) => {
    return { type, customer, about: [type, customer, key, period ?? ""], isOn, facts, room };
  };
  return [of("commit.exceeded", isExceeded), of("commit.overrun_projected", isProjected)];
}

/** What a customer is charged in a period, and what that costs, in one currency. */
export interface WatchedMargin {
  readonly customer: string;
  readonly period: string;
  readonly currency: string;
  readonly charge: Amount;
  readonly cost: Amount;
}

/** Costs below one unit of the currency are nobody's concern. */
const CONCERNED_FROM = 10n ** BigInt(AMOUNT_SCALE);

/** Margin is negative when cost is above charge, and no more when charge is a twentieth above. */
export function marginAffair(margin: WatchedMargin): Affair {
  const { customer, period, currency, charge, cost } = margin;
  const isOn = between(
    cost > charge && cost >= CONCERNED_FROM,
    20n * charge >= 21n * cost || cost === 0n,
  );
  const amounts = { charge: formatAmount(charge), cost: formatAmount(cost) };
  const about = ["margin.negative", customer, period, currency];
  const link = `/v1/margin?by=period&customer=${encodeURIComponent(customer)}`;
  const facts = { period, currency, ...amounts, link };
  return { type: "margin.negative", customer, about, isOn, facts, room: null };
}

/** How a customer's margin stood when somebody looked. */
export interface MarginStanding extends Pick<WatchedMargin, "period" | "charge" | "cost"> {
  /** Whether it was told to be negative. */
  readonly isOn: boolean;
  /**
   * Where each charge that is added brings the bill as much, how far the rounding of its lines may
   * move it beside; null: it does not, for bounds, discounts or prices by volume.
   */
  readonly rounding: Amount | null;
}

/** How far a margin has moved since somebody looked, in the currency of the bill. */
export interface MarginMove {
  readonly charged: bigint;
  readonly spent: bigint;
}

/**
 * Whether a margin may stand otherwise by now: where it follows from what was charged and spent,
 * by these and rounding; else if half of the way to where it would has been gone.
 */
export function mayHaveTurned(
  { isOn, rounding, charge, cost }: MarginStanding,
  { charged, spent }: MarginMove,
): boolean {
  if (isOn) {
    const gone = 20n * charged - 21n * spent;
    return gone > 0n && 2n * gone >= 21n * cost - 20n * charge;
  }
  if (cost + 2n * spent < CONCERNED_FROM) return false;
  if (rounding !== null) return spent - charged + rounding >= charge - cost;
  const gone = spent - (charged < 0n ? charged : 0n);
  return gone > 0n && 2n * gone >= charge - cost;
}
