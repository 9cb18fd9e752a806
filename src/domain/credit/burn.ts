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
 *
 * While a period is closed, what other open ones lower stands as it was paid, also where that
 * credit is gone by now (refunded, expired, used): it is no debt of the period that is closed. It
 * stays lowered, until the period that gave it back says so on its own statement, or charges more
 * again, and then it is owed.
 */
import { assert } from "../assert.ts";
import type { Amount } from "../money/decimal.ts";
import {
  byLane,
  byPeriod,
  type Charged,
  type Level,
  laneText,
  levelsOf,
  netCharges,
  periodsOf,
} from "./charged.ts";
import { completed } from "./completed-lanes.ts";
import { extend, paidIn, splitAt, sumOf, wholeOf } from "./stretches.ts";
import {
  balancesOf,
  type Grant,
  inBurnOrder,
  type Lane,
  type LaneKey,
  mayPay,
  type Stretch,
  type Wallet,
} from "./wallet.ts";

/** The wallet as it is with what is charged now. `charged` holds every lane of open periods. */
export function burn(wallet: Wallet, charged: readonly Charged[]): Wallet {
  const whole = completed(wallet);
  return burnTo(whole, levelsOf(whole.lanes, charged));
}

/**
 * The same while a period is closed. Closed lanes may have been raised: what they hold more is to
 * be paid as well.
 */
export function burnClosing(
  wallet: Wallet,
  charged: readonly Charged[],
  closing: Pick<LaneKey, "customer" | "period">,
): Wallet {
  const mayGo = excessesOf(charged, closing);
  for (const { customer, gone = 0n } of wallet.lanes) {
    mayGo.set(customer, (mayGo.get(customer) ?? 0n) - gone);
  }
  return burnTo(wallet, levelsOf(wallet.lanes, charged, closing), mayGo);
}

/** What open periods have too much of, by customer; that of the period to close is left out. */
export function excessesOf(
  charged: readonly Charged[],
  closing: Pick<LaneKey, "customer" | "period">,
): Map<string, bigint> {
  const excesses = new Map<string, bigint>();
  for (const group of periodsOf(charged)) {
    const { customer = "", period = "" } = group[0] ?? {};
    if (customer === closing.customer && period === closing.period) continue;
    excesses.set(customer, (excesses.get(customer) ?? 0n) + netCharges(group).excess);
  }
  return excesses;
}

/**
 * Brings every lane to its level; lanes without one fall to nothing. Of what returns, credit that
 * is not there any more stays away as far as it may go, by customer; else it is owed.
 */
function burnTo(wallet: Wallet, levels: readonly Level[], mayGo = new Map<string, bigint>()) {
  const known = new Map(wallet.lanes.map((lane) => [laneText(lane), lane]));
  const moving = levels.map((level) => movingLane(level, known.get(laneText(level))));
  const left = balancesOf({ grants: wallet.grants, lanes: moving.map(asLane) });
  const order = inBurnOrder(wallet.grants);
  const payUp = ({ key, stretches }: Moving, amount: bigint, by: readonly Grant[] = order) => {
    let missing = amount;
    for (const grant of by) {
      if (missing === 0n) break;
      const balance = left.get(grant.id) ?? 0n;
      if (balance <= 0n || !mayPay(grant, key)) continue;
      const paid = balance < missing ? balance : missing;
      left.set(grant.id, (balance - paid) as Amount);
      missing -= paid;
      extend(stretches, { source: grant.id, amount: paid as Amount });
    }
    return missing;
  };
  const owe = ({ stretches }: Moving, amount: bigint) => {
    extend(stretches, { source: null, amount: amount as Amount });
  };
  const lanes: Lane[] = [];
  for (const lane of inServiceOrder(moving, order)) {
    let away = 0n;
    for (const { source, amount } of lane.returning) {
      // What a closed period was billed in money, credit pays no more.
      if (source === null) {
        owe(lane, amount);
        continue;
      }
      const { customer } = lane.key;
      const most = mayGo.get(customer) ?? 0n;
      // What others lower all along no other grant pays; "": by which it was paid is not known.
      const isOwn = ({ id }: Grant) => most <= 0n || source === id || source === "";
      const missing = payUp(lane, amount, order.filter(isOwn));
      const gone = most <= 0n ? 0n : least(missing, most);
      mayGo.set(customer, most - gone);
      away += gone;
      owe(lane, payUp(lane, missing - gone));
    }
    owe(lane, payUp(lane, lane.upTo - away - sumOf(lane.stretches)));
    lane.gone += away;
    if (lane.level > 0n) lanes.push(asLane(lane));
  }
  for (const balance of left.values()) assert(balance >= 0n, "no grant pays more than it holds");
  return { ...wallet, lanes: lanes.sort(byLane) };
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
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
  gone: bigint;
}

function movingLane({ level: upTo, ...key }: Level, former: Lane | undefined): Moving {
  const { kept: stretches, rest } = splitAt(former?.stretches ?? [], upTo);
  if (key.period !== "" || former === undefined) {
    return { key, level: upTo, upTo, stretches, returning: [], lowered: [], gone: 0n };
  }
  // A closed lane keeps what its statements carry, also while an open period lowers it.
  const { level } = former;
  const were = former.gone ?? 0n;
  const gone = were < level - upTo ? were : level - upTo;
  const behind = wholeOf({ ...former, stretches: rest });
  const { kept } = splitAt(behind, level - gone - sumOf(stretches));
  const { kept: returning, rest: lowered } = splitAt(kept, upTo - sumOf(stretches));
  return { key, level, upTo, stretches, returning, lowered, gone };
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

function asLane({ key, level, stretches, lowered, gone }: Moving): Lane {
  const lane = { ...key, level, stretches, ...(lowered.length > 0 && { lowered }) };
  return gone === 0n ? lane : { ...lane, gone: gone as Amount };
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
