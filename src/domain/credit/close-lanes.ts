/**
 * The lanes of a period that is closed. Its statement says what each charge comes to for good, with
 * fees, minimums and discounts; that is what credit pays for, in whole units of the currency. From
 * then on the period's charges stand still: what comes late for it is charged in an open period.
 */
import { type Amount, ZERO_AMOUNT } from "../money/decimal.ts";
import { burn, burnClosing, excessesOf } from "./burn.ts";
import { byLane, type Charged, netCharges, sumAmounts, sumLanes } from "./charged.ts";
import { completed } from "./completed-lanes.ts";
import { endGrants, expireAgain, tidy } from "./entry.ts";
import { burnPostings, type Entry } from "./posting.ts";
import { extend, giveBack, paidIn, sumOf } from "./stretches.ts";
import { negative, owedPart } from "./unpaid.ts";
import type { Grant, Lane, StatedPaid, Stretch, Wallet } from "./wallet.ts";

/** Stretches that are remembered of a charge's closed periods; older ones are settled for good. */
const CLOSED_STRETCHES_MAX_COUNT = 200;

/** A period to close. */
export interface Closing {
  /** Whose: "" the wallet's own customer, else a child that it pays for. */
  readonly customer: string;
  readonly period: string;
  readonly endMs: number;
  readonly nowMs: number;
  readonly billed: readonly Charged[];
  /** The statement that this one replaces, and what credit paid of it; null: the first one. */
  readonly replaced: { readonly billed: readonly Charged[]; readonly paid: Amount } | null;
  /** Every other open lane. */
  readonly others: readonly Charged[];
  /** What is paid is a multiple of it; 1 where credit has no smallest unit. */
  readonly unit: bigint;
}

/** A closed period: the wallet, what moved, and what credit paid of the statement. */
export interface ClosedLanes extends Entry {
  /** Negative: credit was given back. */
  readonly paid: Amount;
  /** What of the billed charges no grant pays or has back; of a replacing statement: one sum. */
  readonly owed: readonly Charged[];
}

/** Closes a period. What other periods lower closed ones by is not this statement's. */
export function closeLanes(wallet: Wallet, closing: Closing): ClosedLanes {
  const { customer, period, billed, replaced, others, unit } = closing;
  const isOurs = (lane: Lane) =>
    lane.customer === customer && (lane.period === "" || lane.period === period);
  const whole = completed(wallet);
  const begun = replaced === null ? whole : rebilled(whole, customer, [replaced.billed, billed]);
  const lanes = [...(replaced === null ? billed : []), ...others];
  const served = burnClosing(begun, lanes, closing);
  // What this period gave back for good is on its statement now; the rest is of other periods.
  const [ours, theirs] = [
    withGone(served.lanes.filter(isOurs), excessesOf(others, closing).get(customer) ?? 0n),
    served.lanes.filter((one) => !isOurs(one)),
  ];
  const before = statedOf(wallet, customer) - (replaced?.paid ?? 0n);
  const all = ours.reduce((sum, { stretches, gone = 0n }) => sum + paidIn(stretches) + gone, 0n);
  const dust = remainder(all - before, unit);
  const fixed = giveBack(ours, dust);
  const closed = mergeClosed(fixed, customer);
  const stated = [
    ...wallet.stated.filter((one) => one.customer !== customer),
    { customer, amount: (all - dust) as Amount },
  ];
  const stands = { ...served, lanes: [...theirs, ...closed].sort(byLane), stated };
  const after = burn(forgetOldest(stands), others);
  const moved = expireAgain({ wallet: after, postings: burnPostings(wallet, after) });
  const overMs = Math.min(closing.endMs, closing.nowMs);
  const isOver = ({ expiresAtMs }: Grant) => expiresAtMs !== null && expiresAtMs <= overMs;
  const ended = endGrants(moved, isOver, closing.nowMs);
  const paid = (all - dust - before) as Amount;
  const parts = fixed.filter((lane) => lane.period === period);
  const owed = replaced === null ? owedOf(closing, parts, paid) : [restOf(closing, paid)];
  return { ...tidy(ended), paid, owed };
}

/** What is not paid, charge by charge. Of less than nothing: what did not go back to grants. */
function owedOf(closing: Closing, lanes: readonly Lane[], paid: Amount): Charged[] {
  const group = sumLanes(closing.billed);
  const given = lanes.reduce((sum, { stretches }) => sum + paidIn(stretches), -paid);
  const owed = [...lanes.map(owedPart), ...negative(group, netCharges(group).excess - given)];
  // Of no charge is what went back before, was gone, and is charged again.
  return sumLanes([...owed, restOf(closing, (paid + sumOf(owed)) as Amount)]);
}

