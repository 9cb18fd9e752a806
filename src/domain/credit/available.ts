/** What prepaid credit still allows: an empty balance stops like a hard budget. */
import type { Amount } from "../money/decimal.ts";
import { burn, owedIn } from "./burn.ts";
import type { Charged } from "./charged.ts";
import { balancesOf, type Wallet } from "./wallet.ts";

/** What is asked. */
export interface Spending {
  /** What every charge of open periods comes to now. */
  readonly charged: readonly Charged[];
  /** What holds set aside, as if it were charged already; it takes its grants like usage does. */
  readonly reserved: readonly Charged[];
  /** The charge to be spent on, and its period. */
  readonly charge: string;
  readonly period: string;
  readonly startMs: number;
}

/**
 * What a customer may still spend on a charge from grants, after what is charged and what is
 * reserved, without another charge losing what pays for it.
 */
export function availableFor(wallet: Wallet, spending: Spending): Amount {
  const { charged, reserved, charge, startMs } = spending;
  const taken = [...charged, ...reserved];
  const now = burn(wallet, taken);
  const left = balancesOf(now);
  const live = now.grants.filter(({ isExpired }) => !isExpired);
  const most = live.reduce((sum, { id }) => sum + (left.get(id) ?? 0n), 0n);
  const owed = owedIn(now);
  const lane = { customer: "", period: spending.period, charge, startMs };
  const isFree = (amount: bigint) =>
    owedIn(burn(wallet, [...taken, { ...lane, amount: amount as Amount }])) === owed;
  return (isFree(most) ? most : greatest(most, isFree)) as Amount;
}

/**
 * The greatest amount below a bound of which something is true, where it is true of every smaller
 * one. Only wallets with grants for some charges alone lead here: then another charge may move to
 * a grant of its own, and no sum of balances says how much that makes room for.
 */
function greatest(bound: bigint, isTrue: (amount: bigint) => boolean): bigint {
  let [low, high] = [0n, bound];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (isTrue(middle)) low = middle;
    else high = middle;
  }
  return low;
}
