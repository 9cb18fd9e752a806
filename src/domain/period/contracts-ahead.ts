/**
 * What comes to contracts until each of them ends. While several commitments hold, usage goes to
 * the first one that its charge draws, and what that has no room for on to a later one; where one
 * ends, what it drew goes to the later one at once. So what comes is told apart by the commitment
 * that it comes to first as things are now, and goes on at its pace since the last of those began
 * that stand before it: from then on it has come the way that it comes now. Time to come is looked
 * through in stretches in which the same ones hold, and period by period where a commitment per
 * period, whose room is new with each, leaves something to a contract.
 */
import { FORESEEN_PERIODS_MAX_COUNT } from "../limits.ts";
import type { Amount } from "../money/decimal.ts";
import { type BillingCalendar, type BillingPeriod, periodAt } from "./billing-period.ts";
import {
  covers,
  type DatedCommitment,
  firstPeriodFrom,
  holdsIn,
  lastPeriodBefore,
} from "./commitment.ts";
import type { DrawnBefore } from "./commitment-draw.ts";

/** The time of a commitment. */
export interface Span {
  /** Null: of a contract. */
  readonly period: string | null;
  readonly startMs: number;
  readonly endMs: number;
}

/** What is known of a commitment's usage, and expected. */
export interface Outlook {
  readonly span: Span;
  readonly usage: Amount;
  /** For how long what draws it has been seen, at least. */
  readonly elapsedMs: number;
  /** What its usage comes to at an instant to come. */
  usageAt(atMs: number): bigint;
}

/** A contract without an end is told by its periods. */
export function isOfPeriods({ per, until }: DatedCommitment): boolean {
  return per === "period" || until === null;
}

/** Those whose next one it is: what they leave is drawn from the first later one that takes it. */
export function feedersOf(
  all: readonly DatedCommitment[],
  taker: DatedCommitment,
): DatedCommitment[] {
  return all.filter((one, at) => {
    return all.slice(at + 1).find((later) => covers(later, one)) === taker;
  });
}

/** What statements carry of a commitment, or of one of its periods. */
export function ownOf(
  drawn: readonly DrawnBefore[],
  { key }: DatedCommitment,
  { period }: Pick<Span, "period">,
) {
  return drawn.filter((one) => one.key === key && one.period === period);
}

/** A sum of what statements carry. */
export function sumOf(drawn: readonly DrawnBefore[], part: "usage" | "drawn"): Amount {
  return drawn.reduce((all, one) => all + one[part], 0n) as Amount;
}

/** What these had no room for. */
export function leftBy(feeders: readonly DatedCommitment[], drawn: readonly DrawnBefore[]): bigint {
  const own = drawn.filter(({ key }) => feeders.some((feeder) => feeder.key === key));
  return sumOf(own, "usage") - sumOf(own, "drawn");
}

/** Usage that was taken back altogether is none. */
export function atLeast0(amount: bigint): bigint {
  return amount > 0n ? amount : 0n;
}

/** What comes to one commitment first, as things are now. */
interface Stream {
  readonly first: DatedCommitment;
  /** What came in the time that elapsed: it goes on at this pace. */
  readonly amount: bigint;
  readonly elapsedMs: number;
}

type Feeders = ReadonlyMap<DatedCommitment, readonly DatedCommitment[]>;

/** Time to come in which the same commitments hold. */
interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
  readonly held: readonly DatedCommitment[];
  /** Usage of each at its start. */
  readonly before: ReadonlyMap<DatedCommitment, bigint>;
  /** What comes to each of them first; undefined: what none of them takes. */
  readonly coming: ReadonlyMap<DatedCommitment | undefined, readonly Stream[]>;
  readonly feeders: Feeders;
}

interface Time {
  readonly calendar: BillingCalendar;
  readonly period: BillingPeriod;
  readonly nowMs: number;
}

/** All contracts of a customer, as they are expected to go on. */
export class ContractsAhead {
  readonly #commitments: readonly DatedCommitment[];
  readonly #drawn: readonly DrawnBefore[];
  readonly #time: Time;
  readonly #spans: ReadonlyMap<DatedCommitment, Span>;
  readonly #feeders = new Map<string, Feeders>();
  #streams: readonly Stream[] | null = null;
  #stretches: readonly Stretch[] | null = null;

