/** What a wallet that is burned again is made of, and in which order it is served. */
import { amountOf } from "../stored-decimal.ts";
import type { Part } from "./parts-again.ts";

/** An entry as the journal keeps it. */
export interface EntryAgain {
  readonly currency: string;
  readonly kind: string;
  readonly id: string;
  readonly at: string;
  readonly postings: readonly (readonly [string, string])[];
  readonly balance: string;
  readonly charged: readonly (readonly string[])[];
  /** How closed lanes rise again; left out: as a version did that let credit pay for all of it. */
  readonly burnForm?: number;
  readonly terms?: Readonly<Record<string, unknown>>;
}

/** What a closing entry rests on. */
export interface ClosingTerms {
  readonly customer: string;
  readonly period: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly decimals: number | null;
  readonly billed: readonly (readonly [string, string])[];
  readonly paid: string;
}

/** A grant, and what left it otherwise than by use. */
export interface GrantAgain {
  readonly id: string;
  readonly order: number;
  readonly grantedAtMs: number;
  readonly amount: bigint;
  readonly priority: number;
  readonly expiresAtMs: number | null;
  readonly finalAtMs: number | null;
  readonly charges: readonly string[] | null;
  readonly rollover: { readonly upTo: string | null; readonly expiresAtMs: number | null } | null;
  taken: bigint;
  isEnded: boolean;
  /** Holds nothing and pays for nothing any more: lanes are served as if it had never been. */
  isForgotten: boolean;
}

/** What a charge comes to in a period; closed ones are one lane. */
export interface LaneAgain {
  readonly customer: string;
  readonly period: string;
  readonly startMs: number;
  readonly charge: string;
  /** What it is to come to. */
  wanted: bigint;
  parts: Part[];
  /** Closed: what was cut of its parts while open periods lower it. */
  off: Part[];
}

/** Whose period. */
export interface PeriodAgain {
  readonly customer: string;
  readonly period: string;
}

/** What an entry says was charged, before anybody pays. */
export function chargedOf(charged: readonly (readonly string[])[]): LaneAgain[] {
  return charged.map(([customer = "", period = "", start = "0", charge = "", amount = "0"]) => {
    return {
      customer,
      period,
      startMs: Number(start),
      charge,
      wanted: amountOf(amount),
      parts: [],
      off: [],
    };
  });
}

/** Lanes period by period of each customer. */
export function* groupsOf(lanes: readonly LaneAgain[]): Generator<LaneAgain[]> {
  const groups = Map.groupBy(lanes, ({ customer, period }) => JSON.stringify([customer, period]));
  for (const group of groups.values()) {
    yield group.sort((a, b) => compare(a.charge, b.charge));
  }
}

/** Takes what is negative off the others, from the last one on; returns what is left of it. */
export function net(group: readonly LaneAgain[]): bigint {
  let debt = group.reduce((sum, one) => sum + (one.wanted < 0n ? -one.wanted : 0n), 0n);
  for (const lane of group.toReversed()) {
    if (lane.wanted < 0n) lane.wanted = 0n;
    const off = lane.wanted < debt ? lane.wanted : debt;
    lane.wanted -= off;
    debt -= off;
  }
  return debt;
}

/** A period's key as one text. */
export function keyOfPeriod({ customer, period }: PeriodAgain): string {
  return JSON.stringify([customer, period]);
}

/** The lesser one. */
export function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Adds what nobody pays. */
export function owe(lane: LaneAgain, amount: bigint): void {
  if (amount > 0n) lane.parts.push({ payer: null, amount });
}

/** A lane's key as one text. */
export function keyOf({ customer, period, charge }: LaneAgain): string {
  return JSON.stringify([customer, period, charge]);
}

/** The order of texts. */
export function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The order of periods. */
export function comparePeriod(a: LaneAgain, b: LaneAgain): number {
  return a.startMs - b.startMs || compare(a.period, b.period) || compare(a.customer, b.customer);
}

/** Whether a grant may pay for more of a lane. */
export function canPay(grant: GrantAgain, lane: LaneAgain): boolean {
  const isInTime = grant.expiresAtMs === null || lane.startMs < grant.expiresAtMs;
  const isFor = grant.charges === null || grant.charges.includes(lane.charge);
  return !grant.isEnded && !grant.isForgotten && isInTime && isFor;
}

/** Which grant burns first. */
export function byBurning(a: GrantAgain, b: GrantAgain): number {
  const end = (grant: GrantAgain) => grant.expiresAtMs ?? Number.MAX_SAFE_INTEGER;
  const dates = end(a) - end(b) || a.grantedAtMs - b.grantedAtMs;
  return a.priority - b.priority || dates || a.order - b.order;
}

/** What a grant begins with. */
export const NEW = { taken: 0n, isEnded: false, isForgotten: false } as const;

/** Forgets grants that hold nothing and pay for nothing, as wallets do between two entries. */
export function forgetSpent(
  grants: readonly GrantAgain[],
  lanes: readonly LaneAgain[],
  left: ReadonlyMap<string, bigint>,
): void {
  const paying = new Set(lanes.flatMap(({ parts }) => parts.map(({ payer }) => payer)));
  for (const grant of grants) {
    if (left.get(grant.id) === 0n && !paying.has(grant.id)) grant.isForgotten = true;
  }
}