function restOf({ customer, period, billed }: Closing, less: Amount): Charged {
  const startMs = billed[0]?.startMs ?? 0;
  return { customer, period, charge: "", startMs, amount: (sumOf(billed) - less) as Amount };
}

function statedOf({ stated }: Wallet, customer: string): bigint {
  return stated.find((one) => one.customer === customer)?.amount ?? 0n;
}

/** Moves closed lanes by the difference that a statement makes to the one that it replaces. */
function rebilled(
  wallet: Wallet,
  customer: string,
  [former, now]: readonly [readonly Charged[], readonly Charged[]],
): Wallet {
  const levels = new Map<string, bigint>();
  for (const [sign, billed] of [
    [-1n, former],
    [1n, now],
  ] as const) {
    for (const { charge, amount } of netCharges(sumLanes(billed)).amounts) {
      levels.set(charge, (levels.get(charge) ?? 0n) + sign * amount);
    }
  }
  const isTheirs = (lane: Lane) => lane.customer !== customer || lane.period !== "";
  const closed = wallet.lanes.filter((lane) => !isTheirs(lane));
  const moved = [...new Set([...closed.map(({ charge }) => charge), ...levels.keys()])].map(
    (charge): Lane => {
      const lane = closed.find((one) => one.charge === charge);
      const level = (lane?.level ?? 0n) + (levels.get(charge) ?? 0n);
      const key = { customer, period: "", charge, startMs: 0 };
      const { stretches = [], lowered = [], gone = ZERO_AMOUNT } = lane ?? {};
      return { ...key, level: (level > 0n ? level : 0n) as Amount, stretches, lowered, gone };
    },
  );
  return { ...wallet, lanes: [...wallet.lanes.filter(isTheirs), ...moved].sort(byLane) };
}

/** Lanes of which no more is gone than other open periods lower them by. */
function withGone(lanes: readonly Lane[], most: bigint): Lane[] {
  let left = most;
  return lanes.map(({ gone = ZERO_AMOUNT, ...lane }) => {
    const kept = gone < left ? gone : left;
    left -= kept;
    return kept > 0n ? { ...lane, gone: kept as Amount } : lane;
  });
}

/** What is above a multiple of the unit, never negative. */
function remainder(amount: bigint, unit: bigint): bigint {
  return ((amount % unit) + unit) % unit;
}

/** All that is closed of a customer, one lane for each charge. */
function mergeClosed(lanes: readonly Lane[], customer: string): Lane[] {
  const byCharge = Map.groupBy(lanes, ({ charge }) => charge);
  return [...byCharge].flatMap(([charge, parts]) => {
    const stretches: Stretch[] = [];
    for (const part of parts) for (const one of part.stretches) extend(stretches, one);
    const gone = sumAmounts(parts.map((part) => part.gone ?? ZERO_AMOUNT));
    const level = (sumOf(stretches) + gone) as Amount;
    const lane = { customer, period: "", charge, startMs: 0, level, stretches };
    return level === 0n ? [] : [gone === 0n ? lane : { ...lane, gone }];
  });
}

/** Forgets who paid the oldest stretches: these are settled, and nothing gives them back. */
function forgetOldest(wallet: Wallet): Wallet {
  const isLong = ({ period, stretches }: Lane) =>
    period === "" && stretches.length > CLOSED_STRETCHES_MAX_COUNT;
  if (!wallet.lanes.some(isLong)) return wallet;
  const settled = new Map<string, bigint>();
  const forgotten = new Map<string, bigint>();
  const lanes = wallet.lanes.map((lane) => {
    if (!isLong(lane)) return lane;
    const old = lane.stretches.slice(0, -CLOSED_STRETCHES_MAX_COUNT);
    for (const { source, amount } of old) {
      if (source === null) continue;
      settled.set(source, (settled.get(source) ?? 0n) + amount);
      forgotten.set(lane.customer, (forgotten.get(lane.customer) ?? 0n) + amount);
    }
    const stretches = lane.stretches.slice(-CLOSED_STRETCHES_MAX_COUNT);
    return { ...lane, stretches, level: (lane.level - sumOf(old)) as Amount };
  });
  const grants = wallet.grants.map((grant): Grant => {
    return { ...grant, settled: (grant.settled + (settled.get(grant.id) ?? 0n)) as Amount };
  });
  const stated = wallet.stated.map(({ customer, amount }): StatedPaid => {
    return { customer, amount: (amount - (forgotten.get(customer) ?? 0n)) as Amount };
  });
  return { ...wallet, grants, lanes, stated };
}