  /** `drawn`: by all statements in force, and by every open period as if it were closed. */
  constructor(commitments: readonly DatedCommitment[], drawn: readonly DrawnBefore[], time: Time) {
    this.#commitments = commitments;
    this.#drawn = drawn;
    this.#time = time;
    const contracts = commitments.filter((one) => !isOfPeriods(one));
    this.#spans = new Map(contracts.map((one) => [one, contractSpan(one, time.calendar)]));
  }

  /** Null: the contract has not begun. */
  outlookOf(contract: DatedCommitment): Outlook | null {
    const { nowMs } = this.#time;
    const span = this.#spans.get(contract);
    if (span === undefined || nowMs < span.startMs) return null;
    const usage = sumOf(ownOf(this.#drawn, contract, span), "usage");
    if (nowMs >= span.endMs) {
      const elapsedMs = span.endMs - span.startMs;
      return { span, usage, elapsedMs, usageAt: () => atLeast0(usage) };
    }
    const reaching = this.#flowing().filter(({ first }) => covers(contract, first));
    const elapsed = reaching.map((stream) => stream.elapsedMs);
    const usageAt = (atMs: number) => this.#usageAt(contract, atMs);
    return { span, usage, elapsedMs: Math.min(...elapsed), usageAt };
  }

  #usageAt(contract: DatedCommitment, atMs: number): bigint {
    const { nowMs } = this.#time;
    this.#stretches ??= this.#look();
    const found = this.#stretches.findLast(({ startMs, held }) => {
      return startMs <= Math.max(atMs, nowMs) && held.includes(contract);
    });
    return found === undefined ? 0n : (this.#after(found, atMs).get(contract) ?? 0n);
  }

