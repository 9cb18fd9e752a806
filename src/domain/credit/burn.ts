/**
 * Who pays for what is charged. Between two entries of a wallet this is a function of totals: of
 * the wallet as it stood at the last entry, and of what each charge comes to now. So it depends
 * neither on the order in which events arrived nor on how they were batched, nothing has to be
 * written when an event commits, and after a crash it is right as soon as the totals are.
 *
 * An entry (a grant, an expiry, a closed period) fixes what was paid up to it. From there on a
 * lane that rises is paid by the grants that there are then, in their order of burning; a lane
 * that falls gives back from its end. A closed lane that an open period lowered rises again as it
 * was paid: what a statement billed in money, credit never pays.
 */
import { assert } from "../assert.ts";
import type { Amount } from "../money/decimal.ts";
import { byLane, byPeriod, type Charged, type Level, laneText, levelsOf } from "./charged.ts";
import { completed } from "./completed-lanes.ts";
import { extend, paidIn, splitAt, sumOf, wholeOf } from "./stretches.ts";
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
  return burnAnew(completed(wallet), charged);
}

/** The same where closed lanes may have been raised: what they hold more is to be paid as well. */
export function burnAnew(wallet: Wallet, charged: readonly Charged[]): Wallet {
  return burnTo(wallet, levelsOf(wallet.lanes, charged));
}

/** Brings every lane to its level; lanes without one fall to nothing. */
function burnTo(wallet: Wallet, levels: readonly Level[]): Wallet {
  const known = new Map(wallet.lanes.map((lane) => [laneText(lane), lane]));
  const moving = levels.map((level) => movingLane(level, known.get(laneText(level))));
  const left = balancesOf({ grants: wallet.grants, lanes: moving.map(asLane) });
  const order = inBurnOrder(wallet.grants);
  const pay = ({ key, stretches }: Moving, amount: bigint) => {
    let missing = amount;
    for (const grant of order) {
      if (missing === 0n) break;
      const balance = left.get(grant.id) ?? 0n;
      if (balance <= 0n || !mayPay(grant, key)) continue;
      const paid = balance < missing ? balance : missing;
      left.set(grant.id, (balance - paid) as Amount);
      missing -= paid;
      extend(stretches, { source: grant.id, amount: paid as Amount });
    }
    extend(stretches, { source: null, amount: missing as Amount });
  };
  const lanes: Lane[] = [];
  for (const lane of inServiceOrder(moving, order)) {
    for (const { source, amount } of lane.returning) {
      // What a closed period was billed in money, credit pays no more.
      if (source === null) extend(lane.stretches, { source, amount });
      else pay(lane, amount);
    }
    pay(lane, lane.upTo - sumOf(lane.stretches));
    if (lane.level > 0n) lanes.push(asLane(lane));
  }
  for (const balance of left.values()) assert(balance >= 0n, "no grant pays more than it holds");
  return { ...wallet, lanes: lanes.sort(byLane) };
}

/** A lane on its way to a level. */
interface Moving {
  readonly key: Omit<Level, "level">;
  readonly level: Amount;
  readonly upTo: Amount;
  readonly stretches: Stretch[];
  /** What was lowered before and is not any more. */
  readonly returning: readonly Stretch[];
  readonly lowered: readonly Stretch[];
}

function movingLane({ level: upTo, ...key }: Level, former: Lane | undefined): Moving {
  const { kept: stretches, rest } = splitAt(former?.stretches ?? [], upTo);
  if (key.period !== "" || former === undefined) {
    return { key, level: upTo, upTo, stretches, returning: [], lowered: [] };
  }
  // A closed lane keeps what its statements carry, also while an open period lowers it.
  const { level } = former;
  const behind = wholeOf({ ...former, stretches: rest });
  const { kept } = splitAt(behind, level - sumOf(stretches));
  const { kept: returning, rest: lowered } = splitAt(kept, upTo - sumOf(stretches));
  return { key, level, upTo, stretches, returning, lowered };
}

/**
 * Within a period, charges that fewer grants may pay come first: what only they can use is not
 * used up by others, and those find another grant.
 */
function inServiceOrder<T extends Moving>(lanes: readonly T[], grants: readonly Grant[]): T[] {
  const payers = new Map(
    lanes.map((lane) => [lane, grants.filter((grant) => mayPay(grant, lane.key)).length]),
  );
  const payersOf = (lane: T) => payers.get(lane) ?? 0;
  return lanes.toSorted(
    (a, b) => byPeriod(a.key, b.key) || payersOf(a) - payersOf(b) || byLane(a.key, b.key),
  );
}

function asLane({ key, level, stretches, lowered }: Moving): Lane {
  return { ...key, level, stretches, ...(lowered.length > 0 && { lowered }) };
}

/**
 * What nobody but the customer pays. What closed periods billed in money is among it, also while an
 * open period lowers them.
 */
export function owedIn({ lanes }: Pick<Wallet, "lanes">): bigint {
  return lanes.reduce((sum, lane) => sum + owedOf(lane), 0n);
}

/** What of a lane nobody but the customer pays. */
export function owedOf(lane: Lane): bigint {
  const whole = wholeOf(lane);
  return sumOf(whole) - paidIn(whole);
}
