/**
 * From what a customer is charged to the levels of a wallet's lanes. A period's amounts may be
 * negative: a cap takes off, an adjustment gives back. What is negative lowers the period's other
 * charges first, from the last one on; what is left of it lowers closed periods, so that what they
 * had from grants goes back to these.
 */
import { type Amount, ZERO_AMOUNT } from "../money/decimal.ts";
import type { Lane, LaneKey } from "./wallet.ts";

/** What a charge comes to in an open period now. */
export interface Charged extends LaneKey {
  readonly startMs: number;
  readonly amount: Amount;
}

type Placed = LaneKey & { readonly startMs: number };

/** The order of lanes: closed periods, then older ones. */
export function byLane(a: Placed, b: Placed): number {
  return byPeriod(a, b) || compareText(a.charge, b.charge);
}

/** The order of periods, each customer's for itself. */
export function byPeriod(a: Placed, b: Placed): number {
  return (
    a.startMs - b.startMs || compareText(a.period, b.period) || compareText(a.customer, b.customer)
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** A lane's key as one text. */
export function laneText({ customer, period, charge }: LaneKey): string {
  return JSON.stringify([customer, period, charge]);
}

/** Amounts of a period without negative ones, and what could not be taken off any of them. */
export interface Netted<T> {
  readonly amounts: readonly T[];
  /** Not negative. */
  readonly excess: Amount;
}

/** Takes what is negative off the others, from the last one on. The sum stays the same. */
export function netCharges<T extends { readonly amount: Amount }>(list: readonly T[]): Netted<T> {
  let excess = 0n;
  for (const { amount } of list) if (amount < 0n) excess -= amount;
  const amounts: T[] = [];
  for (const one of list.toReversed()) {
    if (one.amount <= 0n) continue;
    const off = one.amount < excess ? one.amount : excess;
    excess -= off;
    const amount = (one.amount - off) as Amount;
    if (amount > 0n) amounts.push({ ...one, amount });
  }
  return { amounts: amounts.reverse(), excess: excess as Amount };
}

/** One amount for each lane, in the order of service. */
export function sumLanes(charged: readonly Charged[]): Charged[] {
  const lanes = Map.groupBy(charged, laneText);
  return [...lanes.values()]
    .flatMap((parts) => {
      const [first] = parts;
      const amount = sumAmounts(parts.map((part) => part.amount));
      return first === undefined || amount === 0n ? [] : [{ ...first, amount }];
    })
    .sort(byLane);
}

/** A level that a lane is to have. */
export interface Level extends LaneKey {
  readonly startMs: number;
  readonly level: Amount;
}

/**
 * The levels of all lanes by what is charged in open periods, in the order of service. Lanes of
 * closed periods are lowered by what open ones have too much of: first where credit that this gave
 * back is gone, for no period can take that back. While a period is `closing`, the others lower
 * nothing else.
 */
export function levelsOf(
  lanes: readonly Lane[],
  charged: readonly Charged[],
  closing: Pick<LaneKey, "customer" | "period"> | null = null,
): Level[] {
  const levels: Level[] = [];
  const lowered = new Map<string, bigint>();
  const closed = lanes.filter(({ period }) => period === "").toSorted(byLane);
  const isClosing = (group: readonly Charged[]) =>
    group.some(({ customer, period }) => {
      return customer === closing?.customer && period === closing.period;
    });
  // The period that is closed comes last: it gives back what the others left.
  const groups = periodsOf(charged)
    .toSorted((a, b) => Number(isClosing(a)) - Number(isClosing(b)))
    .map((group) => ({ group, ...netCharges(group) }));
  const goneOf = ({ gone = ZERO_AMOUNT }: Lane) => gone;
  const rests = groups.map(({ group, amounts, excess }) => {
    for (const { amount, ...lane } of amounts) levels.push({ ...lane, level: amount });
    return { group, excess: lower(closed, lowered, { group, excess, room: goneOf }) };
  });
  for (const rest of rests) {
    if (closing !== null && !isClosing(rest.group)) continue;
    lower(closed, lowered, { ...rest, room: ({ level }) => level });
  }
  for (const { customer, period, charge, startMs, level } of closed) {
    const key = { customer, period, charge };
    const less = lowered.get(laneText(key)) ?? 0n;
    levels.push({ ...key, startMs, level: (level - less) as Amount });
  }
  return levels.sort(byLane);
}

/** What is charged, period by period of each customer. */
export function periodsOf(charged: readonly Charged[]): Charged[][] {
  const keyOf = ({ customer, period }: Charged) => JSON.stringify([customer, period]);
  return [...Map.groupBy(sumLanes(charged), keyOf).values()];
}

interface Excess {
  readonly group: readonly Charged[];
  readonly excess: Amount;
  /** As far as a lane may be lowered by all of them. */
  readonly room: (lane: Lane) => Amount;
}

/**
 * The charges that are negative give back first, then the others; none below nothing. Returns what
 * finds no room.
 */
function lower(closed: readonly Lane[], lowered: Map<string, bigint>, of: Excess): Amount {
  let left: bigint = of.excess;
  // Most periods have nothing to lower others by.
  if (left === 0n) return ZERO_AMOUNT;
  const own = closed.filter(({ customer }) => customer === of.group[0]?.customer);
  const isNegative = ({ charge }: Lane) =>
    of.group.some((one) => one.charge === charge && one.amount < 0n);
  for (const lane of [...own.filter(isNegative), ...own.filter((one) => !isNegative(one))]) {
    if (left === 0n) break;
    const key = laneText(lane);
    const before = lowered.get(key) ?? 0n;
    const room = of.room(lane) - before;
    const off = room < left ? room : left;
    lowered.set(key, before + off);
    left -= off;
  }
  return left as Amount;
}

/** The sum of amounts. */
export function sumAmounts(amounts: Iterable<Amount>): Amount {
  let sum: bigint = ZERO_AMOUNT;
  for (const amount of amounts) sum += amount;
  return sum as Amount;
}