  /** The commitments that hold now and end, or end with each period. */
  #heldNow(): DatedCommitment[] {
    return this.#commitments.filter((one) => holdsIn(one, this.#time.period.key));
  }

  #flowing(): readonly Stream[] {
    this.#streams ??= this.#readStreams();
    return this.#streams;
  }

  #readStreams(): readonly Stream[] {
    const { calendar, nowMs } = this.#time;
    const held = this.#heldNow();
    const came = this.#cameTo(held);
    const contracts = held.filter((one) => !isOfPeriods(one));
    const starts = contracts.map(({ from }) => from).toSorted();
    return held.map((first) => {
      // One per period goes on for ever: of it, what contracts have seen is looked at.
      const since = isOfPeriods(first) ? (starts[0] ?? first.from) : first.from;
      const before = standingBefore(held, first).map(({ from }) => from);
      const latest = [since, first.from, ...before].toSorted().at(-1) ?? since;
      const { key, startMs } = firstPeriodFrom(latest, calendar);
      const own = came.filter((one) => one.first === first && one.period >= key);
      const amount = atLeast0(own.reduce((sum, one) => sum + one.amount, 0n));
      return { first, amount, elapsedMs: nowMs - startMs };
    });
  }

  /** What came by itself in each period, by the commitment that it would come to first now. */
  #cameTo(held: readonly DatedCommitment[]) {
    const takers = new Map(this.#commitments.map((one) => [one, takerOf(held, one)]));
    const byPeriod = Map.groupBy(this.#drawn, ({ statementPeriod }) => statementPeriod);
    return [...byPeriod].flatMap(([period, drawn]) => {
      const byKey = Map.groupBy(drawn, ({ key }) => key);
      const there = this.#commitments.filter(({ key }) => byKey.has(key));
      const feeders = this.#feedersIn(there);
      return there.flatMap((one) => {
        const left = (feeders.get(one) ?? []).flatMap(({ key }) => byKey.get(key) ?? []);
        const own = byKey.get(one.key) ?? [];
        const amount = sumOf(own, "usage") - sumOf(left, "usage") + sumOf(left, "drawn");
        const first = takers.get(one);
        return first === undefined ? [] : [{ period, first, amount }];
      });
    });
  }

  /** Of each of these, those that leave to it what they have no room for: found once. */
  #feedersIn(held: readonly DatedCommitment[]): Feeders {
    const name = held.map((one) => this.#commitments.indexOf(one)).join();
    const known = this.#feeders.get(name);
    if (known !== undefined) return known;
    const found = new Map<DatedCommitment, DatedCommitment[]>();
    for (const [at, one] of held.entries()) {
      const taker = held.slice(at + 1).find((later) => covers(later, one));
      if (taker !== undefined) found.set(taker, [...(found.get(taker) ?? []), one]);
    }
    this.#feeders.set(name, found);
    return found;
  }

  /** Stretches from now to the last end of a contract. */
  #look(): readonly Stretch[] {
    const { nowMs, period } = this.#time;
    const stretches: Stretch[] = [];
    let totals: ReadonlyMap<DatedCommitment, bigint> = this.#usageNow();
    let startMs = nowMs;
    for (const { endMs, held } of this.#cuts()) {
      const isNew = startMs >= period.endMs;
      const before = new Map(
        held.map((one) => [one, isNew && one.per === "period" ? 0n : (totals.get(one) ?? 0n)]),
      );
      const coming = Map.groupBy(this.#flowing(), ({ first }) => takerOf(held, first));
      const stretch = { startMs, endMs, held, before, coming, feeders: this.#feedersIn(held) };
      stretches.push(stretch);
      totals = new Map([...totals, ...this.#after(stretch, endMs)]);
      startMs = endMs;
    }
    return stretches;
  }

  #usageNow(): Map<DatedCommitment, bigint> {
    const { key } = this.#time.period;
    return new Map(
      this.#commitments.map((one) => {
        const of = { period: one.per === "period" ? key : null };
        return [one, atLeast0(sumOf(ownOf(this.#drawn, one, of), "usage"))];
      }),
    );
  }

  /** Ends of stretches, with what holds until each. */
  #cuts(): { readonly endMs: number; readonly held: readonly DatedCommitment[] }[] {
    const { nowMs, period, calendar } = this.#time;
    const spans = [...this.#spans.values()];
    const lastMs = Math.max(...spans.map(({ endMs }) => endMs));
    if (!this.#isByPeriod()) {
      const bounds = spans.flatMap(({ startMs, endMs }) => [startMs, endMs]);
      const ahead = [...new Set(bounds)].filter((atMs) => atMs > nowMs).toSorted((a, b) => a - b);
      const holds = (span: Span | undefined, endMs: number) =>
        span !== undefined && span.startMs < endMs && endMs <= span.endMs;
      return ahead.map((endMs) => {
        const held = this.#commitments.filter((one) => holds(this.#spans.get(one), endMs));
        return { endMs, held };
      });
    }
    const cuts = [];
    let at = period;
    for (let count = 0; count < FORESEEN_PERIODS_MAX_COUNT; count += 1) {
      const { key, endMs } = at;
      cuts.push({ endMs, held: this.#commitments.filter((one) => holdsIn(one, key)) });
      if (endMs >= lastMs) break;
      at = periodAt(endMs, calendar);
    }
    return cuts;
  }

  /** Whether a commitment per period leaves something to a contract. */
  #isByPeriod(): boolean {
    return this.#commitments.some((one, index) => {
      const later = this.#commitments.slice(index + 1);
      return isOfPeriods(one) && later.some((other) => !isOfPeriods(other) && covers(other, one));
    });
  }

  /** What usage of each comes to at an instant of a stretch, or at its end. */
  #after(stretch: Stretch, atMs: number): Map<DatedCommitment, bigint> {
    const { startMs, endMs, held, before, coming, feeders } = stretch;
    const aheadMs = BigInt(Math.max(0, Math.min(atMs, endMs) - startMs));
    const found = new Map<DatedCommitment, bigint>();
    for (const one of held) {
      let there = before.get(one) ?? 0n;
      for (const { amount, elapsedMs } of coming.get(one) ?? []) {
        if (elapsedMs > 0) there += (amount * aheadMs) / BigInt(elapsedMs);
      }
      for (const feeder of feeders.get(one) ?? []) {
        const left = (usage = 0n) => atLeast0(usage - feeder.amount);
        there += left(found.get(feeder)) - left(before.get(feeder));
      }
      found.set(one, there);
    }
    return found;
  }
}

/** To which of these it comes first, what comes to one of them, or came to one that has ended. */
function takerOf(
  held: readonly DatedCommitment[],
  first: DatedCommitment,
): DatedCommitment | undefined {
  return held.find((one) => one === first || covers(one, first));
}

/** Those that may leave something to one, directly or through others. */
function standingBefore(
  held: readonly DatedCommitment[],
  one: DatedCommitment,
): readonly DatedCommitment[] {
  return held.slice(0, held.indexOf(one)).filter((other) => covers(one, other));
}

function contractSpan({ from, until }: DatedCommitment, calendar: BillingCalendar): Span {
  const { startMs } = firstPeriodFrom(from, calendar);
  const { endMs } = lastPeriodBefore(until ?? from, calendar);
  return { period: null, startMs, endMs };
}
