/**
 * A wallet: what a customer has paid or been given in advance, in one currency, and what of it is
 * used up. It holds grants and lanes.
 *
 * A lane is all that one charge comes to in one period; `""` stands for all closed periods. Its
 * stretches say who pays which part of it, from the first unit charged to the last: a grant, or
 * nobody yet (what the customer owes). What is charged more makes the last stretches longer, what
 * is taken back shortens them from the end: so credit goes back in reverse order, to the grant that
 * it came from.
 */
import type { Amount } from "../money/decimal.ts";

/** How a grant came to be. */
export type GrantKind = "grant" | "topup" | "transfer" | "rollover";

/** What becomes of the rest of a grant when it ends: a new grant, once. */
export interface Rollover {
  /** Most that is taken over; null: all. */
  readonly upTo: Amount | null;
  /** When the new grant ends; null: never. */
  readonly expiresAtMs: number | null;
}

/** Credit that was given. Its balance is `amount` less what was taken, settled and is burned. */
export interface Grant {
  /** Unique among all grants that the customer ever had. */
  readonly id: string;
  readonly kind: GrantKind;
  readonly name: string | null;
  readonly amount: Amount;
  /** What left it otherwise than by use: refunded, transferred, rolled over, expired. */
  readonly taken: Amount;
  /** Used long ago: of stretches that the wallet no longer remembers. */
  readonly settled: Amount;
  /** Less is burned first. */
  readonly priority: number;
  readonly grantedAtMs: number;
  /** Number of the grant in its wallet: the last word on the order of two. */
  readonly order: number;
  /** Pays for periods that begin before; null: it does not end. */
  readonly expiresAtMs: number | null;
  /** When the rest expires for good: the end and the grace for late usage. */
  readonly finalAtMs: number | null;
  readonly isExpired: boolean;
  /** Keys of charges that it may pay; null: everything. */
  readonly charges: readonly string[] | null;
  /** What was paid for it, in `costCurrency`; null: not told. */
  readonly cost: Amount | null;
  readonly costCurrency: string | null;
  readonly rollover: Rollover | null;
}

/** A part of a lane with one payer: a grant's id, or null for what is owed. */
export interface Stretch {
  readonly source: string | null;
  readonly amount: Amount;
}

/** Which charges a lane is of. */
export interface LaneKey {
  /** A child whose usage the wallet pays too; "": the wallet's own customer. */
  readonly customer: string;
  /** Key of an open period; "": all that are closed. */
  readonly period: string;
  /** Key of a charge or fee; "": what belongs to none, such as a period's minimum. */
  readonly charge: string;
}

/** What a charge comes to in a period, and who pays for it. */
export interface Lane extends LaneKey {
  /** Start of its period; 0 for closed ones. */
  readonly startMs: number;
  /** Of closed periods: what their statements carry. Of an open one: the sum of its stretches. */
  readonly level: Amount;
  /** In the order of being charged. Neighbours have different sources. */
  readonly stretches: readonly Stretch[];
  /**
   * Of closed periods: what open ones lower it by, as it was paid. It stands behind the stretches
   * again as those rise; left out: nothing.
   */
  readonly lowered?: readonly Stretch[];
  /**
   * Of closed periods: what open ones lower it by for good, as long as they lower it at all. Credit
   * had paid it and went back, and was not there any more when another period was closed. It stands
   * behind everything else; left out: nothing.
   */
  readonly gone?: Amount;
}

/** A customer's credit in one currency, as it stood at its last entry. */
export interface Wallet {
  /** ISO 4217 code, or the name of a card's credit. */
  readonly currency: string;
  readonly grants: readonly Grant[];
  /** In the order in which they are served. */
  readonly lanes: readonly Lane[];
  /** How many grants there ever were. */
  readonly grantCount: number;
  /** What closed statements say that credit paid, as far as stretches are remembered. */
  readonly stated: readonly StatedPaid[];
}

/** What closed statements of a customer say that credit paid. */
export interface StatedPaid {
  /** As in `LaneKey`. */
  readonly customer: string;
  readonly amount: Amount;
}

/** A wallet that holds nothing. */
export function emptyWallet(currency: string): Wallet {
  return { currency, grants: [], lanes: [], grantCount: 0, stated: [] };
}

/** What each grant has paid for, and pays for. */
export function usedOf({ grants, lanes }: Pick<Wallet, "grants" | "lanes">): Map<string, bigint> {
  const used = new Map<string, bigint>(grants.map(({ id, settled }) => [id, settled]));
  for (const { stretches } of lanes) {
    for (const { source, amount } of stretches) {
      if (source !== null) used.set(source, (used.get(source) ?? 0n) + amount);
    }
  }
  return used;
}

/** What is left of each grant. */
export function balancesOf(wallet: Pick<Wallet, "grants" | "lanes">): Map<string, Amount> {
  const used = usedOf(wallet);
  return new Map(
    wallet.grants.map(({ id, amount, taken }) => [
      id,
      (amount - taken - (used.get(id) ?? 0n)) as Amount,
    ]),
  );
}

/** All that is left. */
export function balanceOf(wallet: Wallet): Amount {
  return [...balancesOf(wallet).values()].reduce((sum, left) => sum + left, 0n) as Amount;
}

/** Priority, then earliest end, then earliest given. */
export function inBurnOrder(grants: readonly Grant[]): Grant[] {
  const endOf = ({ expiresAtMs }: Grant) => expiresAtMs ?? Number.MAX_SAFE_INTEGER;
  return grants.toSorted(
    (a, b) =>
      a.priority - b.priority ||
      endOf(a) - endOf(b) ||
      a.grantedAtMs - b.grantedAtMs ||
      a.order - b.order,
  );
}

/** Whether a grant may pay for more of a lane. */
export function mayPay(grant: Grant, lane: Pick<Lane, "charge" | "startMs">): boolean {
  if (grant.isExpired) return false;
  if (grant.expiresAtMs !== null && lane.startMs >= grant.expiresAtMs) return false;
  return grant.charges === null || grant.charges.includes(lane.charge);
}
