/**
 * Who pays for what is charged. Between two entries of a wallet this is a function of totals: of
 * the wallet as it stood at the last entry, and of what each charge comes to now. So it depends
 * neither on the order in which events arrived nor on how they were batched, nothing has to be
 * written when an event commits, and after a crash it is right as soon as the totals are.
 *
 * An entry (a grant, an expiry, a closed period) fixes what was paid up to it. From there on a
 * lane that rises is paid by the grants that there are then, in their order of burning; a lane
 * that falls gives back from its end.
 */
import { assert } from "../assert.ts";
import type { Amount } from "../money/decimal.ts";
import { byLane, byPeriod, type Charged, type Level, laneText, levelsOf } from "./charged.ts";
import {
  balancesOf,
  type Grant,
  inBurnOrder,
  type Lane,
  mayPay,
  type Stretch,
  type Wallet,
} from "./wallet.ts";

/** The wallet as it is with what is charged now. `charged` holds every lane of open periods. */
export function burn(wallet: Wallet, charged: readonly Charged[]): Wallet {
  return burnTo(wallet, levelsOf(wallet.lanes, charged));
}

/** Brings every lane to its level; lanes without one fall to nothing. */
function burnTo(wallet: Wallet, levels: readonly Level[]): Wallet {
  const known = new Map(wallet.lanes.map((lane) => [laneText(lane), lane]));
  const lowered = levels.map(({ level, ...key }) => {
    const former = known.get(laneText(key));
    // A closed lane keeps what its statements carry, also while an open period lowers it.
    const kept = key.period === "" ? (former?.level ?? level) : level;
    return { key, level: kept, upTo: level, stretches: cut(former?.stretches ?? [], level) };
  });
  const left = balancesOf({ grants: wallet.grants, lanes: lowered.map(asLane) });
  const order = inBurnOrder(wallet.grants);
  const lanes: Lane[] = [];
  for (const lane of inServiceOrder(lowered, order)) {
    let missing = lane.upTo - sumOf(lane.stretches);
    for (const grant of order) {
      if (missing === 0n) break;
      const balance = left.get(grant.id) ?? 0n;
      if (balance <= 0n || !mayPay(grant, lane.key)) continue;
      const paid = balance < missing ? balance : missing;
      left.set(grant.id, (balance - paid) as Amount);
      missing -= paid;
      extend(lane.stretches, { source: grant.id, amount: paid as Amount });
    }
    extend(lane.stretches, { source: null, amount: missing as Amount });
    if (lane.level > 0n) lanes.push(asLane(lane));
  }
  for (const balance of left.values()) assert(balance >= 0n, "no grant pays more than it holds");
  return { ...wallet, lanes: lanes.sort(byLane) };
}

interface Lowered {
  readonly key: Omit<Level, "level">;
  readonly level: Amount;
  readonly stretches: readonly Stretch[];
}

/**
 * Within a period, charges that fewer grants may pay come first: what only they can use is not
 * used up by others, and those find another grant.
 */
function inServiceOrder<T extends Lowered>(lanes: readonly T[], grants: readonly Grant[]): T[] {
  const payers = new Map(
    lanes.map((lane) => [lane, grants.filter((grant) => mayPay(grant, lane.key)).length]),
  );
  const payersOf = (lane: T) => payers.get(lane) ?? 0;
  return lanes.toSorted(
    (a, b) => byPeriod(a.key, b.key) || payersOf(a) - payersOf(b) || byLane(a.key, b.key),
  );
}

function asLane({ key, level, stretches }: Lowered): Lane {
  return { ...key, level, stretches };
}

/** The first part of stretches, up to an amount. */
function cut(stretches: readonly Stretch[], upTo: bigint): Stretch[] {
  const kept: Stretch[] = [];
  let left = upTo;
  for (const { source, amount } of stretches) {
    if (left <= 0n) break;
    const part = amount < left ? amount : left;
    kept.push({ source, amount: part as Amount });
    left -= part;
  }
  return kept;
}

/** Adds a stretch at the end, as a part of the last one where both have one source. */
export function extend(stretches: Stretch[], { source, amount }: Stretch): void {
  if (amount === 0n) return;
  const last = stretches.at(-1);
  if (last?.source !== source) {
    stretches.push({ source, amount });
    return;
  }
  stretches[stretches.length - 1] = { source, amount: (last.amount + amount) as Amount };
}

/** What stretches come to. */
export function sumOf(stretches: readonly Stretch[]): bigint {
  return stretches.reduce((sum, { amount }) => sum + amount, 0n);
}

/** What of stretches grants pay. */
export function paidIn(stretches: readonly Stretch[]): bigint {
  return sumOf(stretches.filter(({ source }) => source !== null));
}

/** What nobody but the customer pays. */
export function owedIn({ lanes }: Pick<Wallet, "lanes">): bigint {
  return lanes.reduce((sum, { stretches }) => sum + sumOf(stretches) - paidIn(stretches), 0n);
}
